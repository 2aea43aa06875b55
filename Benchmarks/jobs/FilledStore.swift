import Foundation
import GRDB
import JobStore
import Jobs
import LoadGenerator
import Logging

/// A store with many finished jobs in it, and the time that the usual calls take.
struct FilledStore {
    private let store: Store
    private let dataset: Identifier

    /// What one call takes, in microseconds, median of many.
    struct Times {
        var list: Double
        var get: Double
        var submit: Double
        var claim: Double
    }

    init(folder: String, finishedJobs: Int) throws {
        func open() throws -> Store {
            try Store(
                StoreConfiguration(
                    dataDirectory: folder,
                    clock: { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) },
                    logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }))
        }
        var store = try open()
        let file = try store.files.makeIncoming()
        try Array("x,y\n1,2\n".utf8).withUnsafeBytes { try file.append($0) }
        let digest = try file.finish()
        dataset = store.makeIdentifier(.dataset)
        _ = try store.insert(
            NewDataset(
                id: dataset, owner: "local", name: "t", bytes: 8, sha256: digest,
                schema: DatasetSchema(format: .csv, rows: 1, columns: [])), file: file
        ).commitAndWait()
        if finishedJobs > 0 {
            store.close()
            try Self.fill(folder + "/tenbin.db", jobs: finishedJobs, dataset: dataset)
            store = try open()
        }
        self.store = store
    }

    /// Writes the rows without the store, which would take its time over a million commits.
    private static func fill(_ path: String, jobs: Int, dataset: Identifier) throws {
        let connection = try DatabaseQueue(path: path)
        try connection.write { database in
            try database.execute(
                sql: """
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                    INSERT INTO jobs (id, owner, name, state, finish_reason, dataset, spec, priority, labels, epochs,
                        epochs_done, threads, max_attempts, claim_rank, created_at, started_at, finished_at)
                    SELECT printf('job_00000000-0000-7000-8000-%012x', i), 'local', 'job ' || i, 'succeeded', 'completed',
                        ?2, '{"epochs":1}', 0, '{}', 1, 1, 1, 3, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i,
                        1700000000000 + i FROM n;
                    """, arguments: [jobs, dataset.description])
            try database.execute(
                sql: "INSERT INTO job_datasets (dataset, job) SELECT ?, number FROM jobs",
                arguments: [dataset.description])
            try database.execute(
                sql: """
                    INSERT INTO job_events (job, seq, kind, to_state, actor, at)
                    SELECT number, 1, 'state', 'queued', 'local', created_at FROM jobs
                    """)
        }
        try connection.close()
    }

    func times() throws -> Times {
        let spec = try TrainingSpec(
            decoding: JSONValue(
                parsing: Array(
                    #"{"dataset":"\#(dataset)","tasks":[{"name":"y","target":"y","type":"binary"}]}"#.utf8)), in: nil)
        var ids: [Identifier] = []
        let submit = try median {
            let id = store.makeIdentifier(.job)
            _ = try store.insert(NewJob(id: id, owner: "local", spec: spec)).commitAndWait()
            ids.append(id)
        }
        let list = try median { _ = try store.jobs(JobFilter(owner: "local"), PageRequest()) }
        let get = try median { _ = try store.job(ids[0], owner: "local") }
        let offer = ClaimOffer(freeThreads: 1, threadsMax: 1, runningJobs: 0, runsIsolatedJob: false)
        let claim = try median { _ = try store.claim(offer).commitAndWait() }
        return Times(list: list, get: get, submit: submit, claim: claim)
    }

    private func median(of count: Int = 400, _ body: () throws -> Void) rethrows -> Double {
        var times: [Double] = []
        for _ in 0..<count {
            let start = now()
            try body()
            times.append((now() - start) * 1e6)
        }
        return times.sorted()[count / 2]
    }
}
