import Foundation
import GRDB
import Jobs
import Migrations
import Testing

@testable import JobStore

/// What counts in an owner's quota of stored bytes.
struct OwnerStorageTests {
    private static let labels = JSONValue.Member("labels", .object([.init("team", .string("vision"))]))

    /// Compares what is counted with what is there.
    private func check(_ store: Store, _ comment: Comment) throws {
        let (counted, there) = try store.read { database in
            let counted = try database.rows("SELECT owner, bytes, replays, replay_bytes FROM owner_storage") {
                (try $0.text(), try [$0.integer(), $0.integer(), $0.integer()])
            }
            let there = try database.rows(Self.recount) {
                (try $0.text(), try [$0.integer(), $0.integer(), $0.integer()])
            }
            return (counted, there)
        }
        let zero = [0, 0, 0]
        let left = Dictionary(uniqueKeysWithValues: counted).filter { $0.value != zero }
        #expect(left == Dictionary(uniqueKeysWithValues: there).filter { $0.value != zero }, comment)
    }

    private static let recount = """
        SELECT owner, sum(b), sum(r), sum(rb) FROM (
            SELECT owner, bytes + length(CAST(name AS BLOB)) + length(CAST(columns AS BLOB)) AS b, 0 AS r, 0 AS rb
                FROM datasets
            UNION ALL SELECT owner, bytes + length(CAST(coalesce(name, '') AS BLOB)), 0, 0 FROM models
            UNION ALL SELECT owner, length(CAST(spec AS BLOB)) + length(CAST(labels AS BLOB))
                + length(CAST(coalesce(name, '') AS BLOB))
                + (SELECT coalesce(sum(length(CAST(detail AS BLOB))), 0) FROM job_events
                   WHERE job_events.job = jobs.number AND kind IN ('edited', 'weighting_changed'))
                + (SELECT coalesce(sum(length(CAST(weighting AS BLOB))), 0) FROM weighting_switches
                   WHERE weighting_switches.job = jobs.number), 0, 0 FROM jobs
            UNION ALL SELECT owner, length(CAST(coalesce(name, '') AS BLOB)) + length(CAST(request AS BLOB))
                + length(CAST(metrics AS BLOB))
                + (SELECT coalesce(sum(length(CAST(key AS BLOB))), 0) FROM comparison_runs
                   WHERE comparison_runs.comparison = comparisons.number)
                + (SELECT coalesce(sum(length(CAST(spec AS BLOB))), 0) FROM comparison_bases
                   WHERE comparison_bases.comparison = comparisons.number), 0, 0 FROM comparisons
            UNION ALL SELECT owner, n, 1, n FROM (
                SELECT owner, length(CAST(scope AS BLOB)) + length(CAST(key AS BLOB)) + length(CAST(fingerprint AS BLOB))
                    + length(CAST(headers AS BLOB)) + length(body) AS n FROM idempotency_keys)
        ) GROUP BY owner
        """

    private static func comparison(
        _ store: Store, _ dataset: Identifier, runs: Int, owner: String = "local", columns: Int = 3
    ) throws -> NewComparison {
        let inputs = JSONValue.object([
            .init("columns", .array((0..<columns).map { .string("a rather long name of column \($0)") }))
        ])
        let runs = try (0..<runs).map { seed in
            let spec = try store.makeSpec(
                dataset,
                [.init("inputs", inputs), .init("seed", JSONValue(seed)), .init("name", .string("run \(seed)"))])
            return NewComparison.Run(
                key: .object([.init("seed", JSONValue(seed))]),
                job: NewJob(id: store.makeIdentifier(.job), owner: owner, spec: spec))
        }
        return NewComparison(
            id: store.makeIdentifier(.comparison), owner: owner, name: "c", dataset: dataset,
            request: .object([.init("base", .object([.init("inputs", inputs)])), .init("seeds", JSONValue(3))]),
            metrics: .array([]), runs: runs)
    }

