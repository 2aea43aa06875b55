import GRDB
package import Jobs
import Locks

extension Store {
    /// Grows with every commit, before anybody is told of it: what was read at one count is still true at the same count.
    package var commitCount: Int { writer.commitCount }

    /// Counts the jobs of every state that is not over. States that are over are left out: counting a million rows is not
    /// worth a scrape.
    package func jobsByState() throws(StoreError) -> [JobState: Int] {
        let counts = try read { database in
            try database.rows(
                """
                SELECT state, count(*) FROM jobs
                WHERE state IN ('starting', 'running', 'pausing', 'paused', 'cancelling') GROUP BY state
                """
            ) { (try $0.name(JobState.self), try $0.integer()) }
        }
        var jobsByState = Dictionary(counts, uniquingKeysWith: { first, _ in first })
        jobsByState[.queued] = live.queuedCount
        return jobsByState
    }

    /// What the last search for damage found; while there is something, no job is claimed.
    package var damage: [String] { found.withLock { $0 } }

    /// Reads the whole database for damage, on a connection for reading. Takes seconds on gigabytes.
    package func searchForDamage() throws(StoreError) -> [String] {
        let damage = try read { database in
            try database.rows("PRAGMA quick_check(10)") { try $0.text() }.filter { $0 != "ok" }
        }
        found.withLock { $0 = damage }
        return damage
    }

    /// Writes through every layer to disk: a file beside the database and a row in it. When that succeeds, the disk is
    /// well again.
    package func probeDisk() throws(StoreError) {
        var generator = SystemRandomNumberGenerator()
        let file = try files.makeIncoming()
        defer { file.discard() }
        try file.append([UInt8](repeating: 0, count: Self.probeBytes))
        try file.finish()
        let value = Int(generator.next() >> 33)
        try write { transaction in
            _ = try transaction.database.run("UPDATE server SET probe = ?", [value])
        }.commitAndWait()
        disk.recovered()
    }

    private static let probeBytes = 64 * 1_024
}
