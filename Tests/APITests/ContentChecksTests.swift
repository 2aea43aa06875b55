import Datasets
import HTTPTypes
import Jobs
import Testing

/// What only the contents of a data set tell is told at submission too.
struct ContentChecksTests {
    private static let json: HTTPFields = [.contentType: "application/json"]

    private static func job(_ dataset: String) -> String {
        #"{"dataset":"\#(dataset)","tasks":[{"target":"digit","type":"classification"}]}"#
    }

    private static func comparison(_ dataset: String) -> String {
        """
        {"base":{"dataset":"\(dataset)","test":{"fraction":0.2},"epochs":1,
         "tasks":[{"target":"digit","type":"classification"},{"target":"price","type":"regression"}]},
         "strategies":[{"strategy":"adaptive"}],"seeds":2}
        """
    }

    @Test(arguments: [
        ("/v1/jobs", "/tasks/0/target"), ("/v1/jobs?validate_only=true", "/tasks/0/target"),
        ("/v1/comparisons", "/base/tasks/0/target"), ("/v1/comparisons?validate_only=true", "/base/tasks/0/target"),
    ])
    func labelsThatCannotBeTrainedOnAreRefusedWithTheirPlace(path: String, pointer: String) throws {
        let bench = try Bench(checkTargets: { _, _ in
            throw InvalidSpec(problems: [Problem(pointer: "/tasks/0/target", detail: "a single class", row: 3)])
        })
        let dataset = try bench.upload()
        let body = path.contains("jobs") ? Self.job(dataset) : Self.comparison(dataset)
        let answer = bench.ask(.post, path, fields: Self.json, body: body)
        #expect(answer.status == 422)
        let problem = try #require(try answer.json()["errors"]?.elements?.first)
        #expect(problem["pointer"]?.text == pointer && problem["row"]?.int == 3)
        #expect(try bench.ask(.get, "/v1/jobs").json()["items"]?.elements == [])
    }

    @Test(arguments: ["/v1/jobs", "/v1/comparisons"])
    func aFileThatCannotBeReadNowMayBeReadLater(path: String) throws {
        let bench = try Bench(checkTargets: { _, _ in throw DatasetError("no descriptors", kind: .unreadable(24)) })
        let dataset = try bench.upload()
        let body = path.contains("jobs") ? Self.job(dataset) : Self.comparison(dataset)
        let answer = bench.ask(.post, path, fields: Self.json, body: body)
        #expect(answer.status == 503)
        #expect(answer.fields[.retryAfter] != nil)
        #expect(try answer.json()["detail"]?.text?.contains("descriptors") == false)
    }

    @Test(arguments: ["/v1/jobs?validate_only=true", "/v1/comparisons?validate_only=true"])
    func aModelThatCannotBeReadNowMayExist(path: String) throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let model = #""initial_model":"mdl_01890a5d-ac96-774b-bcce-b302099a8057","dataset":"#
        let body = (path.contains("jobs") ? Self.job(dataset) : Self.comparison(dataset))
            .replacing(#""dataset":"#, with: model)
        #expect(bench.ask(.post, path, fields: Self.json, body: body).text.contains("no such model"))
        try bench.loseDatabase()
        let answer = bench.ask(.post, path, fields: Self.json, body: body)
        #expect(answer.status == 503)
        #expect(answer.fields[.retryAfter] != nil)
    }
}
