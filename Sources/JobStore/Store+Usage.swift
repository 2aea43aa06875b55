import GRDB

/// What an owner has here, to be held against a quota.
package struct OwnerUsage: Sendable, Hashable {
    /// Of data sets and models.
    package var storedBytes: Int
    package var queuedJobs: Int
}

extension Store {
    package func usage(of owner: String) throws(StoreError) -> OwnerUsage {
        try read { database in
            let bytes = try database.integer(
                """
                SELECT (SELECT coalesce(sum(bytes), 0) FROM datasets WHERE owner = ?1)
                    + (SELECT coalesce(sum(bytes), 0) FROM models WHERE owner = ?1)
                """, [owner])
            let queued = try database.integer(
                "SELECT count(*) FROM jobs WHERE owner = ? AND state = 'queued'", [owner])
            return OwnerUsage(storedBytes: bytes ?? 0, queuedJobs: queued ?? 0)
        }
    }
}
