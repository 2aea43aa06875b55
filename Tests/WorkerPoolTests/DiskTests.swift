import Foundation
import JobStore
import Jobs
import Locks
import TestSupport
import Testing
import WorkerPool

struct DiskTests {
    @Test func aJobIsHeldInMemoryWhileTheDiskFailsAndGoesOnByItself() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (running, go) = (Signal(), Signal())
        shop.trainer.on("a") { assignment, context in
            _ = try context.begin(epoch: 1)
            running.send()
            try go.wait()
            try context.report(makeEpoch(1, attempt: 1), checkpoint: makeCheckpoint(epoch: 1))
            return .succeeded(.completed, makeModel())
        }
        let pool = shop.makePool(store)
        pool.start()
        let dataset = try store.makeDataset()
        let id = try store.submit("a", on: dataset)
        try running.wait()
        // Without its folder no file can be made, neither by the job nor by the probe.
        let (folder, hidden) = (shop.path + "/incoming", shop.path + "/hidden")
        try FileManager.default.moveItem(atPath: folder, toPath: hidden)
        go.send()
        let held = try store.wait(for: id) { $0.waitingReason == .disk }
        #expect(held.state == .running && held.progress.epoch == 0)
        #expect(!store.disk.isWell)
        // The first probe fails and sets the next one.
        shop.timers.advance(milliseconds: 5_000)
        try waitUntil { shop.timers.pendingCount > 0 }
        #expect(!store.disk.isWell)
        try FileManager.default.moveItem(atPath: hidden, toPath: folder)
        shop.timers.advance(milliseconds: 5_000)
        let job = try store.wait(for: id, in: .succeeded)
        #expect(job.attempt == 1 && job.waitingReason == nil && store.disk.isWell)
        #expect(try store.epochs(of: id, owner: nil, since: 0, limit: 10).count == 1)
        #expect(pool.drain(seconds: 10))
    }

    /// The trainer's reads fail before anything is trained: once and again, or for good.
    @Test(arguments: [2, 100])
    func aDataSetThatCannotBeReadIsTriedAgain(failures: Int) throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let reads = shop.failingReads(of: "a", count: failures)
        let pool = shop.makePool(store, workers: 2)
        pool.start()
        let dataset = try store.makeDataset()
        let id = try store.submit("a", on: dataset)
        let readsMax = 10
        for read in 1...min(failures, readsMax - 1) {
            try waitUntil { reads.value >= read && shop.timers.pendingCount > 0 }
            #expect(try store.wait(for: id) { $0.waitingReason == .disk }.state == .starting)
            // The disk is well, and so are the others.
            #expect(store.disk.isWell)
            if read == 2 { _ = try store.wait(for: store.submit("b", on: dataset), in: .succeeded) }
            shop.timers.advance(milliseconds: 5_000)
        }
        let job = try store.wait(for: id) { $0.state.isTerminal }
        #expect(job.attempt == 1 && reads.value == min(failures + 1, readsMax))
        if failures < readsMax {
            #expect(job.state == .succeeded && job.waitingReason == nil)
        } else {
            #expect(job.failure?.code == .datasetInvalid && job.failure?.detail.contains("cannot be opened") == true)
        }
        #expect(pool.drain(seconds: 10))
    }

    @Test(arguments: [(JobCommand.cancel, JobState.cancelled), (.pause, .paused)])
    func aJobThatWaitsForAFileDoesWhatItIsTold(_ command: JobCommand, _ state: JobState) throws {
        try withJobThatWaitsForAFile { store, pool, id in
            _ = try store.command(command, job: id, owner: nil, actor: "local").commitAndWait()
            #expect(try store.wait(for: id, in: state).failure == nil)
            #expect(pool.drain(seconds: 10))
        }
    }

    @Test func aJobThatWaitsForAFileIsDrainedWithoutACrash() throws {
        try withJobThatWaitsForAFile { store, pool, id in
            #expect(pool.drain(seconds: 10))
            let job = try store.job(id, owner: nil)
            #expect(job.state == .queued && job.attempt == 2 && job.crashes == 0)
        }
    }

    private func withJobThatWaitsForAFile(_ body: (Store, WorkerPool, Identifier) throws -> Void) throws {
        let shop = Workshop()
        let store = try shop.openStore()
        _ = shop.failingReads(of: "a", count: .max)
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset())
        _ = try store.wait(for: id) { $0.waitingReason == .disk }
        try body(store, pool, id)
    }

    /// A checkpoint that stays unreadable is given up, as a torn one is; the training begins before it.
    @Test func aCheckpointThatCannotBeReadIsTriedAgainAndThenDropped() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let begun = Lock([Int?]())
        let (running, go) = (Signal(), Signal())
        shop.trainer.on("a") { assignment, context in
            begun.withLock { $0.append(assignment.checkpoint?.count) }
            if assignment.attempt > 1 { return try trainAtOnce(assignment, context) }
            _ = try context.begin(epoch: 1)
            try context.save(makeCheckpoint(.interim, epoch: 0, batch: 1))
            running.send()
            try go.wait()
            return .yielded
        }
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset())
        try running.wait()
        _ = try store.command(.pause, job: id, owner: nil, actor: "local").commitAndWait()
        go.send()
        _ = try store.wait(for: id, in: .paused)
        // A link to itself can be neither opened nor taken for a file that is gone.
        let folder = shop.path + "/checkpoints/"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        try FileManager.default.removeItem(atPath: folder + name)
        try FileManager.default.createSymbolicLink(atPath: folder + name, withDestinationPath: folder + name)
        _ = try store.command(.resume, job: id, owner: nil, actor: "local").commitAndWait()
        for _ in 1...9 {
            _ = try store.wait(for: id) { $0.waitingReason == .disk }
            try waitUntil { shop.timers.pendingCount > 0 }
            shop.timers.advance(milliseconds: 5_000)
        }
        #expect(try store.wait(for: id, in: .succeeded).crashes == 0)
        #expect(begun.withLock { $0 } == [nil, nil])
        let events = try store.events(of: id, owner: nil, after: 0, limit: 100)
        #expect(events.filter { $0.kind == .checkpointDiscarded }.count == 1)
        #expect(pool.drain(seconds: 10))
    }

    @Test func drainingDoesNotWaitForADiskThatFails() throws {
        let shop = Workshop()
        let id: Identifier
        do {
            let store = try shop.openStore()
            let (running, go) = (Signal(), Signal())
            shop.trainer.on("a") { assignment, context in
                if assignment.attempt > 1 { return try trainAtOnce(assignment, context) }
                _ = try context.begin(epoch: 1)
                running.send()
                try go.wait()
                try context.save(makeCheckpoint(.interim, epoch: 0, batch: 1))
                return .yielded
            }
            let pool = shop.makePool(store)
            pool.start()
            id = try store.submit("a", on: store.makeDataset())
            try running.wait()
            try FileManager.default.moveItem(atPath: shop.path + "/incoming", toPath: shop.path + "/hidden")
            go.send()
            _ = try store.wait(for: id) { $0.waitingReason == .disk }
            #expect(pool.drain(seconds: 10))
            #expect(try store.job(id, owner: nil).state == .running)
            store.close()
        }
        try FileManager.default.moveItem(atPath: shop.path + "/hidden", toPath: shop.path + "/incoming")
        let store = try shop.openStore()
        let pool = shop.makePool(store)
        pool.start()
        let job = try store.wait(for: id, in: .succeeded)
        #expect(job.attempt == 2)
        #expect(pool.drain(seconds: 10))
    }
}

extension Workshop {
    /// Has a job's first `count` readings fail. Counts all of them.
    fileprivate func failingReads(of name: String, count: Int) -> Counter {
        let reads = Counter()
        trainer.on(name) { assignment, context in
            guard reads.next() > count else {
                throw DataUnavailable(detail: "the stored file cannot be opened", code: EIO)
            }
            return try trainAtOnce(assignment, context)
        }
        return reads
    }
}

/// Counts from 1.
private final class Counter: Sendable {
    private let count = Lock(0)

    var value: Int { count.withLock { $0 } }

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
