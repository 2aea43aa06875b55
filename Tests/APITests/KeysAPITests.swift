import API
import HTTPTypes
import JobStore
import Jobs
import Testing

struct KeysAPITests {
    private struct Key {
        let id: String
        let secret: String

        var fields: HTTPFields { [.authorization: "Bearer " + secret, .contentType: "application/json"] }
    }

    private static let json: HTTPFields = [.contentType: "application/json"]

    private static func make(
        _ bench: Bench, _ scopes: String, owner: String = "local", members: String = "", as admin: Key? = nil
    ) throws -> Key {
        let answer = bench.ask(
            .post, "/v1/api-keys", fields: admin?.fields ?? json,
            body: #"{"name":"k","owner":"\#(owner)","scopes":[\#(scopes)]\#(members)}"#)
        #expect(answer.status == 201)
        let value = try answer.json()
        return Key(id: try #require(value["id"]?.text), secret: try #require(value["secret"]?.text))
    }

    @Test func theFirstKeyClosesTheDoor() throws {
        let bench = try Bench()
        #expect(bench.ask(.get, "/v1/jobs").status == 200)
        let admin = try Self.make(bench, #""admin""#)
        let refused = bench.ask(.get, "/v1/jobs")
        #expect(refused.status == 401)
        #expect(refused.fields[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
        #expect(bench.ask(.get, "/v1/jobs", fields: admin.fields).status == 200)
        #expect(bench.ask(.get, "/v1/jobs", fields: admin.fields, authority: "example.com").status == 200)
        for open in ["/healthz", "/readyz", "/openapi.yaml", "/v1/errors"] {
            #expect(bench.ask(.get, open).status == 200)
        }
        // The last key is revoked, and still nobody gets in without one.
        #expect(bench.ask(.delete, "/v1/api-keys/\(admin.id)", fields: admin.fields).status == 204)
        #expect(bench.ask(.get, "/v1/jobs", fields: admin.fields).status == 401)
        #expect(bench.ask(.get, "/v1/jobs").status == 401)
    }

    @Test(arguments: ["Bearer", "Bearer x", "Basic eA==", "", "Bearer  ", "bearer tnb_"])
    func whatIsNoKeyIsRefused(authorization: String) throws {
        let bench = try Bench({ $0.requiresKey = true })
        let answer = bench.ask(.get, "/v1/jobs", fields: [.authorization: authorization])
        #expect(answer.status == 401)
        #expect(answer.code == "unauthenticated")
    }

    @Test func aKeyWithOneWrongCharacterIsRefused() throws {
        let bench = try Bench()
        let admin = try Self.make(bench, #""admin""#)
        let last = admin.secret.last == "A" ? "B" : "A"
        let wrong = String(admin.secret.dropLast()) + last
        #expect(bench.ask(.get, "/v1/jobs", fields: [.authorization: "Bearer " + wrong]).status == 401)
        #expect(bench.ask(.get, "/v1/jobs", fields: [.authorization: "BEARER " + admin.secret]).status == 200)
    }

    @Test func aKeyDoesWhatItsScopesAllow() throws {
        let bench = try Bench()
        let admin = try Self.make(bench, #""admin""#)
        let reader = try Self.make(bench, #""read""#, as: admin)
        let writer = try Self.make(bench, #""write""#, as: admin)
        #expect(bench.ask(.get, "/v1/jobs", fields: reader.fields).status == 200)
        let refused = bench.ask(.post, "/v1/jobs", fields: reader.fields, body: "{}")
        #expect(refused.status == 403)
        #expect(refused.fields[.wwwAuthenticate]?.contains("scope=\"write\"") == true)
        #expect(bench.ask(.post, "/v1/jobs", fields: writer.fields, body: "{}").status == 422)
        #expect(bench.ask(.get, "/v1/jobs", fields: writer.fields).status == 403)
        #expect(bench.ask(.get, "/v1/api-keys", fields: reader.fields).status == 403)
    }

    @Test func anotherOwnersThingsAreNotThere() throws {
        let bench = try Bench()
        let admin = try Self.make(bench, #""admin""#)
        let ann = try Self.make(bench, #""read","write""#, owner: "ann", as: admin)
        let bob = try Self.make(bench, #""read","write""#, owner: "bob", as: admin)
        var upload = ann.fields
        upload[.contentType] = "text/csv"
        let dataset = try #require(
            try bench.ask(.post, "/v1/datasets?name=a", fields: upload, body: Bench.csv).json()["id"]?.text)
        let job = try #require(
            try bench.ask(.post, "/v1/jobs", fields: ann.fields, body: Bench.spec(dataset)).json()["id"]?.text)
        for target in [
            "/v1/datasets/\(dataset)", "/v1/jobs/\(job)", "/v1/jobs/\(job)/epochs", "/v1/jobs/\(job)/events",
        ] {
            #expect(bench.ask(.get, target, fields: ann.fields).status == 200)
            #expect(bench.ask(.get, target, fields: admin.fields).status == 200)
            #expect(bench.ask(.get, target, fields: bob.fields).status == 404)
        }
        #expect(bench.ask(.post, "/v1/jobs/\(job)/cancel", fields: bob.fields).status == 404)
        #expect(bench.ask(.post, "/v1/jobs", fields: bob.fields, body: Bench.spec(dataset)).status == 422)
        #expect(try bench.ask(.get, "/v1/jobs", fields: bob.fields).json()["items"]?.elements == [])
        #expect(try bench.ask(.get, "/v1/events", fields: bob.fields).json()["items"]?.elements == [])
    }

    @Test func aSecretIsShownOnceAndNeverKept() throws {
        let bench = try Bench()
        let key = try #require(HTTPField.Name("Idempotency-Key"))
        var fields = Self.json
        fields[key] = "once"
        let body = #"{"name":"first","scopes":["admin"]}"#
        let first = try bench.ask(.post, "/v1/api-keys", fields: fields, body: body).json()
        let secret = try #require(first["secret"]?.text)
        let admin: HTTPFields = [.authorization: "Bearer " + secret]
        fields[.authorization] = "Bearer " + secret
        let again = bench.ask(.post, "/v1/api-keys", fields: fields, body: body)
        #expect(again.status == 201)
        #expect(try again.json()["id"] == first["id"])
        #expect(try again.json()["secret"] == .null)
        let shown = bench.ask(.get, "/v1/api-keys/\(first["id"]?.text ?? "")", fields: admin)
        #expect(shown.status == 200)
        #expect(try shown.json()["secret"] == nil)
        #expect(!bench.ask(.get, "/v1/api-keys", fields: admin).text.contains(secret))
    }

    @Test(
        arguments: [
            ("{}", ["/name", "/scopes"]), (#"{"name":"","scopes":["root"]}"#, ["/name", "/scopes"]),
            (#"{"name":"a","scopes":["read","read"]}"#, ["/scopes"]),
            (#"{"name":"a","scopes":["read"],"owner":"A b"}"#, ["/owner"]),
            (#"{"name":"a","scopes":["read"],"expires_at":"2001-01-01T00:00:00Z"}"#, ["/expires_at"]),
            (#"{"name":"a","scopes":["read"],"expires":1}"#, ["/expires"]),
        ])
    func aKeyThatCannotBeIsRefusedAndClosesNothing(body: String, pointers: [String]) throws {
        let bench = try Bench()
        let answer = bench.ask(.post, "/v1/api-keys", fields: Self.json, body: body)
        #expect(answer.status == 422)
        #expect(answer.pointers == pointers)
        #expect(bench.ask(.get, "/v1/jobs").status == 200)
    }

    @Test func anExpiredKeyIsNone() throws {
        let bench = try Bench()
        let key = try Self.make(bench, #""admin""#, members: #","expires_at":"2027-01-15T08:00:01Z""#)
        #expect(bench.ask(.get, "/v1/jobs", fields: key.fields).status == 200)
        bench.clock.advance(seconds: 2)
        #expect(bench.ask(.get, "/v1/jobs", fields: key.fields).status == 401)
    }

    @Test func everyChangeIsInTheAuditLog() throws {
        let bench = try Bench()
        let admin = try Self.make(bench, #""admin""#)
        #expect(bench.ask(.post, "/v1/jobs", fields: admin.fields, body: "{}").status == 422)
        let ann = try Self.make(bench, #""read""#, owner: "ann", as: admin)
        var fields = admin.fields
        fields[.contentType] = "text/csv"
        let uploaded = bench.ask(.post, "/v1/datasets?name=d", fields: fields, body: Bench.csv)
        let dataset = try #require(try uploaded.json()["id"]?.text)
        fields[.contentType] = "application/json"
        fields[try #require(HTTPField.Name("Idempotency-Key"))] = "once"
        #expect(
            bench.ask(.post, "/v1/jobs?validate_only=true", fields: fields, body: Bench.spec(dataset)).status == 200)
        for _ in 1...2 {
            #expect(bench.ask(.post, "/v1/jobs", fields: fields, body: Bench.spec(dataset)).status == 202)
        }
        #expect(bench.ask(.delete, "/v1/api-keys/\(ann.id)", fields: admin.fields).status == 204)
        let items = try #require(try bench.ask(.get, "/v1/audit-log", fields: admin.fields).json()["items"]?.elements)
        #expect(
            items.compactMap { $0["action"]?.text } == [
                "DELETE /v1/api-keys/{id}", "POST /v1/jobs", "POST /v1/datasets", "POST /v1/api-keys",
                "POST /v1/api-keys",
            ])
        #expect(items[0]["key"]?.text == admin.id)
        #expect(items[0]["target"]?.text == "/v1/api-keys/\(ann.id)")
        #expect(items[0]["peer"]?.text == "127.0.0.1")
        #expect(items[4]["key"] == .null)
    }

    @Test func noRouteChangesAnythingWithoutTheAuditLog() throws {
        let bench = try Bench()
        let key = try bench.ask(.post, "/v1/api-keys", fields: Self.json, body: #"{"name":"k","scopes":["admin"]}"#)
            .json()
        let (id, secret) = (try #require(key["id"]?.text), try #require(key["secret"]?.text))
        let fields: HTTPFields = [.authorization: "Bearer " + secret, .contentType: "application/json"]
        func ask(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, type: String? = nil) -> JSONValue?
        {
            var fields = fields
            if let type { fields[.contentType] = type }
            let answer = bench.ask(method, path, fields: fields, body: body)
            #expect((200..<300).contains(answer.status), "\(method) \(path): \(answer.text)")
            return try? answer.json()
        }
        let dataset = try #require(ask(.post, "/v1/datasets?name=d", Bench.csv, type: "text/csv")?["id"]?.text)
        let job = try #require(ask(.post, "/v1/jobs", Bench.spec(dataset))?["id"]?.text)
        _ = ask(.patch, "/v1/jobs/\(job)", #"{"priority":1}"#, type: "application/merge-patch+json")
        for command in ["pause", "resume"] { _ = ask(.post, "/v1/jobs/\(job)/\(command)") }
        let lease = try bench.claim().lease
        _ = try bench.store.beginEpoch(1, under: lease).commitAndWait()
        _ = ask(.post, "/v1/jobs/\(job)/stop")
        _ = try bench.store.succeed(lease, .stopped, model: TestModel.model, runningMilliseconds: 1).commitAndWait()
        let model = try #require(ask(.get, "/v1/jobs/\(job)")?["model"]?.text)
        _ = ask(.delete, "/v1/models/\(model)")
        let cancelled = try #require(ask(.post, "/v1/jobs", Bench.spec(dataset))?["id"]?.text)
        _ = ask(.post, "/v1/jobs/\(cancelled)/cancel")
        let comparison = try #require(
            ask(
                .post, "/v1/comparisons",
                """
                {"base":{"dataset":"\(dataset)","test":{"fraction":0.2},"tasks":[
                {"target":"digit","type":"classification"},{"target":"price","type":"regression"}]},
                "seeds":2,"strategies":[{"strategy":"adaptive"},{"strategy":"uncertainty"}]}
                """)?["id"]?.text)
        _ = ask(.delete, "/v1/comparisons/\(comparison)")
        for other in ask(.get, "/v1/jobs")?["items"]?.elements ?? [] {
            _ = ask(.delete, "/v1/jobs/\(other["id"]?.text ?? "")")
        }
        _ = ask(.delete, "/v1/datasets/\(dataset)")
        let actions = Set(
            (ask(.get, "/v1/audit-log?page_size=500")?["items"]?.elements ?? []).compactMap { $0["action"]?.text })
        let reading = ["POST /v1/models/{id}/predict", "POST /v1/models/{id}/tokens"]
        let changing = Set(
            bench.api.table.routes.filter { $0.method != .get }.map { "\($0.method.rawValue) \($0.template)" }
        ).subtracting(reading)
        #expect(changing.subtracting(actions) == ["DELETE /v1/api-keys/{id}"])
        _ = bench.ask(.delete, "/v1/api-keys/\(id)", fields: fields)
        #expect(try bench.store.auditLog(PageRequest(size: 1)).items.first?.action == "DELETE /v1/api-keys/{id}")
    }

    @Test func aKeyThatAsksTooOftenIsToldWhenToComeBack() throws {
        let bench = try Bench({ $0.requestsPerKeyAndMinute = 3 })
        let admin = try Self.make(bench, #""admin""#)
        let limit = try #require(HTTPField.Name("RateLimit"))
        for left in [2, 1, 0] {
            let answer = bench.ask(.get, "/v1/jobs", fields: admin.fields)
            #expect(answer.status == 200)
            #expect(answer.fields[limit]?.contains("r=\(left);") == true)
        }
        let refused = bench.ask(.get, "/v1/jobs", fields: admin.fields)
        #expect(refused.status == 429)
        #expect(refused.code == "rate-limited")
        #expect(refused.fields[.retryAfter] == "20")
        #expect(bench.ask(.get, "/healthz", fields: admin.fields).status == 200)
        bench.clock.advance(seconds: 20)
        #expect(bench.ask(.get, "/v1/jobs", fields: admin.fields).status == 200)
    }

    @Test func noMoreAnswersAreKeptUnderKeysThanAnOwnerMayHave() throws {
        var limits = StoreLimits()
        limits.replaysPerOwnerMax = 2
        let bench = try Bench(limits: limits)
        let body = Bench.spec(try bench.upload())
        func submit(_ key: String, _ body: String) throws -> Bench.Answer {
            var fields = Self.json
            fields[try #require(HTTPField.Name("Idempotency-Key"))] = key
            return bench.ask(.post, "/v1/jobs", fields: fields, body: body)
        }
        #expect(try submit("a", body).status == 202)
        #expect(try submit("b", "{}").status == 422)
        for body in [body, "{}"] {
            let refused = try submit("c", body)
            #expect(refused.status == 429 && refused.code == "quota-exceeded")
            #expect(refused.fields[.retryAfter] == "86400")
            #expect(try refused.json()["detail"]?.text?.contains("Idempotency-Key") == true)
        }
        #expect(try submit("a", body).status == 202)
        #expect(try submit("b", "{}").status == 422)
        #expect(try bench.ask(.get, "/v1/jobs").json()["items"]?.elements?.count == 1)
    }

    @Test func anOwnerStaysWithinTheQuota() throws {
        var limits = StoreLimits()
        limits.queuedJobsPerOwnerMax = 1
        limits.storedBytesPerOwnerMax = 6_000
        let bench = try Bench(limits: limits)
        let dataset = try bench.upload()
        let job = try bench.submit(dataset)
        let refused = bench.ask(.post, "/v1/jobs", fields: Self.json, body: Bench.spec(dataset))
        #expect(refused.status == 403)
        #expect(refused.code == "quota-exceeded")
        #expect(bench.ask(.post, "/v1/jobs/\(job)/cancel").status == 200)
        #expect(bench.ask(.post, "/v1/jobs", fields: Self.json, body: Bench.spec(dataset)).status == 202)
        let upload = bench.ask(
            .post, "/v1/datasets?name=b", fields: [.contentType: "text/csv"],
            body: Bench.csv + String(repeating: "\n6.5,red,2,60", count: 500))
        #expect(upload.code == "quota-exceeded")
        #expect(try bench.uploadedFiles().count == 1)
    }
}
