import API
import HTTPTypes
import Jobs
import Testing

struct RoutingTests {
    @Test(arguments: ["/nothing", "/v1", "/v1/jobs/", "/v1//jobs", "/v1/datasets/x/y", "/v1/jobs/job_1", "/V1/jobs"])
    func anUnknownPathIs404(path: String) throws {
        let answer = try Bench().ask(.get, path)
        #expect(answer.status == 404)
        #expect(answer.code == "not-found")
        #expect(answer.fields[.contentType] == "application/problem+json")
    }

    @Test(
        arguments: [
            (.put, "/v1/jobs", ["GET", "HEAD", "POST"]), (.delete, "/v1/datasets", ["GET", "HEAD", "POST"]),
            (.post, "/healthz", ["GET", "HEAD"]), (.get, "/v1/jobs/x/cancel", ["POST"]), (.trace, "/healthz", ["GET"]),
        ] as [(HTTPRequest.Method, String, [String])])
    func aKnownPathWithTheWrongMethodIs405WithAllow(
        method: HTTPRequest.Method, path: String, allowed: [String]
    ) throws {
        let answer = try Bench().ask(method, path)
        #expect(answer.status == 405)
        let allow = try #require(answer.fields[.allow]).split(separator: ",").map { $0.drop { $0 == " " } }
        for method in allowed { #expect(allow.contains(method[...])) }
    }

    @Test func optionsNamesTheMethodsOfAPathAndOfTheServer() throws {
        let bench = try Bench()
        let path = bench.ask(.options, "/v1/jobs")
        #expect(path.status == 204)
        #expect(path.fields[.allow]?.contains("POST") == true)
        #expect(bench.ask(.options, "*").status == 204)
        #expect(bench.ask(.options, "/nothing").status == 404)
    }

    @Test func headGoesWhereGetGoes() throws {
        #expect(try Bench().ask(.head, "/healthz").status == 200)
    }

    @Test(arguments: [
        "/v1/jobs?stat=queued", "/v1/jobs?state=quiet", "/v1/jobs?page_size=0", "/v1/jobs?page_size=x",
        "/v1/jobs?page_token=x", "/v1/jobs?state=queued&state=queued", "/v1/jobs?state=%zz", "/v1/jobs?label=x",
        "/v1/jobs?dataset=x", "/v1/jobs?created_from=today", "/v1/jobs/%ff",
    ])
    func aQueryThatSaysNothingHereIsRefused(target: String) throws {
        let answer = try Bench().ask(.get, target)
        #expect(answer.status == 400)
        #expect(answer.code == "malformed-request")
    }

    @Test(arguments: ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]:80", nil])
    func aLoopbackHostIsAnswered(authority: String?) throws {
        #expect(try Bench().ask(.get, "/v1/jobs", authority: authority).status == 200)
    }

    @Test(arguments: ["example.com", "127.0.0.1.example.com", "localhost.example.com", "[::2]", "10.0.0.1"])
    func aForeignHostIsMisdirected(authority: String) throws {
        let answer = try Bench().ask(.get, "/v1/jobs", authority: authority)
        #expect(answer.status == 421)
    }

    @Test func aForeignOriginIsForbiddenUnlessAllowed() throws {
        let foreign: HTTPFields = [.origin: "http://example.com"]
        #expect(try Bench().ask(.get, "/v1/jobs", fields: foreign).status == 403)
        #expect(try Bench().ask(.get, "/v1/jobs", fields: [.origin: "null"]).status == 403)
        #expect(try Bench().ask(.get, "/v1/jobs", fields: [.origin: "http://127.0.0.1:8080"]).status == 200)
        let open = try Bench { $0.corsOrigins = ["http://example.com"] }.ask(.get, "/v1/jobs", fields: foreign)
        #expect(open.status == 200)
        #expect(open.fields[.accessControlAllowOrigin] == "http://example.com")
    }

    @Test func everyProblemTypeHasItsPage() throws {
        let bench = try Bench()
        let items = try #require(try bench.ask(.get, "/v1/errors").json()["items"]?.elements)
        #expect(items.count == 34)
        for item in items {
            let type = try #require(item["type"]?.text)
            let page = bench.ask(.get, type)
            #expect(page.status == 200)
            #expect(try page.json() == item)
        }
        #expect(bench.ask(.get, "/v1/errors/nothing").status == 404)
    }

    @Test(arguments: JobFailure.Code.allCases)
    func whatAJobFailsWithHasItsPage(_ code: JobFailure.Code) throws {
        #expect(try Bench().ask(.get, "/v1/errors/\(code.rawValue)").status == 200)
    }

    @Test func aBrowserOfAnAllowedOriginMayAskAndRead() throws {
        let bench = try Bench { $0.corsOrigins = ["http://example.com"] }
        let method = try #require(HTTPField.Name("Access-Control-Request-Method"))
        let preflight = bench.ask(
            .options, "/v1/jobs", fields: [.origin: "http://example.com", method: "POST"])
        #expect(preflight.status == 204)
        #expect(preflight.fields[.accessControlAllowMethods]?.contains("POST") == true)
        #expect(preflight.fields[.accessControlAllowHeaders]?.contains("Idempotency-Key") == true)
        #expect(preflight.fields[.accessControlAllowOrigin] == "http://example.com")
        let answer = bench.ask(.get, "/v1/jobs", fields: [.origin: "http://example.com"])
        #expect(answer.fields[.accessControlExposeHeaders]?.contains("ETag") == true)
        #expect(answer.fields[.vary] == "Accept, Accept-Encoding, Origin")
        let plain = try Bench().ask(.options, "/v1/jobs", fields: [.origin: "http://127.0.0.1:8080", method: "POST"])
        #expect(plain.fields[.accessControlAllowMethods] == nil)
    }

    @Test func everyAnswerKeepsBrowsersInBounds() throws {
        let bench = try Bench()
        for target in ["/v1/jobs", "/nothing", "/healthz"] {
            let answer = bench.ask(.get, target)
            #expect(answer.fields[.xContentTypeOptions] == "nosniff")
            #expect(
                answer.fields[.contentSecurityPolicy]
                    == "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
        }
    }

    @Test func theDashboardIsOneFileThatAsksThisServerOnly() throws {
        let page = try Bench().ask(.get, "/")
        #expect(page.status == 200)
        #expect(page.fields[.contentType] == "text/html; charset=utf-8")
        let policy = try #require(page.fields[.contentSecurityPolicy])
        #expect(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"))
        #expect(policy.matches(of: /'sha256-[A-Za-z0-9+\/]{43}='/).count == 2)
        for outside in [" src=", "@import", "url(", " style=", " onclick=", "innerHTML"] {
            #expect(!page.text.contains(outside), "\(outside)")
        }
    }
}
