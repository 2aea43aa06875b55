import API
import HTTPTypes
import Jobs
import Testing

/// Names come from clients, and go to terminals, logs and spreadsheets.
struct NamesAndTablesTests {
    private static let json: HTTPFields = [.contentType: "application/json"]

    @Test(arguments: [#"\n"#, #"\u001b[31m"#, #"\u0000"#, #"\u007f"#, #"\u0085"#])
    func noNameHasAControlCharacter(text: String) throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let name = "a" + text
        let key = bench.ask(
            .post, "/v1/api-keys", fields: Self.json, body: #"{"name":"\#(name)","scopes":["read"]}"#)
        #expect(key.status == 422 && key.pointers == ["/name"])
        let job = bench.ask(
            .post, "/v1/jobs", fields: Self.json,
            body: Bench.spec(dataset, #","name":"\#(name)","labels":{"\#(name)":"x","team":"\#(name)"}"#))
        #expect(job.status == 422)
        #expect(job.pointers.count == 3 && job.pointers.contains("/name"))
        let task = bench.ask(
            .post, "/v1/jobs", fields: Self.json,
            body: #"{"dataset":"\#(dataset)","tasks":[{"name":"\#(name)","target":"digit","type":"classification"}]}"#)
        #expect(task.pointers == ["/tasks/0/name"])
        let comparison = bench.ask(
            .post, "/v1/comparisons", fields: Self.json, body: #"{"name":"\#(name)"}"#)
        #expect(comparison.pointers.contains("/name"))
        let held = try bench.submit(dataset)
        let patched = bench.ask(.patch, "/v1/jobs/\(held)", fields: Self.json, body: #"{"name":"\#(name)"}"#)
        #expect(patched.pointers == ["/name"])
    }

    @Test(arguments: ["%0A", "%1B[31m", "%00", "%7F", "%C2%85"])
    func noDataSetHasAControlCharacterInItsName(text: String) throws {
        let answer = try Bench().ask(
            .post, "/v1/datasets?name=a\(text)", fields: [.contentType: "text/csv"], body: Bench.csv)
        #expect(answer.status == 422 && answer.code == "invalid-spec")
    }

    private static let formulas = """
        text,number
        =1+1,-1
        +1+x,-2
        -x,3
        @SUM(A1),4
        plain,5
        """

    @Test func aTextThatASpreadsheetWouldRunIsMarked() throws {
        let bench = try Bench()
        let uploaded = bench.ask(
            .post, "/v1/datasets?name=%3Dx", fields: [.contentType: "text/csv"], body: Self.formulas)
        let id = try #require(try uploaded.json()["id"]?.text)
        #expect(
            bench.ask(.get, "/v1/datasets/\(id)/rows.csv").text
                == "text,number\r\n'=1+1,-1\r\n'+1+x,-2\r\n'-x,3\r\n'@SUM(A1),4\r\nplain,5\r\n")
        #expect(
            bench.ask(.get, "/v1/datasets/\(id)/rows.csv?raw=true").text
                == "text,number\r\n=1+1,-1\r\n+1+x,-2\r\n-x,3\r\n@SUM(A1),4\r\nplain,5\r\n")
        #expect(bench.ask(.get, "/v1/datasets.csv").text.contains(",'=x,csv,"))
        #expect(bench.ask(.get, "/v1/datasets.csv?raw=true").text.contains(",=x,csv,"))
        #expect(bench.ask(.get, "/v1/datasets?raw=maybe", fields: [.accept: "text/csv"]).status == 400)
        // JSON is nobody's spreadsheet.
        #expect(bench.ask(.get, "/v1/datasets").text.contains(#""name":"=x""#))
    }

    @Test func tasksAreMarkedInEveryTable() throws {
        let bench = try Bench()
        let job = try bench.train(task: "=digit")
        for (table, marked) in [("epochs", ",'=digit,"), ("task-weights", "epoch,'=digit\r\n")] {
            let text = bench.ask(.get, "/v1/jobs/\(job)/\(table).csv").text
            #expect(text.contains(marked))
            #expect(bench.ask(.get, "/v1/jobs/\(job)/\(table).csv?raw=true").text == text.replacing("'", with: ""))
        }
    }

    @Test(
        arguments: [
            ("\ttab", "'\ttab"), ("\rreturn", "\"'\rreturn\""), ("a=b", "a=b"), ("", ""), ("'=x", "'=x"),
            ("-5", "'-5"), ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
        ])
    func onlyWhatBeginsLikeAFormulaIsMarked(text: String, cell: String) {
        var writer = CSVWriter(isRaw: false)
        writer.row([.text(text), .number(-1.5), .number(nil), .integer(-7)])
        #expect(String(decoding: writer.bytes, as: UTF8.self) == cell + ",-1.5,,-7\r\n")
    }
}
