import JobStore
import Jobs
import Testing
import WorkerPool

/// What running jobs may take together.
struct MemoryTests {
    @Test func theFirstOfTheQueueWaitsForMemoryAndNobodyOvertakes() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (started, go) = (Signal(), Signal())
        for name in ["half", "large", "small"] {
            shop.trainer.on(name) { assignment, context in
                started.send()
                try go.wait()
                return try trainAtOnce(assignment, context)
            }
        }
        let dataset = try store.makeDataset()
        let half = try store.submit("half", on: dataset, memoryBytes: 500)
        let large = try store.submit("large", on: dataset, memoryBytes: 501)
        let small = try store.submit("small", on: dataset, memoryBytes: 1)
        let pool = shop.makePool(store, workers: 3, memoryBytesMax: 1_000)
        pool.start()
        try started.wait()
        #expect(try store.wait(for: large) { $0.waitingReason == .memory }.queuePosition == 1)
        #expect(try store.job(small, owner: nil).state == .queued)
        #expect(pool.memoryBytesFree == 500)
        go.send()
        try store.wait(for: half, in: .succeeded)
        // Both fit now, the small one behind the large one.
        try started.wait()
        try started.wait()
        #expect(shop.trainer.runs.first == "half" && Set(shop.trainer.runs) == ["half", "large", "small"])
        go.send()
        go.send()
        for job in [large, small] { try store.wait(for: job, in: .succeeded) }
        #expect(pool.drain(seconds: 10))
        #expect(pool.memoryBytesFree == 1_000)
    }

    @Test func aQueuedJobThatNoLongerFitsFailsAndTheNextOneRuns() throws {
        let shop = Workshop()
        let (large, small): (Identifier, Identifier)
        do {
            let store = try shop.openStore()
            let dataset = try store.makeDataset()
            large = try store.submit("large", on: dataset, memoryBytes: 1_001)
            small = try store.submit("small", on: dataset, memoryBytes: 1_000)
            store.close()
        }
        let store = try shop.openStore()
        let pool = shop.makePool(store, memoryBytesMax: 1_000)
        pool.start()
        let failed = try store.wait(for: large, in: .failed)
        #expect(failed.finishReason == .error && failed.failure?.code == .outOfMemory)
        #expect(failed.failure?.detail.contains("1001") == true)
        try store.wait(for: small, in: .succeeded)
        #expect(shop.trainer.runs == ["small"])
        #expect(pool.drain(seconds: 10))
        #expect(pool.memoryBytesFree == 1_000)
    }
}
