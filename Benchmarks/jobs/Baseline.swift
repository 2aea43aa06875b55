import Foundation
import GRDB
import LoadGenerator
import Migrations

/// B: the rows of one submission, one FULL transaction each, on one thread, with nothing else around them.
struct Baseline {
    private let connection: DatabaseQueue

    init(folder: String) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        connection = try DatabaseQueue(path: folder + "/baseline.db", configuration: configuration)
        try connection.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            for migration in migrations { try database.execute(sql: migration.sql) }
        }
    }

    /// Submissions a second.
    func rate(seconds: Double, spec: String) throws -> Double {
        try connection.writeWithoutTransaction { database in
            let job = try database.makeStatement(
                sql: """
                    INSERT INTO jobs (id, owner, state, dataset, spec, priority, labels, epochs, threads, max_attempts,
                        claim_rank, created_at)
                    VALUES (?, 'local', 'queued', 'ds', ?, 0, '{}', 1, 1, 3, ?, ?)
                    """)
            let dataset = try database.makeStatement(
                sql: "INSERT INTO job_datasets (dataset, job, sha256) VALUES ('ds', ?, 'abc')")
            let event = try database.makeStatement(
                sql: """
                    INSERT INTO job_events (job, seq, kind, to_state, actor, at) VALUES (?, 1, 'state', 'queued', 'local', ?)
                    """)
            var count = 0
            let start = now()
            while now() - start < seconds {
                try database.inTransaction(.immediate) {
                    try job.execute(arguments: [UUID().uuidString, spec, count, count])
                    let number = database.lastInsertedRowID
                    try dataset.execute(arguments: [number])
                    try event.execute(arguments: [number, count])
                    return .commit
                }
                count += 1
            }
            return Double(count) / (now() - start)
        }
    }
}
