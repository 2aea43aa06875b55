import GRDB
package import Jobs

// What a worker tells of its job. Every report is fenced: it counts only while the lease does.

/// What became of an epoch that was reported.
package enum EpochReceipt: Sendable, Hashable {
    case recorded
    /// It had been recorded before; what was first stays.
    case repeated(matches: Bool)
}

extension Store {
    /// The worker is about to train an epoch or goes on with one; the first makes the job run. From here on changes of
    /// weighting take effect behind it; the one that takes effect with it, if any, is the result.
    package func beginEpoch(_ epoch: Int, under lease: Lease) -> Write<WeightingSwitch?> {
        let (live, changes) = (self.live, self.changes)
        return write { transaction in
            let row = try Self.row(under: lease, in: transaction.database)
            if row.job.state == .starting || row.job.startedAt == nil {
                try transaction.database.run(
                    """
                    UPDATE jobs SET started_at = coalesce(started_at, ?)
                    WHERE number = ? AND attempt = ? AND state IN ('starting', 'running', 'pausing', 'cancelling')
                    """, [transaction.now.milliseconds, lease.number, lease.attempt])
                let change = Change(trigger: .started, actor: "worker")
                try Self.apply(change, to: row, in: transaction, live: live, changes: changes)
            }
            // Set here and not after the commit: a change that is behind this one in the same transaction must see it.
            live.setEpochRunning(epoch, of: lease.job, attempt: lease.attempt)
            return try Self.weightingSwitches(of: lease.number, in: transaction.database)
                .first { $0.fromEpoch == epoch }
        }
    }

    /// Records an epoch once, with the checkpoint of its end if there is one.
    ///
    /// `keep`: how many checkpoints of ends of epochs stay. `runningMilliseconds`: over all attempts.
    package func record(
        _ epoch: EpochRecord, checkpoint: Checkpoint?, keep: Int, runningMilliseconds: Int, under lease: Lease
    ) throws(StoreError) -> Write<EpochReceipt> {
        let stored = try checkpoint.map { checkpoint throws(StoreError) in try store(checkpoint, under: lease) }
        let (files, changes, metrics) = (self.files, self.changes, live.metrics)
        return write { transaction in
            let row = try Self.row(under: lease, in: transaction.database)
            let isNew = try Self.insert(epoch, of: row.number, in: transaction.database)
            var receipt = EpochReceipt.recorded
            if isNew {
                try Self.append(
                    .epoch, to: row.number, actor: "worker",
                    detail: .object([.init("epoch", JSONValue(epoch.epoch))]), in: transaction)
            } else {
                receipt = .repeated(matches: try Self.compare(epoch, with: row, in: transaction))
            }
            if let stored { try Self.insert(stored, of: row, keep: keep, files: files, in: transaction) }
            if isNew { try Self.noteBest(epoch, of: row.number, in: transaction.database) }
            try Self.noteProgress(
                of: lease, epoch: epoch.epoch, best: isNew ? epoch.bestEpoch : nil,
                runningMilliseconds: runningMilliseconds, in: transaction)
            transaction.afterCommit {
                if isNew { metrics.epochRecorded() }
                if stored != nil { metrics.checkpointRecorded() }
                changes.notify(.job(lease.job))
            }
            return receipt
        }.removingOnFailure { if let stored { files.remove(.checkpoints, stored.file) } }
    }

    /// Records a checkpoint outside an epoch's end, or the best so far.
    package func record(
        _ checkpoint: Checkpoint, keep: Int, runningMilliseconds: Int, under lease: Lease
    ) throws(StoreError) -> Write<Void> {
        let stored = try store(checkpoint, under: lease)
        let (files, changes, metrics) = (self.files, self.changes, live.metrics)
        return write { transaction in
            let row = try Self.row(under: lease, in: transaction.database)
            try Self.insert(stored, of: row, keep: keep, files: files, in: transaction)
            try Self.noteProgress(
                of: lease, epoch: nil, best: stored.kind == .best ? stored.epoch : nil,
                runningMilliseconds: runningMilliseconds, in: transaction)
            transaction.afterCommit {
                metrics.checkpointRecorded()
                changes.notify(.job(lease.job))
            }
        }.removingOnFailure { files.remove(.checkpoints, stored.file) }
    }