    private static func remembered(_ store: Store, owner: String = "local", key: String, bytes: Int = 10) -> Remembered<
        Job
    > {
        Remembered(
            request: IdempotencyRequest(owner: owner, method: "POST", target: "/v1/jobs", key: key, fingerprint: "f"),
            respond: { _ in StoredResponse(status: 202, headers: ["a": "b"], body: Array(repeating: 1, count: bytes)) })
    }

    @Test func whateverHappensWhatIsCountedIsWhatIsThere() throws {
        let bench = Bench()
        let store = try bench.open()
        let (dataset, other) = (try store.makeDataset(), try store.makeDataset(owner: "ann"))
        try check(store, "data sets")
        let job = try store.submit(dataset, [Self.labels, .init("name", .string("é"))])
        let second = try store.submit(other, owner: "ann")
        try check(store, "jobs")
        let patch = JobPatch(
            name: .some("another"), labels: ["k": "a longer value"], priority: 3,
            weighting: .object([.init("strategy", .string("uncertainty"))]))
        _ = try store.patch(patch, job: job.id, owner: nil, actor: "local").commitAndWait()
        _ = try store.patch(JobPatch(labels: [:]), job: job.id, owner: nil, actor: "local").commitAndWait()
        try check(store, "changes")
        let claim = try #require(try store.claimNext())
        _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
        _ = try store.succeed(claim.lease, .completed, model: makeModel(), runningMilliseconds: 5).commitAndWait()
        try check(store, "a model")
        _ = try store.insert(
            NewJob(id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(dataset)),
            remembering: Self.remembered(store, key: "k")
        ).commitAndWait()
        try check(store, "a replay")
        let record = try #require(
            try store.insert(Self.comparison(store, dataset, runs: 5)).commitAndWait().created)
        try check(store, "a comparison")
        _ = try store.patch(JobPatch(labels: ["x": "y"]), job: record.runs[3].job, owner: nil, actor: "local")
            .commitAndWait()
        try check(store, "a change of a run")
        #expect(throws: StoreError.notFound) {
            var new = try Self.comparison(store, dataset, runs: 2)
            new.runs[1].job.spec = try store.makeSpec(Identifier.none(.dataset))
            _ = try store.insert(new).commitAndWait()
        }
        try check(store, "a comparison that was refused halfway")
        _ = try store.cancelComparison(record.id, owner: nil, actor: "local").commitAndWait()
        try check(store, "a comparison that is cancelled")
        let model = try #require(try store.models(owner: nil, PageRequest()).items.first)
        try store.deleteModel(model.id, owner: nil).commitAndWait()
        _ = try store.command(.cancel, job: second.id, owner: nil, actor: "ann").commitAndWait()
        try store.deleteJob(second.id, owner: nil).commitAndWait()
        try store.deleteDataset(other, owner: nil).commitAndWait()
        try check(store, "deletions")
        bench.clock.advance(seconds: 25 * 3_600)
        while try !store.collect(Retention(jobSeconds: 1)).commitAndWait().isEmpty {}
        try check(store, "retention")
        #expect(try store.read { try Store.storage(of: "ann", in: $0) } == OwnerStorage())
    }

    @Test func theRunsOfAComparisonShareTheirSpec() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        func databaseBytes() throws -> Int {
            try store.writer.exclusively { _ = try $0.checkpoint(.truncate) }
            let attributes = try FileManager.default.attributesOfItem(atPath: store.directory.database)
            return attributes[.size] as? Int ?? 0
        }
        let empty = try databaseBytes()
        let new = try Self.comparison(store, dataset, runs: 200, columns: 1_000)
        let specs = new.runs.map { $0.job.spec.json.jsonText }
        #expect(specs.reduce(0) { $0 + $1.utf8.count } > 5_000_000)
        let record = try #require(try store.insert(new).commitAndWait().created)
        #expect(try databaseBytes() - empty < 600_000)
        let jobs = try store.jobs(JobFilter(owner: nil), PageRequest(size: 500)).items
        #expect(jobs.map(\.spec).sorted() == specs.sorted())
        // A run that is changed is still told against the base.
        let id = new.runs[7].job.id
        _ = try store.patch(JobPatch(name: .some("seven")), job: id, owner: nil, actor: "local").commitAndWait()
        #expect(try store.job(id, owner: nil).spec == specs[7].replacing(#""name":"run 7""#, with: #""name":"seven""#))
        #expect(try databaseBytes() - empty < 600_000)

        let claim = try #require(try store.claimNext())
        let cancelled = try store.cancelComparison(record.id, owner: nil, actor: "local").commitAndWait()
        #expect(cancelled.runs.map(\.job) == [claim.job.id])
        #expect(cancelled.progress.cancelled == 199 && cancelled.progress.running == 1)
        #expect(cancelled.state == .cancelling)
        #expect(try store.job(claim.job.id, owner: nil).spec == specs.first { $0.contains(#""name":"run 0""#) })
        _ = try store.cancelled(claim.lease, runningMilliseconds: 1).commitAndWait()
        try store.deleteJob(claim.job.id, owner: nil).commitAndWait()
        #expect(try store.comparison(record.id, owner: nil).progress.cancelled == 200)
        #expect(try databaseBytes() - empty < 100_000)
        #expect(try store.read { try $0.integer("SELECT count(*) FROM comparison_bases") } == 0)
        try check(store, "nothing but the comparison's row")
    }

    @Test func aCancelledRunLeavesTheQueueAndTheCountOfJobs() throws {
        var bench = Bench()
        bench.limits.queuedJobsMax = 3
        let store = try bench.open()
        let dataset = try store.makeDataset()
        for _ in 0..<3 {
            let new = try Self.comparison(store, dataset, runs: 3)
            let record = try #require(try store.insert(new).commitAndWait().created)
            _ = try store.command(.pause, job: new.runs[1].job.id, owner: nil, actor: "local").commitAndWait()
            _ = try store.command(.cancel, job: new.runs[2].job.id, owner: nil, actor: "local").commitAndWait()
            let after = try store.cancelComparison(record.id, owner: nil, actor: "local").commitAndWait()
            #expect(after.state == .cancelled && after.progress.cancelled == 3 && after.progress.fraction == 1)
            for run in new.runs { #expect(throws: StoreError.notFound) { try store.job(run.job.id, owner: nil) } }
            #expect(try store.cancelComparison(record.id, owner: nil, actor: "local").commitAndWait() == after)
        }
        #expect(try store.claimNext() == nil)
    }

    @Test func aModelThatRunsAreToStartFromIsInUse() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        try store.submit(dataset)
        let claim = try #require(try store.claimNext())
        _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
        _ = try store.succeed(claim.lease, .completed, model: makeModel(), runningMilliseconds: 5).commitAndWait()
        let model = try #require(try store.models(owner: nil, PageRequest()).items.first).id
        var new = try Self.comparison(store, dataset, runs: 3)
        for index in new.runs.indices {
            new.runs[index].job.spec = try store.makeSpec(
                dataset, [.init("initial_model", .string(model.description)), .init("seed", JSONValue(index))])
        }
        _ = try store.insert(new).commitAndWait()
        #expect(throws: StoreError.inUse(by: new.runs.map(\.job.id))) {
            try store.deleteModel(model, owner: nil).commitAndWait()
        }
    }
}

