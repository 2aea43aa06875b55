import Jobs
import Testing

@testable import JobStore

struct ComparisonTests {
    private static func make(_ store: Store, _ datasets: [Identifier]) throws -> NewComparison {
        let runs = try datasets.enumerated().map { index, dataset in
            NewComparison.Run(
                key: .object([.init("seed", JSONValue(index))]),
                job: NewJob(id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(dataset)))
        }
        return NewComparison(
            id: store.makeIdentifier(.comparison), owner: "local", name: nil, dataset: datasets[0],
            request: .object([]), metrics: .array([]), runs: runs)
    }

    @Test func aComparisonSurvivesARestartWithAllItsJobs() throws {
        let bench = Bench()
        var store = try bench.open()
        let dataset = try store.makeDataset()
        let record = try #require(try store.insert(Self.make(store, [dataset, dataset])).commitAndWait().created)
        let claim = try #require(try store.claimNext())
        _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
        #expect(try store.comparison(record.id, owner: "local").state == .running)
        store.close()
        store = try bench.open()
        let after = try store.comparison(record.id, owner: "local")
        #expect(after.runs.map(\.job) == record.runs.map(\.job))
        #expect(after.runs.map(\.key) == record.runs.map(\.key))
        #expect(after.progress.queued == 2)
        #expect(try store.job(claim.lease.job, owner: nil).attempt == 2)
        store.close()
    }

    @Test func aJobThatCannotBeAcceptedLeavesNothingOfItsComparison() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let gone = Identifier.none(.dataset)
        #expect(throws: StoreError.notFound) {
            try store.insert(Self.make(store, [dataset, dataset, gone])).commitAndWait()
        }
        #expect(try store.comparisons(ComparisonFilter(owner: nil), PageRequest()).items.isEmpty)
        #expect(try store.jobs(JobFilter(owner: nil), PageRequest()).items.isEmpty)
        #expect(try store.claimNext() == nil)
        store.close()
    }

    @Test func aQueueWithoutRoomForAllTakesNone() throws {
        var bench = Bench()
        bench.limits.queuedJobsMax = 2
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let many = try Self.make(store, [dataset, dataset, dataset])
        #expect(throws: StoreError.queueFull(jobsMax: 2)) { try store.insert(many).commitAndWait() }
        #expect(try store.jobs(JobFilter(owner: nil), PageRequest()).items.isEmpty)
        let few = try Self.make(store, [dataset, dataset])
        #expect(try store.insert(few).commitAndWait().created?.runs.count == 2)
        store.close()
    }

    @Test func otherJobsGoFirst() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        var new = try Self.make(store, [dataset])
        new.runs[0].job.spec = try store.makeSpec(dataset, [.init("priority", JSONValue(-10))])
        _ = try store.insert(new).commitAndWait()
        let other = try store.submit(dataset)
        #expect(try store.claimNext()?.job.id == other.id)
        store.close()
    }

    @Test func aDataSetIsInUseWhileARunIsLeft() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let record = try #require(try store.insert(Self.make(store, [dataset])).commitAndWait().created)
        #expect(throws: StoreError.inUse(by: record.runs.map(\.job))) {
            try store.deleteDataset(dataset, owner: nil).commitAndWait()
        }
        _ = try store.cancelComparison(record.id, owner: nil, actor: "local").commitAndWait()
        try store.deleteDataset(dataset, owner: nil).commitAndWait()
        store.close()
    }

    @Test func whatARunCameToStaysWhenItsJobIsDeleted() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let record = try #require(try store.insert(Self.make(store, [dataset])).commitAndWait().created)
        let claim = try #require(try store.claimNext())
        _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
        for epoch in 1...3 {
            var record = makeEpoch(epoch, loss: Double(epoch))
            record.cpuSeconds = 0.5
            _ = try store.record(
                record, checkpoint: nil, keep: 1, runningMilliseconds: 1,
                under: claim.lease
            ).commitAndWait()
        }
        var model = makeModel(epoch: 2)
        model.testMetrics = ["y": ["accuracy": 0.5, "roc_auc": Double?.none]]
        model.testRows = ["y": 40]
        _ = try store.succeed(claim.lease, .completed, model: model, runningMilliseconds: 5).commitAndWait()
        try store.deleteJob(claim.lease.job, owner: nil).commitAndWait()
        let after = try store.comparison(record.id, owner: nil)
        #expect(after.state == .succeeded && after.progress.succeeded == 1 && after.runs[0].state == nil)
        let outcome = try #require(after.runs[0].outcome)
        #expect(outcome.epoch == 2 && outcome.validationLoss == 2.1 && outcome.seconds == 0.75)
        #expect(outcome.testMetrics["y"]?["accuracy"] == 0.5)
        let end = after.runs[0].end
        #expect(end.finishReason == .completed && end.failure == nil && end.lastEpoch == 3)
        #expect(end.weightSum == 1 && end.testRows == ["y": 40] && end.cpuSeconds == 1.5)
        store.close()
    }

    @Test func whyARunFailedStaysWhenItsJobIsDeleted() throws {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let record = try #require(try store.insert(Self.make(store, [dataset, dataset])).commitAndWait().created)
        let claim = try #require(try store.claimNext())
        _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
        let failure = JobFailure(code: .diverged, detail: "the loss is not finite")
        _ = try store.fail(claim.lease, .diverged, failure, runningMilliseconds: 1).commitAndWait()
        _ = try store.command(.cancel, job: record.runs[1].job, owner: nil, actor: "local").commitAndWait()
        for run in record.runs { try store.deleteJob(run.job, owner: nil).commitAndWait() }
        let ends = try store.comparison(record.id, owner: nil).runs.map(\.end)
        #expect(ends.map(\.failure) == ["diverged", "cancelled"])
        #expect(ends.map(\.finishReason) == [.diverged, nil])
        store.close()
    }

    @Test func aComparisonGoesWithTheLastOfItsJobs() throws {
        let bench = Bench()
        let store = try bench.open()
        let record = try #require(
            try store.insert(Self.make(store, [try store.makeDataset()])).commitAndWait().created)
        let claim = try #require(try store.claimNext())
        _ = try store.cancelComparison(record.id, owner: nil, actor: "local").commitAndWait()
        _ = try store.cancelled(claim.lease, runningMilliseconds: 1).commitAndWait()
        let retention = Retention(jobSeconds: 60)
        _ = try store.collect(retention).commitAndWait()
        #expect(try store.comparison(record.id, owner: nil).state == .cancelled)
        bench.clock.advance(seconds: 61)
        #expect(try store.collect(retention).commitAndWait().jobs == 1)
        #expect(throws: StoreError.notFound) { try store.comparison(record.id, owner: nil) }
        store.close()
    }
}
