import HTTPTypes
import Jobs
import Testing

@testable import API

/// A job that is over is answered from memory; nobody may be able to tell.
struct FinishedJobsTests {
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
