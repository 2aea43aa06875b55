import GRDB

/// What an owner has in the data folder, as quotas see it.
struct OwnerStorage: Sendable, Hashable {
    /// Of data sets, models, and what the owner wrote into the database.
    var bytes = 0
    /// Answers kept under an Idempotency-Key.
    var replays = 0
    /// Of those; `bytes` holds them too.
    var replayBytes = 0
}

// Asked inside the transaction that adds, so that however many ask at the same time, no more is added than fits.
extension Store {
    /// Throws `.queueFull` and `.tooManyQueuedJobs` when so many more jobs do not fit.
    static func admit(
        jobs count: Int, of owner: String, within limits: StoreLimits, live: LiveJobs, in transaction: Transaction
    ) throws {
        guard live.queuedCount + transaction.jobsQueued + count <= limits.queuedJobsMax else {
            throw StoreError.queueFull(jobsMax: limits.queuedJobsMax)
        }
        guard let most = limits.queuedJobsPerOwnerMax else { return }
        let queued =
            try transaction.database.integer(
                "SELECT count(*) FROM jobs WHERE owner = ? AND state = 'queued'", [owner]) ?? 0
        guard queued + count <= most else {
            throw StoreError.tooManyQueuedJobs(owner: owner, queued: queued, adding: count, jobsMax: most)
        }
    }

    /// Throws `.tooManyStoredBytes` when so many more bytes do not fit. Whoever has more than the quota already keeps it and
    /// may take away.
    static func admit(
        bytes count: Int, of owner: String, within limits: StoreLimits, in transaction: Transaction
    ) throws {
        guard let most = limits.storedBytesPerOwnerMax, count > 0 else { return }
        let stored = try storage(of: owner, in: transaction.database).bytes
        let (sum, overflows) = stored.addingReportingOverflow(count)
        guard !overflows, sum <= most else {
            throw StoreError.tooManyStoredBytes(owner: owner, stored: stored, adding: count, bytesMax: most)
        }
    }

    static func storage(of owner: String, in database: Database) throws -> OwnerStorage {
        let found = try database.row("SELECT bytes, replays, replay_bytes FROM owner_storage WHERE owner = ?", [owner])
        {
            OwnerStorage(bytes: try $0.integer(), replays: try $0.integer(), replayBytes: try $0.integer())
        }
        return found ?? OwnerStorage()
    }

    /// Notes what a row that is written, changed or deleted in this transaction adds to what its owner has, or takes away.
    static func count(_ bytes: Int, of owner: String, in database: Database) throws {
        try count(OwnerStorage(bytes: bytes), of: owner, in: database)
    }

    static func count(_ change: OwnerStorage, of owner: String, in database: Database) throws {
        guard change != OwnerStorage() else { return }
        try database.run(
            """
            INSERT INTO owner_storage (owner, bytes, replays, replay_bytes) VALUES (?, ?, ?, ?)
            ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes, replays = replays + excluded.replays,
                replay_bytes = replay_bytes + excluded.replay_bytes
            """, [owner, change.bytes, change.replays, change.replayBytes])
    }

    /// Notes that rows are gone: `sql` deletes them and returns the owner and the bytes of each. Returns how many those were.
    @discardableResult
    static func uncount(
        deleting sql: String, _ arguments: StatementArguments, areReplays: Bool = false, in database: Database
    ) throws -> Int {
        let gone = try database.rows(sql, arguments) { (owner: try $0.text(), bytes: try $0.integer()) }
        var changes: [String: OwnerStorage] = [:]
        for (owner, bytes) in gone {
            changes[owner, default: OwnerStorage()].bytes -= bytes
            guard areReplays else { continue }
            changes[owner, default: OwnerStorage()].replays -= 1
            changes[owner, default: OwnerStorage()].replayBytes -= bytes
        }
        for (owner, change) in changes { try count(change, of: owner, in: database) }
        return gone.count
    }
}
