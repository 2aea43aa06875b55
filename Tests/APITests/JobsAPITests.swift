import API
import HTTPTypes
import Jobs
import Testing

struct JobsAPITests {
    @Test func aJobIsAcceptedWithItsDefaultsAndFoundAgain() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let created = bench.ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json"],
            body: Bench.spec(dataset, #","name":"first","labels":{"team":"qa"}"#))
        #expect(created.status == 202)
        let job = try created.json()
        #expect(job["state"]?.text == "queued")
        #expect(job["attempt"]?.int == 1)
        #expect(job["memory_bytes"]?.int == 1_000)
        #expect(job["spec"]?["epochs"]?.int == 20)
        #expect(job["spec"]?["weighting"]?["strategy"]?.text == "adaptive")
        #expect(job["progress"]?["epochs"]?.int == 20)
        #expect(job["model"] == .null)
        let shown = bench.ask(.get, try #require(created.fields[.location]))
        #expect(try shown.json() == job)
        #expect(shown.fields[.eTag] != nil)
    }

    @Test func fiveMistakesAreAllNamedWithTheirPointers() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let answer = bench.ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json"],
            body: """
                {"dataset":"\(dataset)","epochz":3,"epochs":0,"batch_size":"64","optimizer":{"type":"lion"},
                 "tasks":[{"target":"digits","type":"classification"}]}
                """)
        #expect(answer.status == 422)
        #expect(answer.code == "invalid-spec")
        #expect(answer.pointers == ["/batch_size", "/epochs", "/epochz", "/optimizer/type", "/tasks/0/target"])
        #expect(try bench.ask(.get, "/v1/jobs").json()["items"]?.elements == [])
    }

    @Test func aBodyThatIsNoJSONSaysWhere() throws {
        let answer = try Bench().ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json"], body: "{\"dataset\":\n x}")
        #expect(answer.status == 400)
        #expect(answer.text.contains("line 2, column 2"))
    }

    @Test(arguments: [nil, "text/plain", "application/x-www-form-urlencoded"])
    func onlyJSONIsASpec(type: String?) throws {
        var fields = HTTPFields()
        fields[.contentType] = type
        let answer = try Bench().ask(.post, "/v1/jobs", fields: fields, body: "{}")
        #expect(answer.status == 415)
    }

    @Test func aSpecThatNeedsTooMuchMemoryIsRefusedWithTheFigure() throws {
        let bench = try Bench({ $0.jobMemoryBytesMax = 999 }, memoryBytes: 1_000)
        let dataset = try bench.upload()
        let answer = bench.ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json"], body: Bench.spec(dataset))
        #expect(answer.status == 422)
        #expect(answer.pointers == ["/model"])
        #expect(answer.text.contains("1000") && answer.text.contains("999"))
    }

    @Test func validateOnlyStoresNothing() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let answer = bench.ask(
            .post, "/v1/jobs?validate_only=true", fields: [.contentType: "application/json"],
            body: Bench.spec(dataset))
        #expect(answer.status == 200)
        #expect(try answer.json()["valid"] == .bool(true))
        #expect(try answer.json()["memory_bytes"]?.int == 1_000)
        #expect(try bench.ask(.get, "/v1/jobs").json()["items"]?.elements == [])
    }

    @Test func aKeyMakesARepetitionHarmless() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        func submit(_ members: String = "") throws -> Bench.Answer {
            let name = try #require(HTTPField.Name("Idempotency-Key"))
            return bench.ask(
                .post, "/v1/jobs", fields: [.contentType: "application/json", name: "k1"],
                body: Bench.spec(dataset, members))
        }
        let first = try submit()
        let second = try submit()
        #expect(first.status == 202)
        #expect(second.status == 202)
        #expect(first.body == second.body)
        #expect(try submit(#","epochs":3"#).code == "idempotency-key-reused")
        #expect(try bench.ask(.get, "/v1/jobs").json()["items"]?.elements?.count == 1)
    }

    @Test func aRefusalIsRepeatedUnderItsKeyToo() throws {
        let bench = try Bench()
        let name = try #require(HTTPField.Name("Idempotency-Key"))
        let fields: HTTPFields = [.contentType: "application/json", name: "k1"]
        let first = bench.ask(.post, "/v1/jobs", fields: fields, body: "{}")
        let second = bench.ask(.post, "/v1/jobs", fields: fields, body: "{}")
        #expect(first.status == 422)
        #expect(first.body == second.body)
    }

    @Test func anUnchangedJobIs304() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let tag = try #require(bench.ask(.get, "/v1/jobs/\(job)").fields[.eTag])
        let same = bench.ask(.get, "/v1/jobs/\(job)", fields: [.ifNoneMatch: "\"x\", \(tag)"])
        #expect(same.status == 304)
        #expect(same.body.isEmpty)
        #expect(bench.ask(.post, "/v1/jobs/\(job)/pause").status == 200)
        #expect(bench.ask(.get, "/v1/jobs/\(job)", fields: [.ifNoneMatch: tag]).status == 200)
    }

    @Test func commandsMoveAQueuedJobAndRepeatHarmlessly() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        func command(_ name: String) throws -> (Int, String?) {
            let answer = bench.ask(.post, "/v1/jobs/\(job)/\(name)")
            return (answer.status, try answer.json()["state"]?.text)
        }
        #expect(try command("pause") == (200, "paused"))
        #expect(try command("pause") == (200, "paused"))
        #expect(try command("resume") == (200, "queued"))
        #expect(try command("cancel") == (200, "cancelled"))
        #expect(try command("cancel") == (200, "cancelled"))
        let refused = bench.ask(.post, "/v1/jobs/\(job)/resume")
        #expect(refused.status == 409)
        #expect(refused.code == "invalid-transition")
        #expect(bench.ask(.delete, "/v1/jobs/\(job)").status == 204)
        #expect(bench.ask(.get, "/v1/jobs/\(job)").status == 404)
    }

    @Test func aChangeOfWeightingSaysFromWhichEpochItCounts() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let fields: HTTPFields = [.contentType: "application/merge-patch+json"]
        let answer = bench.ask(
            .patch, "/v1/jobs/\(job)", fields: fields, body: #"{"weighting":{"strategy":"equal"}}"#)
        #expect(answer.status == 200)
        #expect(try answer.json()["weighting_from_epoch"]?.int == 1)
        let named = bench.ask(.patch, "/v1/jobs/\(job)", fields: fields, body: #"{"name":"x"}"#)
        #expect(try named.json()["weighting_from_epoch"] == nil)
        let shown = try bench.ask(.get, "/v1/jobs/\(job)").json()
        #expect(shown["weighting_switch"]?["weighting"] == .object([.init("strategy", .string("equal"))]))
        #expect(shown["weighting_switch"]?["from_epoch"]?.int == 1)
        #expect(shown["spec"]?["weighting"]?["strategy"]?.text == "adaptive")
        let wrong = bench.ask(
            .patch, "/v1/jobs/\(job)", fields: fields, body: #"{"weighting":{"strategy":"dwa","temperature":0}}"#)
        #expect(wrong.status == 422 && wrong.pointers == ["/weighting/temperature"])
    }

    @Test func aWeightingIsPatchedParameterByParameter() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload(), #","weighting":{"strategy":"dwa","temperature":4}"#)
        func patch(_ weighting: String) throws -> JSONValue? {
            let answer = bench.ask(
                .patch, "/v1/jobs/\(job)", fields: [.contentType: "application/merge-patch+json"],
                body: "{\"weighting\":\(weighting)}")
            #expect(answer.status == 200, "\(answer.text)")
            return try answer.json()["weighting_switch"]?["weighting"]
        }
        let three = try patch(#"{"temperature":3}"#)
        #expect(three?["strategy"]?.text == "dwa" && three?["temperature"]?.double == 3)
        #expect(try patch("{}") == three)
        #expect(try patch(#"{"temperature":null}"#)?["temperature"]?.double == 2)
        let other = try patch(#"{"strategy":"adaptive","form":"softmax"}"#)
        #expect(other?["form"]?.text == "softmax" && other?["cadence"]?.text == "epoch")
        #expect(try patch(#"{"cadence":"batch"}"#)?["form"]?.text == "softmax")
        let standard = try patch("null")
        #expect(standard?["strategy"]?.text == "adaptive" && standard?["form"]?.text == "ratio")
        #expect(try bench.ask(.get, "/v1/jobs/\(job)").json()["weighting_switch"]?["weighting"] == standard)
    }

    @Test func aPatchChangesWhatItNamesAndOnlyThat() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload(), #","labels":{"a":"1","b":"2"}"#)
        let fields: HTTPFields = [.contentType: "application/merge-patch+json"]
        let before = try bench.ask(.get, "/v1/jobs/\(job)").json()
        let answer = bench.ask(
            .patch, "/v1/jobs/\(job)", fields: fields, body: #"{"priority":7,"labels":{"a":null,"c":"3"}}"#)
        #expect(answer.status == 200)
        let patched = try answer.json()
        #expect(patched["priority"]?.int == 7)
        #expect(patched["labels"] == .object([.init("b", .string("2")), .init("c", .string("3"))]))
        let members = try #require(before.members)
        #expect(members.count > 10)
        #expect(members.filter { patched[$0.name] != $0.value }.map(\.name).sorted() == ["labels", "priority", "spec"])
        let specMembers = try #require(before["spec"]?.members)
        #expect(
            specMembers.filter { patched["spec"]?[$0.name] != $0.value }.map(\.name).sorted() == ["labels", "priority"])
        let wrong = bench.ask(.patch, "/v1/jobs/\(job)", fields: fields, body: #"{"priority":101,"epochs":3}"#)
        #expect(wrong.status == 422)
        #expect(wrong.pointers == ["/epochs", "/priority"])
        #expect(try bench.ask(.get, "/v1/jobs/\(job)").json() == patched, "a patch that is refused changes nothing")
        var stale = fields
        stale[.ifMatch] = "\"1.0.1.json\""
        #expect(bench.ask(.patch, "/v1/jobs/\(job)", fields: stale, body: "{}").status == 412)
    }

    @Test func aListIsPagedWithoutMissingOrRepeating() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let submitted = try (0..<7).map { _ in try bench.submit(dataset, #","labels":{"team":"qa"}"#) }
        _ = try bench.submit(dataset)
        var seen: [String] = []
        var target: String? = "/v1/jobs?label=team:qa&page_size=3"
        while let next = target {
            let page = try bench.ask(.get, next).json()
            seen += (page["items"]?.elements ?? []).compactMap { $0["id"]?.text }
            target = page["next_page_token"]?.text.map { "/v1/jobs?label=team:qa&page_size=3&page_token=\($0)" }
        }
        #expect(seen == submitted.reversed())
        let token = try bench.ask(.get, "/v1/jobs?page_size=1").json()["next_page_token"]?.text ?? ""
        #expect(bench.ask(.get, "/v1/jobs?state=queued&page_token=\(token)").status == 400)
    }

    /// The colon and what follows it are one character to a reader, and so they are to Swift.
    @Test(arguments: [("👋", "🏻b"), ("a", "\u{301}"), ("\u{301}", "c"), ("x", ":y")])
    func labelsAreFoundWhateverTheyAreMadeOf(name: String, value: String) throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let labels = String(decoding: JSONValue.object([.init(name, .string(value))]).encoded, as: UTF8.self)
        let job = try bench.submit(dataset, #","labels":\#(labels)"#)
        _ = try bench.submit(dataset)
        let encoded = "\(name):\(value)".utf8.map { "%" + String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
        let items = try bench.ask(.get, "/v1/jobs?label=\(encoded)").json()["items"]?.elements
        #expect(items?.compactMap { $0["id"]?.text } == [job])
    }

    @Test func marksThatJoinACharacterCountInItsLength() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let marked = { (count: Int) in "e" + String(repeating: "\u{301}", count: count) }
        _ = try bench.submit(dataset, #","name":"\#(marked(199))""#)
        let refused = bench.ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json"],
            body: #"{"dataset":"\#(dataset)","tasks":[{"target":"y","type":"binary"}],"name":"\#(marked(200))"}"#)
        #expect(refused.status == 422 && refused.text.contains("200 characters"))
        let key = bench.ask(
            .post, "/v1/api-keys", fields: [.contentType: "application/json"],
            body: #"{"name":"\#(marked(200))","scopes":["read"]}"#)
        #expect(key.status == 422)
    }

    @Test func aFreshJobHasNoEpochsAndNoWeights() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        #expect(try bench.ask(.get, "/v1/jobs/\(job)/epochs").json()["items"]?.elements == [])
        let weights = try bench.ask(.get, "/v1/jobs/\(job)/task-weights").json()
        #expect(weights["tasks"] == .array([.string("digit")]))
        #expect(weights["epochs"] == .array([]))
        let csv = bench.ask(.get, "/v1/jobs/\(job)/task-weights", fields: [.accept: "text/csv"])
        #expect(csv.text == "epoch,digit\r\n")
        #expect(bench.ask(.get, "/v1/jobs/\(job)/epochs", fields: [.accept: "image/png"]).status == 406)
    }

    @Test func aWaitingRequestIsAnsweredByTheChange() async throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let prefer = try #require(HTTPField.Name("Prefer"))
        let tag = try #require(bench.ask(.get, "/v1/jobs/\(job)").fields[.eTag])
        let waiting = bench.begin(.get, "/v1/jobs/\(job)", fields: [prefer: "respond-async, wait=60"])
        #expect(bench.ask(.post, "/v1/jobs/\(job)/pause").status == 200)
        let answer = waiting.wait()
        #expect(try answer.json()["state"]?.text == "paused")
        #expect(answer.fields[try #require(HTTPField.Name("Preference-Applied"))] == "wait=60")
        // It has changed since the tag was made, so there is nothing to wait for.
        let known: HTTPFields = [prefer: "wait=60", .ifNoneMatch: tag]
        #expect(bench.ask(.get, "/v1/jobs/\(job)", fields: known).status == 200)
    }

    @Test func aWaitingRequestIsAnsweredWhenItsTimeIsUp() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let prefer = try #require(HTTPField.Name("Prefer"))
        let tag = try #require(bench.ask(.get, "/v1/jobs/\(job)").fields[.eTag])
        #expect(bench.ask(.get, "/v1/jobs/\(job)", fields: [prefer: "wait=0", .ifNoneMatch: tag]).status == 304)
        #expect(bench.ask(.get, "/v1/jobs/\(job)", fields: [prefer: "wait=0"]).fields[.retryAfter] == "1")
        #expect(bench.ask(.post, "/v1/jobs/\(job)/cancel").status == 200)
        let over = bench.ask(.get, "/v1/jobs/\(job)", fields: [prefer: "wait=60"])
        #expect(try over.json()["state"]?.text == "cancelled")
        #expect(over.fields[.retryAfter] == nil)
    }

    @Test(arguments: ["/v1/jobs", "/v1/datasets", "/v1/models"])
    func aListIsATableByAcceptAndByItsEnding(list: String) throws {
        let bench = try Bench()
        try bench.train()
        let byEnding = bench.ask(.get, list + ".csv")
        #expect(byEnding.fields[.contentType] == "text/csv; charset=utf-8")
        #expect(byEnding.text.hasPrefix("id,"))
        #expect(byEnding.text.split(separator: "\r\n").count == 2)
        #expect(bench.ask(.get, list, fields: [.accept: "text/csv"]).body == byEnding.body)
        let tag = try #require(byEnding.fields[.eTag])
        #expect(bench.ask(.get, list + ".csv", fields: [.ifNoneMatch: tag]).status == 304)
        #expect(bench.ask(.get, list, fields: [.ifNoneMatch: tag]).status == 200)
        #expect(bench.ask(.get, list + "?page_token=").status == 200)
        #expect(bench.ask(.get, "/v1/server.csv").status == 404)
    }
}
