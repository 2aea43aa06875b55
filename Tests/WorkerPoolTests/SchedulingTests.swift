import JobStore
import Jobs
import Testing
import WorkerPool

struct SchedulingTests {
    @Test func aJobWhoseDeadlinePassesInTheQueueExpires() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (busy, done) = (Signal(), Signal())
        shop.trainer.on("busy") { assignment, context in
            busy.send()
            try done.wait()
            return try trainAtOnce(assignment, context)
        }
        let pool = shop.makePool(store)
        pool.start()
        let dataset = try store.makeDataset()
        let first = try store.submit("busy", on: dataset)
        try busy.wait()
        let deadline = Timestamp(milliseconds: shop.clock.now.milliseconds + 60_000)
        let id = try store.submit("late", on: dataset, [.init("deadline", .string(deadline.description))])
        shop.clock.advance(seconds: 61)
        // Any turn of the pool looks at deadlines; the timer makes one when nothing else does.
        shop.timers.advance(milliseconds: 61_000)
        let job = try store.submitAndWaitForExpiry(of: id, on: dataset)
        #expect(job.finishReason == nil && job.finishedAt != nil)
        done.send()
        try store.wait(for: first, in: .succeeded)
        #expect(!shop.trainer.runs.contains("late"))
        #expect(pool.drain(seconds: 10))
    }

    @Test func aJobThatRunsTooLongEndsWithItsBestModel() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let running = Signal()
        shop.trainer.on("a") { assignment, context in
            _ = try context.begin(epoch: 1)
            running.send()
            return awaitWish(context) == .stop ? .succeeded(.stopped, makeModel()) : .cancelled
        }
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset(), [.init("max_runtime_seconds", .integer(5))])
        try running.wait()
        shop.timers.advance(milliseconds: 4_999)
        #expect(try store.job(id, owner: nil).state == .running)
        shop.timers.advance(milliseconds: 1)
        let job = try store.wait(for: id, in: .succeeded)
        #expect(job.finishReason == .maxRuntime)
        #expect(pool.drain(seconds: 10))
    }

    @Test func aJobOfTwoThreadsTakesTwoOfThePoolsAndIsNotOvertaken() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (started, go) = (Signal(), Signal())
        for name in ["one", "two", "three"] {
            shop.trainer.on(name) { assignment, context in
                started.send()
                try go.wait()
                return try trainAtOnce(assignment, context)
            }
        }
        let dataset = try store.makeDataset()
        let one = try store.submit("one", on: dataset)
        let two = try store.submit("two", on: dataset, [.init("threads", .integer(2))])
        let three = try store.submit("three", on: dataset)
        let pool = shop.makePool(store, workers: 2)
        pool.start()
        try started.wait()
        _ = try store.wait(for: two) { $0.waitingReason == .threads }
        #expect(try store.job(three, owner: nil).state == .queued)
        #expect(shop.trainer.runs == ["one"])
        go.send()
        try store.wait(for: one, in: .succeeded)
        try started.wait()
        #expect(shop.trainer.runs == ["one", "two"])
        go.send()
        try store.wait(for: two, in: .succeeded)
        go.send()
        try store.wait(for: three, in: .succeeded)
        #expect(pool.drain(seconds: 10))
    }

    @Test func oneOwnersJobsDoNotTakeMoreThanTheirShare() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (started, go) = (Signal(), Signal())
        for name in ["a1", "a2", "b1"] {
            shop.trainer.on(name) { assignment, context in
                started.send()
                try go.wait()
                return try trainAtOnce(assignment, context)
            }
        }
        let dataset = try store.makeDataset()
        try store.submit("a1", on: dataset, owner: "alice")
        let second = try store.submit("a2", on: dataset, owner: "alice")
        try store.submit("b1", on: dataset, owner: "bob")
        let pool = shop.makePool(store, workers: 3, perOwner: 1)
        pool.start()
        try started.wait()
        try started.wait()
        _ = try store.wait(for: second) { $0.waitingReason == .quota }
        #expect(Set(shop.trainer.runs) == ["a1", "b1"])
        for _ in 0..<3 { go.send() }
        try store.wait(for: second, in: .succeeded)
        #expect(pool.drain(seconds: 10))
    }

    @Test func aJobThatMayHaveKilledTheProcessRunsAloneUntilItHasShownAnEpoch() throws {
        let shop = Workshop()
        let dataset: Identifier
        let ids: [Identifier]
        do {
            // A process that dies with two jobs in its workers' hands.
            let store = try shop.openStore()
            dataset = try store.makeDataset()
            ids = try ["a", "b"].map { try store.submit($0, on: dataset) }
            for _ in ids {
                _ = try store.claim(
                    ClaimOffer(freeThreads: 2, threadsMax: 2, runningJobs: 0, runsIsolatedJob: false)
                ).commitAndWait()
            }
        }
        let store = try shop.openStore()
        #expect(try ids.map { try store.job($0, owner: nil).crashes } == [1, 1])
        let (started, report, finish) = (Signal(), Signal(), Signal())
        for name in ["a", "b"] {
            shop.trainer.on(name) { assignment, context in
                _ = try context.begin(epoch: 1)
                started.send()
                try report.wait()
                try context.report(makeEpoch(1, attempt: assignment.attempt), checkpoint: nil)
                try finish.wait()
                return .succeeded(.completed, makeModel())
            }
        }
        let pool = shop.makePool(store, workers: 2)
        pool.start()
        try started.wait()
        _ = try store.wait(for: ids[1]) { $0.waitingReason == .isolation }
        #expect(pool.runningJobs == 1)
        // The epoch clears the first; the second is still under suspicion, and so waits for the first to end.
        report.send()
        _ = try store.wait(for: ids[0]) { $0.crashes == 0 }
        #expect(try store.job(ids[1], owner: nil).state == .queued)
        finish.send()
        try started.wait()
        report.send()
        finish.send()
        for id in ids { try store.wait(for: id, in: .succeeded) }
        #expect(pool.drain(seconds: 10))
    }

    @Test func aJobThatGoesOnElsewhereSaysSo() throws {
        let shop = Workshop()
        let id: Identifier
        do {
            let store = try shop.openStore()
            let running = Signal()
            shop.trainer.on("a") { assignment, context in
                if assignment.checkpoint != nil { return try trainAtOnce(assignment, context) }
                _ = try context.begin(epoch: 1)
                try context.save(makeCheckpoint(.interim, epoch: 0, batch: 1))
                running.send()
                _ = awaitWish(context)
                return .yielded
            }
            let pool = shop.makePool(store)
            pool.start()
            id = try store.submit("a", on: store.makeDataset())
            try running.wait()
            #expect(pool.drain(seconds: 10))
            store.close()
        }
        let store = try shop.openStore()
        let pool = shop.makePool(store, environment: ["build": "2"])
        pool.start()
        try store.wait(for: id, in: .succeeded)
        let event = try store.events(of: id, owner: nil, after: 0, limit: 100)
            .first { $0.kind == .resumedOnDifferentHardware }
        #expect(event?.detail == #"{"before":{"build":"1","threads":"1"},"now":{"build":"2","threads":"1"}}"#)
        #expect(pool.drain(seconds: 10))
    }
}

extension Store {
    /// Gives the pool something to look at, and waits for the other job to expire.
    fileprivate func submitAndWaitForExpiry(of id: Identifier, on dataset: Identifier) throws -> Job {
        try submit("after", on: dataset)
        return try wait(for: id, in: .expired)
    }
}
