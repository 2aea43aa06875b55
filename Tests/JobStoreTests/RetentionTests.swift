import Foundation
import GRDB
import Jobs
import Testing

@testable import JobStore

struct RetentionTests {
    /// A job that has ended with two checkpoints and a best one.
    private func makeFinishedJob(in store: Store, on dataset: Identifier, epochs: Int = 2) throws -> Identifier {
        let id = try store.submit(dataset).id
        let lease = try #require(try store.claimNext()).lease
        _ = try store.beginEpoch(1, under: lease).commitAndWait()
        for epoch in 1...epochs {
            _ = try store.record(
                makeEpoch(epoch), checkpoint: makeCheckpoint(epoch: epoch), keep: 2, runningMilliseconds: 1,
                under: lease
            ).commitAndWait()
        }
        try store.record(makeCheckpoint(.best, epoch: 1), keep: 2, runningMilliseconds: 1, under: lease)
            .commitAndWait()
        _ = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        return id
    }

    /// Collects until there is nothing left.
    private func collectAll(_ retention: Retention, in store: Store) throws -> Collected {
        var sum = Collected()
        while true {
            let step = try store.collect(retention).commitAndWait()
            if step.isEmpty { return sum }
            sum += step
        }
    }

    @Test func nothingIsRemovedUnlessItsTimeIsUp() throws {
        let bench = Bench()
        let store = try bench.open()
        let id = try makeFinishedJob(in: store, on: try store.makeDataset())
        let retention = Retention(checkpointSeconds: 100, jobSeconds: 200)
        bench.clock.advance(seconds: 99)
        #expect(try store.collectable(retention).isEmpty)
        #expect(try collectAll(retention, in: store).isEmpty)
        #expect(try collectAll(Retention(), in: store).isEmpty)
        #expect(try store.checkpoints(of: id, owner: nil).count == 3)
    }

    @Test func checkpointsGoFirstAndTheBestOneStaysWithTheJob() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let id = try makeFinishedJob(in: store, on: dataset)
        let unfinished = try store.submit(dataset).id
        let lease = try #require(try store.claimNext()).lease
        try store.record(makeCheckpoint(.interim, epoch: 0, batch: 1), keep: 1, runningMilliseconds: 1, under: lease)
            .commitAndWait()
        bench.clock.advance(seconds: 100)
        let retention = Retention(checkpointSeconds: 100, jobSeconds: 200)
        let plan = try store.collectable(retention)
        #expect(plan.checkpoints == 2 && plan.checkpointBytes == 2 * (3 + 32))
        #expect(plan.jobs == 0 && plan.jobsThinned == 1)
        #expect(try store.checkpoints(of: id, owner: nil).count == 3, "a dry run removed something")
        #expect(try collectAll(retention, in: store) == plan)
        #expect(try store.checkpoints(of: id, owner: nil).map(\.kind) == [.best])
        #expect(try store.checkpoints(of: unfinished, owner: nil).map(\.kind) == [.interim])
        #expect(try store.files.names(in: .checkpoints).count == 2)
        #expect(try store.collectable(retention).isEmpty)
    }

    @Test func aJobGoesWithItsHistoryAndItsModelStays() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let ids = try (0..<45).map { _ in try makeFinishedJob(in: store, on: dataset) }
        bench.clock.advance(seconds: 100)
        let kept = try makeFinishedJob(in: store, on: dataset)
        let retention = Retention(jobSeconds: 100)
        let plan = try store.collectable(retention)
        #expect(plan.jobs == 45 && plan.checkpoints == 135)
        let first = try store.collect(retention).commitAndWait()
        #expect(first.jobs > 0 && first.jobs < 45, "it is one large step")
        #expect(try collectAll(retention, in: store).jobs + first.jobs == 45)
        #expect(throws: StoreError.notFound) { try store.job(ids[0], owner: nil) }
        #expect(try store.jobs(JobFilter(owner: nil), PageRequest()).items.map(\.id) == [kept])
        #expect(try store.models(owner: nil, PageRequest()).items.count == 46)
        #expect(try store.files.names(in: .checkpoints).count == 3 && store.files.names(in: .models).count == 46)
    }

    @Test func aStepTakesFewerJobsTheMoreEpochsTheyHave() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        for _ in 0..<3 { _ = try makeFinishedJob(in: store, on: dataset, epochs: 600) }
        bench.clock.advance(seconds: 100)
        #expect(try store.collect(Retention(jobSeconds: 100)).commitAndWait().jobs == 2)
    }

    @Test func deletedJobsGiveTheirDiskBack() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let ids = try (0..<20).map { _ in try makeFinishedJob(in: store, on: dataset, epochs: 100) }
        func databaseBytes() throws -> Int {
            try store.writer.exclusively { _ = try $0.checkpoint(.truncate) }
            let attributes = try FileManager.default.attributesOfItem(atPath: store.directory.database)
            return try #require(attributes[.size] as? Int)
        }
        let before = try databaseBytes()
        for id in ids { try store.deleteJob(id, owner: nil).commitAndWait() }
        #expect(try databaseBytes() < before / 2)
        #expect(try store.files.names(in: .checkpoints) == [])
    }

    @Test func oldIdempotencyKeysAreForgotten() throws {
        let bench = Bench()
        let store = try bench.open()
        let request = IdempotencyRequest(owner: "s", method: "POST", target: "/", key: "k", fingerprint: "f")
        try store.remember(StoredResponse(status: 422, headers: [:], body: []), for: request).commitAndWait()
        bench.clock.advance(seconds: 24 * 3_600 - 1)
        #expect(try collectAll(Retention(), in: store).isEmpty)
        bench.clock.advance(seconds: 1)
        #expect(try collectAll(Retention(), in: store).idempotencyKeys == 1)
    }
}
