import HTTPTypes
import JobStore
import Jobs
import Testing

@testable import API

/// A job that has not changed is answered from memory; nobody may be able to tell.
struct JobAnswersTests {
    private func makeFinishedJob(_ bench: Bench) throws -> String {
        let dataset = try bench.upload()
        let created = bench.ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json"], body: Bench.spec(dataset))
        let path = try #require(created.fields[.location])
        #expect(bench.ask(.post, path + "/cancel").status == 200)
        return path
    }

    @Test func itIsShownTheSameAgainAndAgain() throws {
        let bench = try Bench()
        let path = try makeFinishedJob(bench)
        let (first, second) = (bench.ask(.get, path), bench.ask(.get, path))
        #expect(first.status == 200 && second.status == 200)
        #expect(try first.json()["state"]?.text == "cancelled" && first.json() == second.json())
        let tag = try #require(second.fields[.eTag])
        #expect(first.fields[.eTag] == tag)
        #expect(bench.ask(.get, path, fields: [.ifNoneMatch: tag]).status == 304)
        #expect(bench.ask(.get, path, fields: [.ifNoneMatch: "\"other\""]).status == 200)
    }

    @Test func aChangeIsSeenByTheNextQuestion() throws {
        let bench = try Bench()
        let path = try makeFinishedJob(bench)
        for number in 1...5 {
            _ = bench.ask(.get, path)
            let changed = bench.ask(
                .patch, path, fields: [.contentType: "application/json"], body: "{\"name\":\"n\(number)\"}")
            #expect(changed.status == 200)
            #expect(try bench.ask(.get, path).json()["name"]?.text == "n\(number)")
        }
    }

    @Test func aQueuedJobShowsWhatOnlyMemoryKnows() throws {
        let bench = try Bench()
        let path = "/v1/jobs/\(try bench.submit(try bench.upload()))"
        func shown() throws -> (reason: String?, tag: String?) {
            let answer = bench.ask(.get, path)
            #expect(answer.fields[.retryAfter] != nil)
            return (try answer.json()["waiting_reason"]?.text, answer.fields[.eTag])
        }
        let (first, tag) = try shown()
        #expect(try shown() == (first, tag) && first == "workers")
        bench.store.setWaitingReason(.disk)
        let (second, newTag) = try shown()
        #expect(second == "disk" && newTag != tag)
        let known = try #require(newTag)
        let unchanged = bench.ask(.get, path, fields: [.ifNoneMatch: known])
        #expect(unchanged.status == 304 && unchanged.fields[.retryAfter] != nil)
        bench.store.setWaitingReason(.draining)
        #expect(bench.ask(.get, path, fields: [.ifNoneMatch: known]).status == 200)
    }

    /// The second time it is known, which must not answer whoever waits for a change.
    @Test func whoWaitsIsNotAnsweredFromMemory() throws {
        let bench = try Bench()
        let path = "/v1/jobs/\(try bench.submit(try bench.upload()))"
        for _ in 0..<2 { #expect(bench.ask(.get, path).status == 200) }
        let answer = bench.ask(.get, path, fields: [.prefer: "wait=1"])
        #expect(answer.fields[.preferenceApplied] == "wait=1")
    }

    @Test func aPausedJobIsShownTheSameAgainAndAgain() throws {
        let bench = try Bench()
        let path = "/v1/jobs/\(try bench.submit(try bench.upload()))"
        #expect(bench.ask(.post, path + "/pause").status == 200)
        let (first, second) = (bench.ask(.get, path), bench.ask(.get, path))
        #expect(try first.json() == second.json() && first.json()["state"]?.text == "paused")
        #expect(bench.ask(.post, path + "/resume").status == 200)
        #expect(try bench.ask(.get, path).json()["state"]?.text == "queued")
    }

    @Test func aDeletedJobIsGoneAtOnce() throws {
        let bench = try Bench()
        let path = try makeFinishedJob(bench)
        _ = (bench.ask(.get, path), bench.ask(.get, path))
        #expect(bench.ask(.delete, path).status == 204)
        #expect(bench.ask(.get, path).status == 404)
    }

    @Test func aQueryThatIsNotKnownIsStillRefused() throws {
        let bench = try Bench()
        let path = try makeFinishedJob(bench)
        _ = (bench.ask(.get, path), bench.ask(.get, path))
        #expect(bench.ask(.get, path + "?x=1").status == 400)
        #expect(bench.ask(.get, path.uppercased()).status == 404)
    }
}
