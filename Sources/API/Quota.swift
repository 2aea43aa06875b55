import JobStore

/// What an owner may have here at once. Whoever sees everything is bound too: quotas are about disk and queue, not trust.
enum Quota {
    /// - Throws: `quota-exceeded` when so many more queued jobs would be too many.
    static func checkQueue(of principal: Principal, adding count: Int = 1, _ services: Services) throws {
        guard let most = services.settings.queuedJobsPerOwnerMax else { return }
        let usage = try services.store.usage(of: principal.owner)
        guard usage.queuedJobs + count <= most else {
            throw APIError(
                .quotaExceeded,
                "\(principal.owner) has \(usage.queuedJobs) queued jobs; with \(count) more the quota of \(most) is exceeded"
            )
        }
    }

    /// - Throws: `quota-exceeded` when so many more bytes would be too many.
    static func checkDisk(of principal: Principal, adding bytes: Int, _ services: Services) throws {
        guard let most = services.settings.storedBytesPerOwnerMax else { return }
        let stored = try services.store.usage(of: principal.owner).storedBytes
        let (sum, overflows) = stored.addingReportingOverflow(bytes)
        guard !overflows, sum <= most else {
            throw APIError(
                .quotaExceeded,
                "\(principal.owner) has \(stored) bytes stored; \(bytes) more would exceed the quota of \(most)")
        }
    }
}
