import API
import HTTPTypes
import Jobs
import Testing

struct ListOrderAPITests {
    /// Walks all pages and returns one member of each item.
    private static func walk(_ bench: Bench, _ target: String, _ member: String, pageSize: Int = 2) throws
        -> [JSONValue]
    {
        var (found, token): ([JSONValue], String) = ([], "")
        repeat {
            let separator = target.contains("?") ? "&" : "?"
            let page = bench.ask(.get, "\(target)\(separator)page_size=\(pageSize)&page_token=\(token)")
            #expect(page.status == 200)
            let json = try page.json()
            found += (json["items"]?.elements ?? []).compactMap { $0[member] }
            token = json["next_page_token"]?.text ?? ""
        } while !token.isEmpty
        return found
    }

    private static func makeJobs(_ bench: Bench) throws {
        let dataset = try bench.upload()
        for (name, priority) in [("b", 1), ("a", 2), ("ü", 0), ("b", 2), ("", 1)] {
            let member = name.isEmpty ? "" : #","name":"\#(name)""#
            _ = try bench.submit(dataset, "\(member),\"priority\":\(priority)")
        }
    }

    @Test(arguments: [
        ("name", ["", "a", "b", "b", "ü"]), ("name asc", ["", "a", "b", "b", "ü"]),
        ("name desc", ["ü", "b", "b", "a", ""]), ("created_at", ["b", "a", "ü", "b", ""]),
        ("created_at desc", ["", "b", "ü", "a", "b"]),
    ])
    func jobsComeInTheOrderAskedForPageByPage(order: String, names: [String]) throws {
        let bench = try Bench()
        try Self.makeJobs(bench)
        let escaped = order.replacing(" ", with: "%20")
        for pageSize in [1, 2, 5] {
            let found = try Self.walk(bench, "/v1/jobs?order_by=\(escaped)", "name", pageSize: pageSize)
            #expect(found.map { $0.text ?? "" } == names)
        }
    }

    @Test func whatIsAlikeGoesByTheTimeItWasMade() throws {
        let bench = try Bench()
        try Self.makeJobs(bench)
        let priorities = try Self.walk(bench, "/v1/jobs?order_by=priority+desc", "priority").compactMap(\.int)
        #expect(priorities == [2, 2, 1, 1, 0])
        let ids = try Self.walk(bench, "/v1/jobs?order_by=priority", "id").compactMap(\.text)
        let byTime = try Self.walk(bench, "/v1/jobs?order_by=created_at", "id").compactMap(\.text)
        #expect(ids == [byTime[2], byTime[0], byTime[4], byTime[1], byTime[3]])
    }

    @Test func jobsThatAreNotOverFinishLast() throws {
        let bench = try Bench()
        try Self.makeJobs(bench)
        let ids = try Self.walk(bench, "/v1/jobs?order_by=created_at", "id").compactMap(\.text)
        for id in [ids[3], ids[1]] {
            bench.clock.advance(seconds: 1)
            #expect(bench.ask(.post, "/v1/jobs/\(id)/cancel").status == 200)
        }
        let found = try Self.walk(bench, "/v1/jobs?order_by=finished_at", "id").compactMap(\.text)
        #expect(found == [ids[3], ids[1], ids[0], ids[2], ids[4]])
    }

    @Test func whatIsInsertedMeanwhileMovesNothing() throws {
        let bench = try Bench()
        try Self.makeJobs(bench)
        let target = "/v1/jobs?order_by=name&page_size=2"
        let first = try bench.ask(.get, target).json()
        try Self.makeJobs(bench)
        let second = try bench.ask(.get, "\(target)&page_token=\(first["next_page_token"]?.text ?? "")").json()
        let names = (second["items"]?.elements ?? []).map { $0["name"]?.text ?? "" }
        #expect(names == ["a", "b"], "those behind the last one seen, the new ones among them")
    }

    @Test func aTokenBelongsToItsOrder() throws {
        let bench = try Bench()
        try Self.makeJobs(bench)
        let token = try #require(
            try bench.ask(.get, "/v1/jobs?order_by=name&page_size=1").json()["next_page_token"]?.text)
        for other in ["", "order_by=priority&", "order_by=name+desc&", "order_by=name&state=queued&"] {
            #expect(bench.ask(.get, "/v1/jobs?\(other)page_token=\(token)").status == 400)
        }
        for torn in [token + "0", String(token.dropLast()), token + "-", token.replacing("-t", with: "-x")] {
            #expect([200, 400].contains(bench.ask(.get, "/v1/jobs?order_by=name&page_token=\(torn)").status))
        }
    }

    @Test(arguments: [
        "size", "name down", "name,priority", "NAME", "name desc desc", "spec", "", "name  desc",
        "name; DROP TABLE jobs",
    ])
    func anOrderThatIsNotOfferedIsRefused(order: String) throws {
        let escaped = order.replacing(" ", with: "%20").replacing(";", with: "%3B")
        let answer = try Bench().ask(.get, "/v1/jobs?order_by=\(escaped)")
        #expect(answer.status == 400)
        #expect(answer.text.contains("created_at, finished_at, name, priority"))
    }

    @Test func dataSetsAndModelsAreOrderedToo() throws {
        let bench = try Bench()
        for (name, rows) in [("b", 3), ("a", 9), ("c", 5)] {
            let body = "x,y\n" + String(repeating: "1,2\n", count: rows)
            let answer = bench.ask(.post, "/v1/datasets?name=\(name)", fields: [.contentType: "text/csv"], body: body)
            #expect(answer.status == 201)
        }
        #expect(
            try Self.walk(bench, "/v1/datasets?order_by=name", "name", pageSize: 1).compactMap(\.text) == [
                "a", "b", "c",
            ])
        #expect(try Self.walk(bench, "/v1/datasets?order_by=bytes+desc", "rows").compactMap(\.int) == [9, 5, 3])
        #expect(try Self.walk(bench, "/v1/datasets?order_by=rows", "rows").compactMap(\.int) == [3, 5, 9])
        #expect(bench.ask(.get, "/v1/models?order_by=bytes").status == 200)
        #expect(bench.ask(.get, "/v1/datasets.csv?order_by=name").text.contains(",a,"))
    }
}
