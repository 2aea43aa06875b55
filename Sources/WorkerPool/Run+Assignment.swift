import JobStore
import Jobs

extension Run {
    /// Gathers what the trainer needs. Throws `JobFailure` when the job cannot be run, `StoreError` when the store cannot
    /// tell now, `Interruption`.
    func assignment(from store: Store) throws -> TrainingAssignment {
        let spec = try decodedSpec()
        keepCheckpoints(spec.checkpoint.keep)
        var datasets: [Identifier: LocalDataset] = [:]
        for id in spec.datasets {
            let record: DatasetRecord
            do {
                record = try durably { () throws(StoreError) in try store.dataset(id, owner: nil) }
            } catch .notFound {
                throw JobFailure(code: .notFound, detail: "The data set \(id) is gone.")
            }
            datasets[id] = LocalDataset(path: store.datasetPath(id), schema: record.schema, sha256: record.sha256)
        }
        let checkpoint = try reading(orFailingAs: .internal) { isLastTry in
            try durably { () throws(StoreError) in
                try store.loadCheckpoint(lease, droppingUnreadable: isLastTry)?.bytes
            }
        }
        return TrainingAssignment(
            job: lease.job, attempt: lease.attempt, spec: spec, datasets: datasets, checkpoint: checkpoint,
            initialModel: try spec.initialModel.map { try initialModel($0, from: store) },
            weightingSwitches: try durably { () throws(StoreError) in
                try store.weightingSwitches(of: lease.job, owner: nil)
            })
    }

    private func decodedSpec() throws -> TrainingSpec {
        do {
            return try TrainingSpec(decoding: JSONValue(parsing: Array(claim.job.spec.utf8)), in: nil)
        } catch {
            throw JobFailure(code: .invalidSpec, detail: "This version cannot read the job's spec: \(error)")
        }
    }

    private func initialModel(_ id: Identifier, from store: Store) throws -> [UInt8] {
        do {
            return try reading(orFailingAs: .internal) { _ in
                try durably { () throws(StoreError) in try store.modelBytes(store.model(id, owner: nil)) }
            }
        } catch StoreError.notFound {
            throw JobFailure(code: .notFound, detail: "The model \(id) is gone.")
        }
    }
}
