import JobStore
import Jobs
import Testing
import WorkerPool

struct LifecycleTests {
    @Test func aJobRunsToItsEndAndLeavesItsModel() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset())
        let job = try store.wait(for: id, in: .succeeded)
        #expect(job.finishReason == .completed && job.bestEpoch == 1 && job.progress.fraction == 1)
        #expect(job.startedAt != nil && job.finishedAt != nil && job.weightsSHA256 == makeModel().weightsSHA256)
        let model = try store.model(try #require(job.model), owner: "local")
        #expect(try store.modelBytes(model) == makeModel().bytes)
        #expect(try store.moves(of: id) == [">queued", "queued>starting", "starting>running", "running>succeeded"])
        #expect(pool.drain(seconds: 10))
    }

    @Test func tenJobsOnTwoWorkersAllSucceedAndNeverMoreThanTwoRun() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let pool = shop.makePool(store, workers: 2)
        let dataset = try store.makeDataset()
        pool.start()
        let ids = try (0..<10).map { try store.submit("job \($0)", on: dataset) }
        for id in ids { try store.wait(for: id, in: .succeeded) }
        var running = 0
        for event in try store.events(owner: nil, afterNumber: 0, limit: 10_000) where event.kind == .state {
            if event.to == .starting { running += 1 }
            if event.to == .succeeded { running -= 1 }
            #expect((0...2).contains(running))
        }
        #expect(pool.drain(seconds: 10))
    }

    @Test func jobsStartByPriorityThenInOrderOfSubmission() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let dataset = try store.makeDataset()
        try store.submit("first", on: dataset)
        try store.submit("second", on: dataset)
        try store.submit("low", on: dataset, [.init("priority", .integer(-1))])
        let last = try store.submit("high", on: dataset, [.init("priority", .integer(1))])
        #expect(try store.job(last, owner: nil).queuePosition == 1)
        let pool = shop.makePool(store)
        pool.start()
        let low = try store.jobs(JobFilter(owner: nil), PageRequest()).items.first { $0.name == "low" }
        try store.wait(for: try #require(low).id, in: .succeeded)
        #expect(shop.trainer.runs == ["high", "first", "second", "low"])
        #expect(pool.drain(seconds: 10))
    }

    @Test func waitingMakesUpForALowPriority() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let dataset = try store.makeDataset()
        try store.submit("old", on: dataset, [.init("priority", .integer(-10))])
        shop.clock.advance(seconds: 11 * 60)
        let new = try store.submit("new", on: dataset)
        let pool = shop.makePool(store)
        pool.start()
        try store.wait(for: new, in: .succeeded)
        #expect(shop.trainer.runs == ["old", "new"])
        #expect(pool.drain(seconds: 10))
    }

    @Test(arguments: [(JobCommand.cancel, JobState.cancelled), (.pause, .paused), (.stop, .succeeded)])
    func aRunningJobObeys(command: JobCommand, end: JobState) throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let running = Signal()
        shop.trainer.on("a") { assignment, context in
            _ = try context.begin(epoch: 1)
            try context.report(makeEpoch(1, attempt: assignment.attempt), checkpoint: makeCheckpoint(epoch: 1))
            running.send()
            switch awaitWish(context) {
            case .cancel: return .cancelled
            case .stop: return .succeeded(.stopped, makeModel())
            case .pause:
                try context.save(makeCheckpoint(.interim, epoch: 1, batch: 3))
                return .yielded
            case .goOn: return .failed(.error, JobFailure(code: .internal, detail: "no wish came"))
            }
        }
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset())
        try running.wait()
        let result = try store.command(command, job: id, owner: nil, actor: "local").commitAndWait()
        #expect(result.mustWait)
        let job = try store.wait(for: id, in: end)
        #expect(job.finishReason == (command == .stop ? .stopped : nil))
        #expect(try store.epochs(of: id, owner: nil, since: 0, limit: 10).count == 1)
        #expect(pool.drain(seconds: 10))
    }

    @Test func aPausedJobGoesOnFromItsCheckpointWhenResumedEvenAfterARestart() throws {
        let shop = Workshop()
        var store: Store? = try shop.openStore()
        let running = Signal()
        shop.trainer.on("a") { assignment, context in
            _ = try context.begin(epoch: 1)
            guard let checkpoint = assignment.checkpoint else {
                running.send()
                _ = awaitWish(context)
                try context.save(makeCheckpoint(.interim, epoch: 7, batch: 3))
                return .yielded
            }
            return .succeeded(.completed, makeModel(epoch: Int(checkpoint[2])))
        }
        let id: Identifier
        do {
            let store = try #require(store)
            let pool = shop.makePool(store)
            pool.start()
            id = try store.submit("a", on: store.makeDataset())
            try running.wait()
            try store.send(.pause, to: id)
            try store.wait(for: id, in: .paused)
            #expect(pool.drain(seconds: 10))
            store.close()
        }
        store = nil
        let reopened = try shop.openStore()
        let pool = shop.makePool(reopened)
        pool.start()
        try reopened.send(.resume, to: id)
        let job = try reopened.wait(for: id, in: .succeeded)
        #expect(job.bestEpoch == 7 && job.attempt == 2 && job.crashes == 0)
        #expect(pool.drain(seconds: 10))
    }

    @Test func stoppingAPausedJobPublishesItsBestModelWhileAllWorkersAreBusy() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (running, busy, done) = (Signal(), Signal(), Signal())
        shop.trainer.on("a") { assignment, context in
            if assignment.checkpoint != nil {
                return context.wish == .stop
                    ? .succeeded(.stopped, makeModel())
                    : .failed(.error, JobFailure(code: .internal, detail: "trained on"))
            }
            _ = try context.begin(epoch: 1)
            try context.report(makeEpoch(1, attempt: 1), checkpoint: makeCheckpoint(epoch: 1))
            running.send()
            _ = awaitWish(context)
            return .yielded
        }
        shop.trainer.on("busy") { assignment, context in
            busy.send()
            try done.wait()
            return try trainAtOnce(assignment, context)
        }
        let pool = shop.makePool(store)
        pool.start()
        let dataset = try store.makeDataset()
        let id = try store.submit("a", on: dataset)
        try running.wait()
        try store.send(.pause, to: id)
        try store.wait(for: id, in: .paused)
        let other = try store.submit("busy", on: dataset)
        try busy.wait()
        try store.send(.stop, to: id)
        let job = try store.wait(for: id, in: .succeeded)
        #expect(job.finishReason == .stopped && job.model != nil)
        done.send()
        try store.wait(for: other, in: .succeeded)
        #expect(pool.drain(seconds: 10))
    }

    @Test func aForcedCancelFencesTheWorkerOut() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let (running, released, ended) = (Signal(), Signal(), Signal())
        shop.trainer.on("a") { _, context in
            defer { ended.send() }
            _ = try context.begin(epoch: 1)
            running.send()
            try released.wait()
            #expect(throws: StoreError.fencedOut) {
                try context.report(makeEpoch(1, attempt: 1), checkpoint: makeCheckpoint(epoch: 1))
            }
            return .succeeded(.completed, makeModel())
        }
        let pool = shop.makePool(store)
        pool.start()
        let id = try store.submit("a", on: store.makeDataset())
        try running.wait()
        try store.send(.forceCancel, to: id)
        #expect(try store.job(id, owner: nil).state == .cancelled)
        released.send()
        try ended.wait()
        #expect(pool.drain(seconds: 10))
        let job = try store.job(id, owner: nil)
        #expect(job.state == .cancelled && job.model == nil)
        #expect(try store.epochs(of: id, owner: nil, since: 0, limit: 10).isEmpty)
        #expect(try store.models(owner: nil, PageRequest()).items.isEmpty)
        #expect(try store.files.names(in: .models) == [] && store.files.names(in: .checkpoints) == [])
    }

    @Test func drainingSendsRunningJobsBackToTheQueueWithoutCountingACrash() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        let running = Signal()
        shop.trainer.on("a") { assignment, context in
            _ = try context.begin(epoch: 1)
            running.send()
            guard awaitWish(context) == .pause else { return .cancelled }
            try context.save(makeCheckpoint(.interim, epoch: 0, batch: 2))
            return .yielded
        }
        let pool = shop.makePool(store)
        pool.start()
        let dataset = try store.makeDataset()
        let id = try store.submit("a", on: dataset)
        try running.wait()
        #expect(pool.drain(seconds: 10))
        let job = try store.job(id, owner: nil)
        #expect(job.state == .queued && job.attempt == 2 && job.crashes == 0 && job.waitingReason == .draining)
        let later = try store.submit("b", on: dataset)
        #expect(try store.job(later, owner: nil).state == .queued)
        #expect(shop.trainer.runs == ["a"])
    }

    @Test func aTrainerThatThrowsFailsItsJobWithTheReason() throws {
        struct Surprise: Error {}
        let shop = Workshop()
        let store = try shop.openStore()
        shop.trainer.on("a") { _, _ in throw Surprise() }
        shop.trainer.on("b") { _, _ in
            .failed(.diverged, JobFailure(code: .diverged, detail: "The loss is not finite."))
        }
        let pool = shop.makePool(store)
        pool.start()
        let dataset = try store.makeDataset()
        let surprised = try store.wait(for: store.submit("a", on: dataset), in: .failed)
        #expect(surprised.finishReason == .error && surprised.failure?.code == .internal)
        let diverged = try store.wait(for: store.submit("b", on: dataset), in: .failed)
        #expect(diverged.finishReason == .diverged && diverged.failure?.detail == "The loss is not finite.")
        #expect(pool.drain(seconds: 10))
    }
}