// MARK: - The quota

extension OwnerStorageTests {
    @Test func whoHasMoreThanTheQuotaKeepsItAndCanOnlyDelete() throws {
        var bench = Bench()
        var store = try bench.open()
        let dataset = try store.makeDataset()
        let (job, second) = (try store.submit(dataset), try store.submit(dataset))
        store.close()
        bench.limits.storedBytesPerOwnerMax = 1_500
        store = try bench.open()
        #expect(try store.jobs(JobFilter(owner: "local"), PageRequest()).items.count == 2)
        func isRefused(_ body: () throws -> Void) {
            #expect {
                try body()
            } throws: {
                if case StoreError.tooManyStoredBytes(owner: "local", _, _, 1_500) = $0 { true } else { false }
            }
        }
        isRefused { try store.submit(dataset) }
        isRefused { _ = try store.makeDataset() }
        isRefused { _ = try store.insert(Self.comparison(store, dataset, runs: 1)).commitAndWait() }
        isRefused {
            _ = try store.patch(JobPatch(labels: ["a": "b"]), job: job.id, owner: nil, actor: "local").commitAndWait()
        }
        isRefused {
            let weighting = JSONValue.object([.init("strategy", .string("uncertainty"))])
            _ = try store.patch(JobPatch(weighting: weighting), job: job.id, owner: nil, actor: "local").commitAndWait()
        }
        isRefused {
            let request = IdempotencyRequest(owner: "local", method: "POST", target: "/", key: "k", fingerprint: "f")
            try store.remember(StoredResponse(status: 422, headers: [:], body: []), for: request).commitAndWait()
        }
        // Commands are no words, and others are not concerned.
        _ = try store.command(.pause, job: job.id, owner: nil, actor: "local").commitAndWait()
        _ = try store.command(.cancel, job: second.id, owner: nil, actor: "local").commitAndWait()
        #expect(throws: StoreError.notFound) { try store.submit(Identifier.none(.dataset), owner: "ann") }
        for id in [job.id, second.id] { try store.deleteJob(id, owner: nil).commitAndWait() }
        try store.deleteDataset(dataset, owner: nil).commitAndWait()
        #expect(try store.read { try Store.storage(of: "local", in: $0) } == OwnerStorage())
    }

    @Test func labelsCountAndWhatIsDeletedMakesRoom() throws {
        var bench = Bench()
        bench.limits.storedBytesPerOwnerMax = 20_000
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let labels = JSONValue.object((0..<20).map { .init("key\($0)", .string(String(repeating: "x", count: 60))) })
        var jobs: [Job] = []
        #expect(throws: StoreError.self) {
            for _ in 0..<20 { jobs.append(try store.submit(dataset, [.init("labels", labels)])) }
        }
        #expect((3...8).contains(jobs.count))
        let last = try #require(jobs.last)
        _ = try store.command(.cancel, job: last.id, owner: nil, actor: "local").commitAndWait()
        try store.deleteJob(last.id, owner: nil).commitAndWait()
        try store.submit(dataset, [.init("labels", labels)])
    }

    @Test func theMigrationCountsWhatIsThere() throws {
        let bench = Bench()
        let directory = try DataDirectory(path: bench.folder.path)
        let connection = try Connection.writer(path: directory.database, walBytesMax: 1 << 20)
        try Schema.migrate(connection, with: migrations.filter { $0.number < 7 })
        try connection.writeWithoutTransaction { try $0.execute(sql: Self.oldRows) }
        try connection.close()
        directory.release()
        let store = try bench.open()
        try check(store, "after the migration")
        let storage = try store.read { try Store.storage(of: "ann", in: $0) }
        #expect(storage.replays == 1 && storage.replayBytes > 500 && storage.bytes > 1_000_000 + 500)
        let request = IdempotencyRequest(owner: "ann", method: "POST", target: "/v1/jobs", key: "k", fingerprint: "f")
        #expect(try store.replay(request)?.body.count == 500)
    }

    private static let oldRows = """
        INSERT INTO datasets (id, owner, name, format, bytes, sha256, rows, columns, created_at)
            VALUES ('dst_00000000000000000000000001', 'ann', 'né', 'csv', 1000000, 'a', 1, '[]', 1);
        INSERT INTO jobs (id, owner, name, state, dataset, spec, priority, labels, epochs, threads, max_attempts,
            claim_rank, created_at)
            VALUES ('job_00000000000000000000000002', 'bob', 'né', 'queued', 'dst_00000000000000000000000001', '{"é":1}', 0,
                '{"a":"b"}', 1, 1, 1, 1, 1);
        INSERT INTO job_events (job, seq, kind, actor, at, detail)
            VALUES (1, 1, 'edited', 'bob', 1, '{"labels":{}}'), (1, 2, 'epoch', 'worker', 1, '{"epoch":1}');
        INSERT INTO weighting_switches VALUES (1, 2, '{"strategy":"equal"}');
        INSERT INTO comparisons (id, owner, name, dataset, request, metrics, created_at)
            VALUES ('cmp_00000000000000000000000003', 'ann', NULL, 'dst_00000000000000000000000001', '{"base":{}}', '[]', 1);
        INSERT INTO comparison_runs (comparison, position, job, key) VALUES (1, 0, 'job_x', '{"seed":1}');
        INSERT INTO idempotency_keys VALUES ('ann POST /v1/jobs', 'k', 'f', 202, '{"a":"b"}', zeroblob(500),
            1700000000000);
        """
}