    /// The worker has checkpointed and lets go of the job.
    package func release(_ lease: Lease, runningMilliseconds: Int) -> Write<Void> {
        let (live, changes) = (self.live, self.changes)
        return write { transaction in
            let row = try Self.row(under: lease, in: transaction.database)
            try transaction.database.run(
                "UPDATE jobs SET running_time = ? WHERE number = ? AND attempt = ?",
                [runningMilliseconds, lease.number, lease.attempt])
            let change = Change(trigger: .yielded, actor: "worker")
            try Self.apply(change, to: row, in: transaction, live: live, changes: changes)
            transaction.afterCommit { live.end(lease.job, attempt: lease.attempt) }
        }
    }

    /// The row of a leased job. Throws `.fencedOut` when the lease is void.
    static func row(under lease: Lease, in database: Database) throws -> JobRow {
        let row = try database.row("\(JobRow.select) WHERE jobs.number = ?", [lease.number], JobRow.init(_:))
        guard let row, row.job.attempt == lease.attempt, row.job.state.isActive else { throw StoreError.fencedOut }
        return row
    }

    private static func noteProgress(
        of lease: Lease, epoch: Int?, best: Int?, runningMilliseconds: Int, in transaction: Transaction
    ) throws {
        try transaction.database.run(
            """
            UPDATE jobs SET epochs_done = max(epochs_done, coalesce(?, 0)), best_epoch = coalesce(?, best_epoch),
                crashes = 0, progressed = 1, running_time = ?, revision = revision + 1
            WHERE number = ? AND attempt = ? AND state IN ('starting', 'running', 'pausing', 'cancelling')
            """, [epoch, best, runningMilliseconds, lease.number, lease.attempt])
    }
}

// MARK: - Epochs

extension Store {
    /// Writes an epoch unless one of that number is there. True when it was new.
    private static func insert(_ epoch: EpochRecord, of job: Int, in database: Database) throws -> Bool {
        let cosine = epoch.gradientCosine.map { rows in
            JSONValue.array(rows.map { .array($0.map { JSONValue($0) }) }).jsonText
        }
        let inserted = try database.run(
            """
            INSERT INTO epochs (job, epoch, attempt, learning_rate, seconds, samples_per_second, train_loss,
                validation_loss, gradient_norm, strategy, backward_passes, solver_fallbacks, gradient_cosine,
                cpu_seconds)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            [
                job, epoch.epoch, epoch.attempt, epoch.learningRate, epoch.seconds, epoch.samplesPerSecond,
                epoch.trainLoss, epoch.validationLoss, epoch.gradientNorm, epoch.strategy, epoch.backwardPasses,
                epoch.solverFallbacks, cosine, epoch.cpuSeconds,
            ])
        guard inserted == 1 else { return false }
        for (position, task) in epoch.tasks.enumerated() {
            try database.run(
                """
                INSERT INTO epoch_tasks (job, epoch, position, name, weight, weight_share, train_loss, validation_loss,
                    gradient_norm, metrics, best)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    job, epoch.epoch, position, task.name, task.weight, task.weightShare, task.trainLoss,
                    task.validationLoss, task.gradientNorm, task.metrics.jsonValue.jsonText,
                    task.best?.json.jsonText,
                ])
        }
        return true
    }

    /// What an epoch says of the best so far is what its job says.
    private static func noteBest(_ epoch: EpochRecord, of job: Int, in database: Database) throws {
        let best = JSONValue.array(epoch.tasks.compactMap { $0.best?.json })
        try database.run("UPDATE jobs SET best = ? WHERE number = ?", [best.jsonText, job])
    }

    /// Holds a repeated epoch against what was recorded first, bit for bit, and notes a difference.
    private static func compare(_ again: EpochRecord, with row: JobRow, in transaction: Transaction) throws -> Bool {
        guard let first = try epochs(of: row.number, from: again.epoch, limit: 1, in: transaction.database).first else {
            throw StoreError.corrupt("epoch \(again.epoch) is there and is not")
        }
        if first.losses == again.losses { return true }
        try append(
            .resumeMismatch, to: row.number, actor: "worker",
            detail: .object([
                .init("epoch", JSONValue(again.epoch)), .init("first_attempt", JSONValue(first.attempt)),
                .init("attempt", JSONValue(again.attempt)), .init("first_train_loss", JSONValue(first.trainLoss)),
                .init("train_loss", JSONValue(again.trainLoss)),
            ]), in: transaction)
        return false
    }
}

extension EpochRecord {
    /// The bits of every loss, job's and tasks', as the database gives them back: what is no number is null there.
    fileprivate var losses: [UInt64?] {
        ([trainLoss, validationLoss] + tasks.flatMap { [$0.trainLoss, $0.validationLoss] }).map { loss in
            loss.flatMap { $0.isNaN ? nil : $0.bitPattern }
        }
    }
}
