import API
import HTTPTypes
import Jobs
import Testing

/// `If-None-Match` and `If-Match`, resource by resource.
struct ConditionalAPITests {
    @Test func everythingThatIsReadHasATagAndSavesTheAnswer() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let job = try bench.submit(dataset)
        let key = bench.ask(
            .post, "/v1/api-keys", fields: [.contentType: "application/json"], body: #"{"name":"k","scopes":["admin"]}"#
        )
        let secret = try #require(try key.json()["secret"]?.text)
        let id = try #require(try key.json()["id"]?.text)
        // The key's first use is written down before the answer to a change is.
        #expect(bench.ask(.post, "/v1/jobs/\(job)/pause", fields: [.authorization: "Bearer " + secret]).status == 200)
        for target in [
            "/", "/openapi.yaml", "/openapi.json", "/v1/errors", "/v1/errors/not-found", "/v1/weighting-strategies",
            "/v1/datasets", "/v1/datasets/\(dataset)", "/v1/datasets/\(dataset)/rows", "/v1/jobs", "/v1/jobs.csv",
            "/v1/jobs/\(job)", "/v1/jobs/\(job)/epochs", "/v1/jobs/\(job)/task-weights", "/v1/jobs/\(job)/events",
            "/v1/jobs/\(job)/logs", "/v1/jobs/\(job)/checkpoints", "/v1/jobs/\(job)/reproduction", "/v1/events",
            "/v1/models", "/v1/api-keys", "/v1/api-keys/\(id)", "/v1/audit-log",
        ] {
            var fields: HTTPFields = [.authorization: "Bearer " + secret]
            let first = bench.ask(.get, target, fields: fields)
            #expect(first.status == 200, "\(target)")
            let tag = try #require(first.fields[.eTag], "\(target)")
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""), "\(target): strong")
            for known in [tag, "W/" + tag, "\"other\", " + tag, "*"] {
                fields[.ifNoneMatch] = known
                let second = bench.ask(.get, target, fields: fields)
                #expect(second.status == 304, "\(target) \(known)")
                #expect(second.body.isEmpty)
                #expect(second.fields[.eTag] == tag)
            }
            fields[.ifNoneMatch] = "\"other\""
            #expect(bench.ask(.get, target, fields: fields).status == 200, "\(target)")
        }
    }

    @Test func aCheckpointHasATagToo() throws {
        let bench = try Bench()
        let job = try bench.train()
        let target = "/v1/jobs/\(job)/checkpoints/3"
        let tag = try #require(bench.ask(.get, target).fields[.eTag])
        #expect(bench.ask(.get, target, fields: [.ifNoneMatch: tag]).status == 304)
    }

    /// The answers to a change under each condition, beginning with the tag that is right.
    @Test(
        arguments: [
            (nil, nil, 200), ("tag", nil, 200), ("*", nil, 200), ("\"9.9\"", nil, 412), ("W/tag", nil, 412),
            ("\"9.9\", tag", nil, 200), (nil, "*", 412), (nil, "tag", 412), (nil, "\"9.9\"", 200), ("tag", "*", 412),
            ("garbage", nil, 412),
        ] as [(String?, String?, Int)])
    func aChangeIsMadeOnlyWhereItsConditionsHold(match: String?, noneMatch: String?, status: Int) throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let job = try bench.submit(dataset)
        for (target, method, body) in [
            ("/v1/jobs/\(job)", HTTPRequest.Method.patch, #"{"name":"x"}"#), ("/v1/jobs/\(job)", .delete, nil),
            ("/v1/datasets/\(dataset)", .delete, nil),
        ] as [(String, HTTPRequest.Method, String?)] {
            if method == .delete, target.contains("jobs") { _ = bench.ask(.post, "/v1/jobs/\(job)/cancel") }
            let tag = try #require(bench.ask(.get, target).fields[.eTag])
            var fields: HTTPFields = [.contentType: "application/json"]
            fields[.ifMatch] = match?.replacing("tag", with: tag)
            fields[.ifNoneMatch] = noneMatch?.replacing("tag", with: tag)
            let answer = bench.ask(method, target, fields: fields, body: body)
            #expect(answer.status == (status == 200 && method == .delete ? 204 : status), "\(method) \(target)")
            if status == 412 { #expect(answer.code == "precondition-failed") }
        }
    }

    /// RFC 9110 sections 13.1.1 and 13.2.2: the condition is held against what is there before anything is done.
    @Test func readingAndCommandingHoldToIfMatchAsWell() throws {
        let bench = try Bench()
        let job = "/v1/jobs/\(try bench.submit(try bench.upload()))"
        for target in ["/openapi.yaml", "/v1/jobs", "/v1/weighting-strategies", job] {
            let tag = try #require(bench.ask(.get, target).fields[.eTag])
            let other = bench.ask(.get, target, fields: [.ifMatch: "\"other\""])
            #expect(other.status == 412 && other.code == "precondition-failed", "\(target)")
            #expect(bench.ask(.get, target, fields: [.ifMatch: "\"other\", " + tag]).status == 200)
            #expect(bench.ask(.get, target, fields: [.ifMatch: "*"]).status == 200)
        }
        #expect(bench.ask(.post, job + "/cancel", fields: [.ifMatch: "\"9.9\""]).status == 412)
        #expect(try bench.ask(.get, job).json()["state"]?.text != "cancelled")
        let tag = try #require(bench.ask(.get, job).fields[.eTag])
        #expect(bench.ask(.post, job + "/cancel", fields: [.ifMatch: tag]).status == 200)
    }

    /// RFC 9110 section 8.8.3: commas and asterisks may stand in a tag.
    @Test func aTagIsReadToItsLastQuote() throws {
        let bench = try Bench()
        #expect(bench.ask(.get, "/openapi.yaml", fields: [.ifNoneMatch: "\"a,*,b\""]).status == 200)
        #expect(bench.ask(.get, "/openapi.yaml", fields: [.ifMatch: "\"a,*,b\""]).status == 412)
        let tag = try #require(bench.ask(.get, "/openapi.yaml").fields[.eTag])
        #expect(bench.ask(.get, "/openapi.yaml", fields: [.ifNoneMatch: "\"a,b\" , ,W/" + tag]).status == 304)
    }

    @Test func aKeyThatWasUsedMeanwhileIsNotRevokedUnderAnOldTag() throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/api-keys", fields: [.contentType: "application/json"], body: #"{"name":"k","scopes":["admin"]}"#
        )
        let secret = try #require(try answer.json()["secret"]?.text)
        let target = "/v1/api-keys/\(try #require(try answer.json()["id"]?.text))"
        var fields: HTTPFields = [.authorization: "Bearer " + secret, .ifMatch: "\"other\""]
        #expect(bench.ask(.delete, target, fields: fields).status == 412)
        fields[.ifMatch] = "*"
        #expect(bench.ask(.delete, target, fields: fields).status == 204)
    }

    @Test func aJobThatIsNotOverSaysWhenToLookAgain() throws {
        let bench = try Bench()
        let job = "/v1/jobs/\(try bench.submit(try bench.upload()))"
        let first = bench.ask(.get, job)
        #expect(first.fields[.retryAfter] == "1")
        let tag = try #require(first.fields[.eTag])
        #expect(bench.ask(.get, job, fields: [.ifNoneMatch: tag]).fields[.retryAfter] == "1")
        _ = bench.ask(.post, job + "/cancel")
        #expect(bench.ask(.get, job).fields[.retryAfter] == nil)
    }
}
