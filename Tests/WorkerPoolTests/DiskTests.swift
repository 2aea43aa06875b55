import Foundation
import JobStore
import Jobs
import Locks
import Testing
import WorkerPool

struct DiskTests {
    @Test func aJobIsHeldInMemoryWhileTheDiskFailsAndGoesOnByItself() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (running, go) = (Signal(), Signal())
        shop.trainer.on("a") { assignment, context in
            try context.started()
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
        while shop.timers.pendingCount == 0 { sched_yield() }
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
    func aDataSetThatCannotBeReadIsTriedAgainWhenTheDiskIsWell(failures: Int) throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let reads = Lock(0)
        shop.trainer.on("a") { assignment, context in
            let count = reads.withLock { reads in
                reads += 1
                return reads
            }
            guard count > failures else { throw DataUnavailable(detail: "the stored file cannot be opened", code: 5) }
            return try trainAtOnce(assignment, context)
        }
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset())
        let readsMax = 10
        for read in 1...min(failures, readsMax - 1) {
            while reads.withLock({ $0 }) < read || shop.timers.pendingCount == 0 { sched_yield() }
            #expect(try store.wait(for: id) { $0.waitingReason == .disk }.state == .starting)
            shop.timers.advance(milliseconds: 5_000)
        }
        let job = try store.wait(for: id) { $0.state.isTerminal }
        #expect(job.attempt == 1 && reads.withLock { $0 } == min(failures + 1, readsMax))
        if failures < readsMax {
            #expect(job.state == .succeeded)
        } else {
            #expect(job.failure == JobFailure(code: .datasetInvalid, detail: "the stored file cannot be opened"))
        }
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
                try context.started()
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
