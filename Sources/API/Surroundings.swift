import Datasets
import JobStore
import Jobs
import Locks

extension Services {
    /// What a spec of this principal is checked against. Data sets are looked up once, however many specs are checked.
    func surroundings(of principal: Principal) -> SpecSurroundings {
        let owner = principal.visibleOwner
        let known = Lock<[Identifier: DatasetSchema?]>([:])
        return SpecSurroundings(
            dataset: { [store] id in
                if let schema = known.withLock({ $0[id] }) { return schema }
                let schema = try? store.dataset(id, owner: owner).schema
                known.withLock { $0[id] = schema }
                return schema
            },
            modelExists: { [store] in (try? store.model($0, owner: owner)) != nil },
            threadsMax: settings.threadsMax, now: clock())
    }

    /// The memory that a spec will take.
    ///
    /// - Parameter pointer: where the spec stands in its document.
    /// - Throws: `InvalidSpec` for more than this server gives a job.
    func memoryBytes(_ spec: TrainingSpec, _ surroundings: SpecSurroundings, pointer: String) throws -> Int {
        let bytes = try trainer.memoryBytes(spec, surroundings.dataset)
        guard bytes <= settings.jobMemoryBytesMax else {
            throw InvalidSpec(problems: [
                Problem(
                    pointer: pointer + "/model",
                    detail:
                        "needs \(bytes) bytes of memory; this server takes jobs of at most \(settings.jobMemoryBytesMax) bytes"
                )
            ])
        }
        return bytes
    }

    /// Reads what the spec names as far as it can be wrong before the first batch: labels that cannot be trained on, and
    /// an initial model that does not fit. Of files too large to read here the job tells at its start.
    ///
    /// - Parameter pointer: where the spec stands in its document.
    /// - Throws: `InvalidSpec`, or what the store and its files say.
    func checkContents(of spec: TrainingSpec, for principal: Principal, pointer: String = "") throws {
        do {
            try checkLabels(of: spec, owner: principal.visibleOwner)
            try checkInitialModel(of: spec, owner: principal.visibleOwner)
        } catch let error as InvalidSpec {
            throw InvalidSpec(
                problems: error.problems.map { problem in
                    var problem = problem
                    problem.pointer = pointer + problem.pointer
                    return problem
                })
        }
    }

    private func checkInitialModel(of spec: TrainingSpec, owner: String?) throws {
        guard let identifier = spec.initialModel else { return }
        let record = try store.model(identifier, owner: owner)
        let model = ModelSource(sha256: record.sha256) { [store] in try store.modelBytes(record) }
        try trainer.checkInitialModel(spec, model, try store.dataset(spec.dataset, owner: owner).schema)
    }

    private func checkLabels(of spec: TrainingSpec, owner: String?) throws {
        var sources: [Identifier: DatasetSource] = [:]
        var bytes = 0
        for identifier in spec.datasets {
            let record = try store.dataset(identifier, owner: owner)
            bytes += record.bytes
            sources[identifier] = DatasetSource(
                path: store.datasetPath(identifier), sha256: record.sha256, schema: record.schema)
        }
        guard bytes <= settings.checkedDatasetBytesMax else { return }
        try trainer.checkTargets(spec, sources)
    }
}
