import API
import HTTPTypes
import Jobs
import Testing

struct DatasetsAPITests {
    @Test(arguments: [1, 7, 1_000])
    func anUploadIsDescribedAndFoundAgain(pieceBytes: Int) throws {
        let bench = try Bench()
        let created = bench.ask(
            .post, "/v1/datasets?name=my%20table", fields: [.contentType: "text/csv; charset=utf-8"], body: Bench.csv,
            pieceBytes: pieceBytes)
        #expect(created.status == 201)
        let dataset = try created.json()
        #expect(dataset["name"]?.text == "my table")
        #expect(dataset["rows"]?.int == 5)
        #expect(dataset["bytes"]?.int == Bench.csv.utf8.count)
        #expect(dataset["columns"]?.elements?.compactMap { $0["name"]?.text } == ["width", "colour", "digit", "price"])
        let location = try #require(created.fields[.location])
        #expect(try bench.ask(.get, location).json() == dataset)
        #expect(try bench.ask(.get, "/v1/datasets").json()["items"]?.elements == [dataset])
    }

    @Test func aRaggedRowIsRefusedWithItsNumberAndLeavesNothing() throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/datasets?name=a", fields: [.contentType: "text/csv"], body: "a,b\n1,2\n3\n5,6\n")
        #expect(answer.status == 422)
        #expect(answer.code == "dataset-invalid")
        let error = try #require(try answer.json()["errors"]?.elements?.first)
        #expect(error["row"]?.int == 2)
        #expect(error["line"]?.int == 3)
        #expect(try bench.uploadedFiles() == [])
        #expect(try bench.ask(.get, "/v1/datasets").json()["items"]?.elements == [])
    }

    @Test func anUploadThatStopsHalfWayLeavesNothing() async throws {
        let bench = try Bench()
        bench.abandonUpload("/v1/datasets?name=a", type: "text/csv", body: "a,b\n1,2\n")
        // The sink removes its file on its own queue.
        while try !bench.uploadedFiles().isEmpty { await Task.yield() }
        #expect(try bench.ask(.get, "/v1/datasets").json()["items"]?.elements == [])
    }

    @Test(arguments: [
        ("/v1/datasets", "text/csv", 400, "malformed-request"),
        ("/v1/datasets?name=", "text/csv", 400, "malformed-request"),
        ("/v1/datasets?name=a", "text/html", 415, "unsupported-media-type"),
    ])
    func anUploadWithoutANameOrATypeIsRefused(path: String, type: String, status: Int, code: String) throws {
        let bench = try Bench()
        let answer = bench.ask(.post, path, fields: [.contentType: type], body: Bench.csv)
        #expect(answer.status == status)
        #expect(answer.code == code)
        #expect(try bench.ask(.get, "/v1/datasets").json()["items"]?.elements?.isEmpty == true, "nothing is kept")
        let right = bench.ask(.post, "/v1/datasets?name=a", fields: [.contentType: "text/csv"], body: Bench.csv)
        #expect(right.status == 201, "with a name and a type the same file is taken")
    }

    @Test func aDigestIsChecked() throws {
        let bench = try Bench()
        func upload(_ digest: String) throws -> Bench.Answer {
            let name = try #require(HTTPField.Name("Content-Digest"))
            return bench.ask(
                .post, "/v1/datasets?name=a", fields: [.contentType: "text/csv", name: digest], body: "a\n1\n2\n")
        }
        let right = "sha-256=:1PoVWgeEolQ8CD/1w27Hp9SBDwiUYiDlrPTB8RAGIW4=:"
        let wrong = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
        #expect(try upload(wrong).code == "digest-mismatch")
        #expect(try upload("sha-256=:x:").status == 400)
        #expect(try upload(right).status == 201)
        // Parameters say nothing, and of one name the last counts (RFC 9651 section 3.2).
        #expect(try upload("\(wrong), sha-512=:eA==:;a, \(right);b=1").status == 201)
        #expect(try upload(right.replacing("=:", with: ":").replacing("sha-256:", with: "sha-256=:")).status == 201)
        #expect(try upload("\(right), \(wrong)").code == "digest-mismatch")
    }

    @Test(arguments: [
        ("name=a%00b", "invalid-spec"), ("name=a%C2%85b", "invalid-spec"), ("name=", "malformed-request"),
        ("other=a", "malformed-request"),
    ])
    func aNameIsATextToBeRead(_ query: String, code: String) throws {
        let bench = try Bench()
        let answer = bench.ask(.post, "/v1/datasets?\(query)", fields: [.contentType: "text/csv"], body: Bench.csv)
        #expect(answer.code == code)
        #expect(try bench.uploadedFiles() == [])
    }

    @Test(arguments: [
        ("text/csv; charset=UTF-8", 201), ("text/csv;header=present;charset=\"us-ascii\"", 201),
        ("text/csv; charset=utf8", 201), ("text/csv; charset=latin1", 415),
        ("application/x-ndjson; Charset=utf-16", 415),
    ])
    func textIsInUTF8(_ type: String, status: Int) throws {
        let answer = try Bench().ask(.post, "/v1/datasets?name=a", fields: [.contentType: type], body: Bench.csv)
        #expect(answer.status == status)
    }

    @Test func aDataSetThatAJobNeedsIsNotDeleted() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let job = try bench.submit(dataset)
        let refused = bench.ask(.delete, "/v1/datasets/\(dataset)")
        #expect(refused.status == 409)
        #expect(refused.code == "in-use")
        #expect(bench.ask(.post, "/v1/jobs/\(job)/cancel").status == 200)
        #expect(bench.ask(.delete, "/v1/datasets/\(dataset)").status == 204)
        #expect(bench.ask(.get, "/v1/datasets/\(dataset)").status == 404)
    }

    @Test func theFirstRowsAreShownAsTheyStand() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let rows = try #require(try bench.ask(.get, "/v1/datasets/\(dataset)/rows?limit=2").json()["items"]?.elements)
        #expect(rows.count == 2)
        #expect(rows[1]["colour"]?.text == "blue")
        #expect(rows[1]["width"]?.double == 2.5)
        #expect(try bench.ask(.get, "/v1/datasets/\(dataset)/rows").json()["items"]?.elements?.count == 5)
        #expect(bench.ask(.get, "/v1/datasets/\(dataset)/rows?limit=0").status == 400)
    }
}
