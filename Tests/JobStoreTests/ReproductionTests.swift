import GRDB
import Jobs
import Migrations
import Testing

@testable import JobStore

struct ReproductionTests {
    private func claim(_ store: Store, build: String) throws -> Lease {
        let offer = ClaimOffer(
            freeThreads: 1, threadsMax: 1, runningJobs: 0, runsIsolatedJob: false, environment: ["build": build])
        guard case .claimed(let claim, _) = try store.claim(offer).commitAndWait() else {
            throw StoreError.notFound
        }
        _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
        return claim.lease
    }

    private func finish(_ lease: Lease, _ reason: FinishReason = .completed, in store: Store) throws {
        _ = try store.succeed(lease, reason, model: makeModel(), runningMilliseconds: 1).commitAndWait()
    }

    @Test func theRecordTellsWhatTheModelWasMadeOf() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let digest = try store.dataset(dataset, owner: nil).sha256
        let job = try store.submit(dataset)
        #expect(try store.reproduction(of: job.id, owner: "local").bitExact == nil)
        try finish(try claim(store, build: "1"), in: store)
        try store.deleteDataset(dataset, owner: nil).commitAndWait()
        let record = try store.reproduction(of: job.id, owner: "local")
        #expect(record.spec == job.spec && record.finishReason == .completed)
        #expect(record.datasets == [.init(id: dataset, sha256: digest)])
        #expect(record.attempts.map(\.environment) == [#"{"build":"1","threads":"1"}"#])
        #expect(record.weightsSHA256 == makeModel().weightsSHA256 && record.bitExact == true)
        #expect(throws: StoreError.notFound) { try store.reproduction(of: job.id, owner: "bob") }
    }

    @Test(arguments: [FinishReason.stopped, .maxRuntime])
    func aJobThatAClockOrACommandEndedIsNotRepeatable(reason: FinishReason) throws {
        let store = try Bench().open()
        let id = try store.submit(try store.makeDataset()).id
        try finish(try claim(store, build: "1"), reason, in: store)
        #expect(try store.reproduction(of: id, owner: nil).bitExact == false)
    }

    @Test(arguments: [("1", true), ("2", false)])
    func goingOnElsewhereIsNotBitExact(build: String, isExact: Bool) throws {
        let store = try Bench().open()
        let id = try store.submit(try store.makeDataset()).id
        let first = try claim(store, build: "1")
        try store.record(makeCheckpoint(.interim, epoch: 0, batch: 1), keep: 1, runningMilliseconds: 1, under: first)
            .commitAndWait()
        try store.release(first, runningMilliseconds: 1).commitAndWait()
        try finish(try claim(store, build: build), in: store)
        let record = try store.reproduction(of: id, owner: nil)
        #expect(record.attempts.count == 2 && record.bitExact == isExact)
    }

    @Test func otherLossesTheSecondTimeAreNotBitExact() throws {
        let store = try Bench().open()
        let id = try store.submit(try store.makeDataset()).id
        let lease = try claim(store, build: "1")
        for loss in [0.5, 0.25] {
            _ = try store.record(
                makeEpoch(1, loss: loss), checkpoint: nil, keep: 1, runningMilliseconds: 1, under: lease
            ).commitAndWait()
        }
        try finish(lease, in: store)
        #expect(try store.reproduction(of: id, owner: nil).bitExact == false)
    }

    @Test func jobsOfTheFirstSchemaGetTheDigestsOfTheirDataSets() throws {
        let connection = try DatabaseQueue()
        try Schema.migrate(connection, with: Array(migrations.prefix(1)))
        try connection.write { database in
            try database.execute(
                sql: """
                    INSERT INTO datasets (id, owner, name, format, bytes, sha256, rows, columns, created_at)
                    VALUES ('ds', 'local', 'd', 'csv', 1, 'abc', 1, '[]', 0);
                    INSERT INTO jobs (id, owner, state, dataset, spec, priority, labels, epochs, threads, max_attempts,
                        claim_rank, created_at)
                    VALUES ('job', 'local', 'queued', 'ds', '{}', 0, '{}', 1, 1, 3, 0, 0);
                    INSERT INTO job_datasets (dataset, job) VALUES ('ds', 1), ('gone', 1);
                    """)
        }
        try Schema.migrate(connection)
        let digests = try connection.read {
            try Row.fetchAll($0, sql: "SELECT sha256 FROM job_datasets ORDER BY dataset").map { $0[0] as String? }
        }
        #expect(digests == ["abc", nil])
    }
}
