import GRDB
package import Jobs

extension Store {
    /// The job is done: its model is published. When a cancel was accepted meanwhile, the job ends cancelled, without one.
    package func succeed(
        _ lease: Lease, _ reason: FinishReason, model: TrainedModel, runningMilliseconds: Int
    ) throws(StoreError) -> Write<JobState> {
        let (live, changes, files) = (self.live, self.changes, self.files)
        let id = makeIdentifier(.model)
        let name = FileName(id)
        let digest: String
        do {
            digest = try files.write(model.bytes, to: .models, name)
        } catch {
            disk.failed(error)
            throw error
        }
        return write { transaction in
            let row = try Self.row(under: lease, in: transaction.database)
            let change = Change(trigger: .succeeded, actor: "worker", reason: reason)
            let (after, _) = try Self.apply(change, to: row, in: transaction, live: live, changes: changes)
            if after.job.state == .succeeded {
                try Self.publish(model, as: id, sha256: digest, of: after, in: transaction)
            } else {
                transaction.afterCommit { files.remove(.models, name) }
            }
            try Self.noteEnd(of: lease, runningMilliseconds: runningMilliseconds, in: transaction, live: live)
            return after.job.state
        }.removingOnFailure { files.remove(.models, name) }
    }

    /// The job cannot succeed.
    package func fail(
        _ lease: Lease, _ reason: FinishReason, _ failure: JobFailure, runningMilliseconds: Int
    ) -> Write<JobState> {
        end(
            lease, Change(trigger: .failed, actor: "worker", reason: reason, failure: failure),
            runningMilliseconds: runningMilliseconds)
    }

    /// The worker has obeyed a cancel.
    package func cancelled(_ lease: Lease, runningMilliseconds: Int) -> Write<JobState> {
        end(lease, Change(trigger: .obeyedCancel, actor: "worker"), runningMilliseconds: runningMilliseconds)
    }

    private func end(_ lease: Lease, _ change: Change, runningMilliseconds: Int) -> Write<JobState> {
        let (live, changes) = (self.live, self.changes)
        return write { transaction in
            let row = try Self.row(under: lease, in: transaction.database)
            let (after, _) = try Self.apply(change, to: row, in: transaction, live: live, changes: changes)
            try Self.noteEnd(of: lease, runningMilliseconds: runningMilliseconds, in: transaction, live: live)
            return after.job.state
        }
    }

    private static func noteEnd(
        of lease: Lease, runningMilliseconds: Int, in transaction: Transaction, live: LiveJobs
    ) throws {
        try transaction.database.run(
            "UPDATE jobs SET running_time = ?, crashes = 0 WHERE number = ? AND attempt = ?",
            [runningMilliseconds, lease.number, lease.attempt])
        transaction.afterCommit { live.end(lease.job, attempt: lease.attempt) }
    }

    private static func publish(
        _ model: TrainedModel, as id: Identifier, sha256: String, of row: JobRow, in transaction: Transaction
    ) throws {
        let bytes = model.bytes.count + (row.job.name?.utf8.count ?? 0)
        try transaction.database.run(
            """
            INSERT INTO models (id, owner, job, name, bytes, sha256, weights_sha256, epoch, tasks, test_metrics,
                created_at, stored_bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.description, row.job.owner, row.job.id.description, row.job.name, model.bytes.count, sha256,
                model.weightsSHA256, model.epoch, JSONValue(tasks: model.tasks).jsonText,
                model.testMetrics.map { JSONValue(testMetrics: $0).jsonText }, transaction.now.milliseconds, bytes,
            ])
        try count(bytes, of: row.job.owner, in: transaction.database)
        try transaction.database.run(
            "UPDATE jobs SET model = ?, best_epoch = ?, weights_sha256 = ? WHERE number = ?",
            [id.description, model.epoch, model.weightsSHA256, row.number])
        if row.job.comparison != nil { try recordOutcome(of: row, model, in: transaction) }
        try recordEnd(of: row, model, in: transaction)
    }
}
