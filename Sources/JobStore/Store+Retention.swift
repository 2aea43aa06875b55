import GRDB
import Jobs

/// How long what is no longer needed stays.
package struct Retention: Sendable, Hashable {
    /// Of a job that is over: every checkpoint but the best. Nil for ever.
    package var checkpointSeconds: Int64?
    /// Of a job that is over: the job with its history. Its model stays. Nil for ever.
    package var jobSeconds: Int64?
    /// Of files that were set aside in `unclaimed/`.
    package var unclaimedSeconds: Int64

    package static let unclaimedSecondsUsual: Int64 = 30 * 86_400

    package init(
        checkpointSeconds: Int64? = nil, jobSeconds: Int64? = nil, unclaimedSeconds: Int64 = unclaimedSecondsUsual
    ) {
        self.checkpointSeconds = checkpointSeconds
        self.jobSeconds = jobSeconds
        self.unclaimedSeconds = unclaimedSeconds
    }
}

/// What was removed, or would be.
package struct Collected: Sendable, Hashable {
    package var jobs = 0
    /// Jobs that stay, without their checkpoints.
    package var jobsThinned = 0
    package var checkpoints = 0
    /// Of the checkpoints' files.
    package var checkpointBytes = 0
    package var idempotencyKeys = 0

    package var isEmpty: Bool { self == Collected() }

    package init() {}

    package static func += (left: inout Collected, right: Collected) {
        left.jobs += right.jobs
        left.jobsThinned += right.jobsThinned
        left.checkpoints += right.checkpoints
        left.checkpointBytes += right.checkpointBytes
        left.idempotencyKeys += right.idempotencyKeys
    }
}

extension Store {
    /// Counts what `collect` would remove in all its steps, and removes nothing.
    package func collectable(_ retention: Retention) throws(StoreError) -> Collected {
        let bounds = RetentionBounds(retention, limits: configuration.limits, at: now)
        return try read { database in
            try database.snapshot {
                var found = Collected()
                found.jobs =
                    try database.integer("SELECT count(*) FROM jobs WHERE finished_at <= ?", [bounds.jobs]) ?? 0
                found.jobsThinned =
                    try database.integer(
                        """
                        SELECT count(*) FROM jobs WHERE finished_at <= ? AND finished_at > ? AND is_thinned = 0
                        """, [bounds.checkpoints, bounds.jobs]) ?? 0
                found.idempotencyKeys =
                    try database.integer(
                        "SELECT count(*) FROM idempotency_keys WHERE created_at <= ?", [bounds.idempotencyKeys]) ?? 0
                let files = try database.row(
                    """
                    SELECT count(*), coalesce(sum(bytes), 0) FROM checkpoints JOIN jobs ON jobs.number = checkpoints.job
                    WHERE jobs.finished_at <= ?1 OR (jobs.finished_at <= ?2 AND checkpoints.kind <> 'best')
                    """, [bounds.jobs, bounds.checkpoints]
                ) { (try $0.integer(), try $0.integer()) }
                (found.checkpoints, found.checkpointBytes) = files ?? (0, 0)
                return found
            }
        }
    }

    /// The folders of `unclaimed/` that `removeUnclaimed` would delete.
    package func unclaimed(_ retention: Retention) throws(StoreError) -> [String] {
        try files.unclaimed(before: RetentionBounds(retention, limits: configuration.limits, at: now).unclaimed)
    }

    /// Deletes what was set aside and has outlived its time. Returns how many folders of `unclaimed/` that were.
    package func removeUnclaimed(_ retention: Retention) throws(StoreError) -> Int {
        try files.removeUnclaimed(before: RetentionBounds(retention, limits: configuration.limits, at: now).unclaimed)
    }