// MARK: - Replays

extension OwnerStorageTests {
    private func submit(_ store: Store, _ dataset: Identifier, key: String, owner: String = "local", bytes: Int = 10)
        throws -> Outcome<Job>
    {
        let new = NewJob(id: store.makeIdentifier(.job), owner: owner, spec: try store.makeSpec(dataset))
        return try store.insert(new, remembering: Self.remembered(store, owner: owner, key: key, bytes: bytes))
            .commitAndWait()
    }

    @Test func noMoreAnswersAreKeptThanTheQuotaAndNoneIsDroppedEarly() throws {
        var bench = Bench()
        #expect(bench.limits.replaysPerOwnerMax == 10_000 && bench.limits.replayBytesPerOwnerMax == 16 << 20)
        bench.limits.replaysPerOwnerMax = 3
        let store = try bench.open()
        let dataset = try store.makeDataset()
        for key in ["a", "b", "c"] { #expect(try submit(store, dataset, key: key).created != nil) }
        bench.clock.advance(seconds: 3_600)
        let refusal = StoreError.tooManyReplays(
            owner: "local", kept: 3, bytes: try store.read { try Store.storage(of: "local", in: $0) }.replayBytes,
            keptMax: 3, bytesMax: 16 << 20, retrySeconds: 23 * 3_600)
        #expect(throws: refusal) { try submit(store, dataset, key: "d") }
        #expect(try store.jobs(JobFilter(owner: "local"), PageRequest()).items.count == 3)
        for key in ["a", "b", "c"] { #expect(try submit(store, dataset, key: key).created == nil) }
        // Another owner has room, and so has who comes without a key.
        #expect(try submit(store, dataset, key: "d", owner: "ann").created != nil)
        try store.submit(dataset)
        // What has outlived its time makes room at once, before anybody has cleaned up.
        bench.clock.advance(seconds: 23 * 3_600)
        #expect(try submit(store, dataset, key: "d").created != nil)
        #expect(try submit(store, dataset, key: "a").created != nil)
        try check(store, "replays")
    }

    @Test func answersCountByTheirBytes() throws {
        var bench = Bench()
        bench.limits.replayBytesPerOwnerMax = 10_000
        let store = try bench.open()
        let dataset = try store.makeDataset()
        #expect(try submit(store, dataset, key: "a", bytes: 6_000).created != nil)
        #expect(throws: StoreError.self) { try submit(store, dataset, key: "b", bytes: 6_000) }
        #expect(try store.jobs(JobFilter(owner: "local"), PageRequest()).items.count == 1)
        #expect(try submit(store, dataset, key: "b", bytes: 2_000).created != nil)
        #expect(throws: StoreError.self) { try submit(store, dataset, key: "c", bytes: 20_000) }
        try check(store, "replays")
    }
}
