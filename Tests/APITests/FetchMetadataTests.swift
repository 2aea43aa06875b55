import API
import HTTPTypes
import Jobs
import Testing

/// Without keys, pages of other sites get nothing, and their browsers say that it is they who ask.
struct FetchMetadataTests {
    private static func fields(_ site: String, _ mode: String?, _ origin: String?) throws -> HTTPFields {
        var fields: HTTPFields = [try #require(HTTPField.Name("Sec-Fetch-Site")): site]
        if let mode { fields[try #require(HTTPField.Name("Sec-Fetch-Mode"))] = mode }
        if let origin { fields[.origin] = origin }
        return fields
    }

    @Test(
        arguments: [
            // An image, a script, a form, a link to something other than the dashboard.
            ("cross-site", "no-cors", "/v1/jobs", nil, 403), ("same-site", "no-cors", "/v1/jobs", nil, 403),
            ("cross-site", "navigate", "/v1/backup", nil, 403), ("cross-site", "navigate", "/healthz", nil, 403),
            ("cross-site", nil, "/", nil, 403), ("cross-site", "cors", "/v1/jobs", "https://b.example", 403),
            // A link to the dashboard, and a page that is allowed to ask.
            ("cross-site", "navigate", "/", nil, 200), ("cross-site", "navigate", "/?x", nil, 400),
            ("cross-site", "cors", "/v1/jobs", "https://a.example", 200),
            // The dashboard itself, what a user typed, and whoever is no browser.
            ("same-origin", "cors", "/v1/jobs", nil, 200), ("none", "navigate", "/v1/jobs", nil, 200),
        ] as [(String, String?, String, String?, Int)])
    func aRequestOfAnotherSiteIsRefusedWithoutKeys(
        site: String, mode: String?, target: String, origin: String?, status: Int
    ) throws {
        let bench = try Bench({ $0.corsOrigins = ["https://a.example"] })
        let answer = bench.ask(.get, target, fields: try Self.fields(site, mode, origin))
        #expect(answer.status == status)
        #expect((answer.code == "forbidden") == (status == 403))
    }

    @Test func withKeysThatFieldMeansNothing() throws {
        let bench = try Bench()
        let admin = try bench.makeKey("admin")
        var fields = admin.fields
        fields.append(contentsOf: try Self.fields("cross-site", "cors", nil))
        #expect(bench.ask(.get, "/v1/jobs", fields: fields).status == 200)
    }

    @Test(arguments: ["/", "/v1/jobs", "/nothing", "/openapi.yaml", "/healthz"])
    func everyAnswerKeepsOtherSitesFromShowingIt(target: String) throws {
        let answer = try Bench().ask(.get, target)
        #expect(answer.fields[.crossOriginResourcePolicy] == "same-origin")
    }
}