    /// Removes a little of what has outlived its time, and hands free pages back to the disk. Small enough that requests
    /// behind it in the writer's line do not notice; call it until what it did is empty.
    package func collect(_ retention: Retention) -> Write<Collected> {
        let (files, changes, limits) = (self.files, self.changes, configuration.limits)
        return write { transaction in
            let bounds = RetentionBounds(retention, limits: limits, at: transaction.now)
            var removed = Collected()
            try Self.collectJobs(before: bounds.jobs, &removed, files: files, changes: changes, in: transaction)
            try Self.collectCheckpoints(before: bounds.checkpoints, &removed, files: files, in: transaction)
            removed.idempotencyKeys = try Self.uncount(
                deleting: """
                    DELETE FROM idempotency_keys WHERE (scope, key) IN (
                        SELECT scope, key FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT ?)
                    RETURNING owner, stored_bytes
                    """, [bounds.idempotencyKeys, keysPerStep], areReplays: true, in: transaction.database)
            // A comparison goes when the last of its jobs has gone; what is left of these few goes with a later call.
            try Self.uncount(
                deleting: """
                    DELETE FROM comparisons WHERE number IN (
                        SELECT number FROM comparisons WHERE created_at <= ? AND NOT EXISTS (
                            SELECT 1 FROM jobs WHERE jobs.comparison = comparisons.id) ORDER BY number LIMIT ?)
                    RETURNING owner, stored_bytes
                    """, [bounds.jobs, jobsPerStep], in: transaction.database)
            try Self.giveBackPages(in: transaction.database)
            return removed
        }
    }

    /// Cuts free pages off the database; the file shrinks when the write-ahead log is next copied.
    static func giveBackPages(in database: Database) throws {
        try database.execute(sql: "PRAGMA incremental_vacuum(\(pagesPerStep))")
    }

    private static func collectJobs(
        before bound: Int64, _ removed: inout Collected, files: FileStore, changes: ChangeNotifier,
        in transaction: Transaction
    ) throws {
        let database = transaction.database
        let candidates = try database.rows(
            "SELECT number, id, epochs_done FROM jobs WHERE finished_at <= ? ORDER BY finished_at, number LIMIT ?",
            [bound, jobsPerStep]
        ) { (number: try $0.integer(), id: try $0.identifier(.job), epochs: try $0.integer()) }
        var epochs = 0
        for job in candidates where epochs < epochsPerStep {
            // A damaged row may hold any number.
            epochs += min(max(0, job.epochs), epochsPerStep)
            removed.jobs += 1
            let files = try Self.delete(job.number, files: files, in: transaction)
            removed.checkpoints += files.count
            removed.checkpointBytes += files.bytes
            transaction.afterCommit { changes.notify(.job(job.id)) }
        }
    }

    private static func collectCheckpoints(
        before bound: Int64, _ removed: inout Collected, files: FileStore, in transaction: Transaction
    ) throws {
        let database = transaction.database
        let jobs = try database.rows(
            "SELECT number FROM jobs WHERE finished_at <= ? AND is_thinned = 0 ORDER BY finished_at LIMIT ?",
            [bound, jobsPerStep]
        ) { try $0.integer() }
        var gone: [(file: FileName, bytes: Int)] = []
        for job in jobs {
            gone += try database.rows(
                "DELETE FROM checkpoints WHERE job = ? AND kind <> 'best' RETURNING file, bytes", [job]
            ) { (try $0.fileName(), try $0.fileBytes()) }
            try database.run("UPDATE jobs SET is_thinned = 1 WHERE number = ?", [job])
        }
        removed.jobsThinned = jobs.count
        removed.checkpoints += gone.count
        removed.checkpointBytes += gone.reduce(0) { $0 + $1.bytes }
        let names = gone.map(\.file)
        transaction.afterCommit { for name in names { files.remove(.checkpoints, name) } }
    }
}

/// Jobs removed in one step at most, and jobs thinned.
private let jobsPerStep = 20
/// A step takes no further job once it has removed this many epochs.
private let epochsPerStep = 1_000
private let keysPerStep = 500
/// Free pages, of 4 KiB, handed back in one step at most.
private let pagesPerStep = 256

/// What ended or began up to these times, in milliseconds, goes.
private struct RetentionBounds {
    var jobs: Int64
    var checkpoints: Int64
    var idempotencyKeys: Int64
    var unclaimed: Timestamp

    init(_ retention: Retention, limits: StoreLimits, at now: Timestamp) {
        func bound(_ seconds: Int64?) -> Int64 {
            guard let seconds, seconds >= 0 else { return .min }
            let (milliseconds, overflows) = seconds.multipliedReportingOverflow(by: 1_000)
            return overflows ? .min : now.milliseconds &- milliseconds
        }
        jobs = bound(retention.jobSeconds)
        checkpoints = bound(retention.checkpointSeconds)
        idempotencyKeys = bound(limits.idempotencyKeySeconds)
        unclaimed = Timestamp(milliseconds: bound(retention.unclaimedSeconds))
    }
}
