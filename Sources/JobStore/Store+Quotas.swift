import GRDB

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

    /// Throws `.tooManyStoredBytes` when so many more bytes do not fit.
    static func admit(
        bytes count: Int, of owner: String, within limits: StoreLimits, in transaction: Transaction
    ) throws {
        guard let most = limits.storedBytesPerOwnerMax else { return }
        let stored =
            try transaction.database.integer(
                """
                SELECT (SELECT coalesce(sum(bytes), 0) FROM datasets WHERE owner = ?1)
                    + (SELECT coalesce(sum(bytes), 0) FROM models WHERE owner = ?1)
                """, [owner]) ?? 0
        let (sum, overflows) = stored.addingReportingOverflow(count)
        guard !overflows, sum <= most else {
            throw StoreError.tooManyStoredBytes(owner: owner, stored: stored, adding: count, bytesMax: most)
        }
    }
}
