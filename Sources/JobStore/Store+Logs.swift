import GRDB
package import Jobs

/// A line of a job's log.
package struct LogLine: Sendable, Hashable {
    /// Counts from 1 within the job.
    package var seq: Int
    package var at: Timestamp
    package var level: LogLevel
    package var message: String
}

extension Store {
    /// Lines behind `seq`, oldest first.
    package func logs(of id: Identifier, owner: String?, after seq: Int, limit: Int) throws(StoreError) -> [LogLine] {
        try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try database.rows(
                "SELECT seq, at, level, message FROM job_logs WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?",
                [number, seq, limit]
            ) {
                LogLine(
                    seq: try $0.integer(), at: try $0.time(), level: try $0.name(LogLevel.self),
                    message: try $0.text())
            }
        }
    }

    /// The number of a job's newest line; 0 when there is none.
    package func lastLogLine(of id: Identifier, owner: String?) throws(StoreError) -> Int {
        try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try database.integer("SELECT max(seq) FROM job_logs WHERE job = ?", [number]) ?? 0
        }
    }

    /// Adds a line. The oldest one gives way when there are too many.
    package func log(_ level: LogLevel, _ message: String, under lease: Lease) -> Write<Void> {
        let (limits, changes) = (configuration.limits, self.changes)
        let message = String(decoding: Array(message.utf8.prefix(limits.logLineBytesMax)), as: UTF8.self)
        return write { transaction in
            _ = try Self.row(under: lease, in: transaction.database)
            try transaction.database.run(
                """
                INSERT INTO job_logs (job, seq, at, level, message)
                SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4 FROM job_logs WHERE job = ?1
                """, [lease.number, transaction.now.milliseconds, level.rawValue, message])
            try transaction.database.run(
                "DELETE FROM job_logs WHERE job = ?1 AND seq <= (SELECT max(seq) FROM job_logs WHERE job = ?1) - ?2",
                [lease.number, limits.logLinesPerJobMax])
            transaction.afterCommit { changes.notify(.job(lease.job)) }
        }
    }
}
