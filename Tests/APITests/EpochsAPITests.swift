import API
import HTTPTypes
import JobStore
import Jobs
import Testing

struct EpochsAPITests {
    @Test func whatHangsOnAJobIs304UntilTheJobMovesOn() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let lease = try bench.claim().lease
        _ = try bench.store.beginEpoch(1, under: lease).commitAndWait()
        try bench.record(1, under: lease)
        for target in ["/v1/jobs/\(job)/epochs", "/v1/jobs/\(job)/task-weights", "/v1/jobs/\(job)/epochs.csv"] {
            let first = bench.ask(.get, target)
            let tag = try #require(first.fields[.eTag])
            #expect(bench.ask(.get, target, fields: [.ifNoneMatch: tag]).status == 304)
            #expect(bench.ask(.get, target, fields: [.accept: "text/csv", .ifNoneMatch: "\"0.1.json\""]).status == 200)
        }
        let tag = try #require(bench.ask(.get, "/v1/jobs/\(job)/epochs").fields[.eTag])
        try bench.record(2, under: lease)
        #expect(bench.ask(.get, "/v1/jobs/\(job)/epochs", fields: [.ifNoneMatch: tag]).status == 200)
    }

    @Test func theBestOfEachTaskStandsInTheJobAndInItsEpochs() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        #expect(try bench.ask(.get, "/v1/jobs/\(job)").json()["best"] == .array([]))
        let lease = try bench.claim().lease
        _ = try bench.store.beginEpoch(1, under: lease).commitAndWait()
        for epoch in 1...2 { try bench.record(epoch, under: lease) }
        let best = TaskBest(task: "digit", metric: "accuracy", value: 0.75, epoch: 1).json
        #expect(try bench.ask(.get, "/v1/jobs/\(job)").json()["best"] == .array([best]))
        let epochs = try bench.ask(.get, "/v1/jobs/\(job)/epochs").json()["items"]?.elements
        #expect(epochs?.count == 2)
        #expect(epochs?.last?["tasks"]?.elements?.first?["best"] == best)
    }

    @Test func manyEpochsAreThinnedOutButExtremesStay() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let lease = try bench.claim().lease
        _ = try bench.store.beginEpoch(1, under: lease).commitAndWait()
        for epoch in 1...40 {
            try bench.record(epoch, weight: epoch == 17 ? 99 : epoch == 23 ? -99 : 1, under: lease)
        }
        let weights = try bench.ask(.get, "/v1/jobs/\(job)/task-weights?max_points=6").json()
        let epochs = (weights["epochs"]?.elements ?? []).compactMap(\.int)
        #expect(epochs.count <= 6)
        #expect(Set(epochs).isSuperset(of: [1, 17, 23, 40]))
        #expect(weights["weights"]?.elements?.count == epochs.count)
        let page = try bench.ask(.get, "/v1/jobs/\(job)/epochs?max_points=6&since=5").json()
        let shown = (page["items"]?.elements ?? []).compactMap { $0["epoch"]?.int }
        #expect(shown.count <= 6)
        #expect(Set(shown).isSuperset(of: [6, 17, 23, 40]))
        #expect(bench.ask(.get, "/v1/jobs/\(job)/epochs?max_points=1").status == 400)
    }

    @Test func onlyTheTasksAskedForAreShown() throws {
        let bench = try Bench()
        let job = try bench.train()
        #expect(
            bench.ask(.get, "/v1/jobs/\(job)/task-weights.csv?names=digit&since=1").text.hasPrefix("epoch,digit\r\n2,"))
        #expect(bench.ask(.get, "/v1/jobs/\(job)/task-weights?names=other").status == 400)
        let none = try bench.ask(.get, "/v1/jobs/\(job)/epochs?names=").json()
        #expect(none["items"]?.elements?.first?["tasks"] == .array([]))
    }
}
