import API
import HTTPTypes
import Jobs
import Testing

struct ModelsAPITests {
    private static let json: HTTPFields = [.contentType: "application/json"]

    @Test func aModelThatAJobIsToStartFromIsNotDeleted() throws {
        let bench = try Bench()
        let model = try bench.trainedModel()
        let job = try bench.submit(try bench.upload(), #","initial_model":"\#(model)""#)
        let refused = bench.ask(.delete, "/v1/models/\(model)")
        #expect(refused.code == "in-use" && refused.text.contains(job))
        #expect(bench.ask(.post, "/v1/jobs/\(job)/cancel").status == 200)
        #expect(bench.ask(.delete, "/v1/models/\(model)").status == 204)
    }

    @Test func aModelIsListedShownAndDeleted() throws {
        let bench = try Bench()
        let model = try bench.trainedModel()
        let shown = bench.ask(.get, "/v1/models/\(model)")
        let value = try shown.json()
        #expect(value["tasks"]?.elements?.first?["metrics"]?["accuracy"]?.double == 0.75)
        #expect(value["test_metrics"]?["digit"]?["accuracy"]?.double == 0.5)
        #expect(try bench.ask(.get, "/v1/models").json()["items"]?.elements == [value])
        let job = try #require(value["job"]?.text)
        #expect(try bench.ask(.get, "/v1/models?job=\(job)").json()["items"]?.elements == [value])
        let tag = try #require(shown.fields[.eTag])
        #expect(bench.ask(.get, "/v1/models/\(model)", fields: [.ifNoneMatch: tag]).status == 304)
        #expect(bench.ask(.delete, "/v1/models/\(model)").status == 204)
        #expect(bench.ask(.get, "/v1/models/\(model)").status == 404)
        #expect(try bench.ask(.get, "/v1/jobs/\(job)").json()["model"] == .null)
    }

    @Test func aModelIsDownloadedWithItsDigest() throws {
        let bench = try Bench()
        let target = "/v1/models/\(try bench.trainedModel())/content"
        let whole = bench.ask(.get, target)
        #expect(whole.status == 200)
        #expect(whole.text == "0123456789")
        #expect(whole.fields[.contentType] == "application/vnd.safetensors")
        let digest = try #require(HTTPField.Name("Repr-Digest"))
        #expect(whole.fields[digest] == "sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:")
        #expect(bench.ask(.head, target).status == 200)
        #expect(bench.ask(.get, target + "?format=onnx").code == "not-implemented")
        #expect(bench.ask(.get, target + "?format=pickle").status == 400)
        let tag = try #require(whole.fields[.eTag])
        #expect(bench.ask(.get, target, fields: [.ifNoneMatch: tag]).status == 304)
    }

    @Test(
        arguments: [
            ("bytes=0-0", 206, "0"), ("bytes=2-4", 206, "234"), ("bytes=7-", 206, "789"), ("bytes=7-99", 206, "789"),
            ("bytes=-3", 206, "789"), ("bytes=-99", 206, "0123456789"), ("Bytes=0-1", 206, "01"),
            ("bytes=9-99999999999999999999999", 206, "9"), ("bytes=4-2", 200, "0123456789"),
            ("bytes=0-1,3-4", 200, "0123456789"), ("lines=0-1", 200, "0123456789"), ("bytes=x", 200, "0123456789"),
            ("bytes=--1", 200, "0123456789"), ("bytes=+1-2", 200, "0123456789"),
        ])
    func aPartIsAnsweredWhereOneCanBe(range: String, status: Int, text: String) throws {
        let bench = try Bench()
        let answer = bench.ask(
            .get, "/v1/models/\(try bench.trainedModel())/content", fields: [.range: range])
        #expect(answer.status == status)
        #expect(answer.text == text)
        #expect((answer.fields[.contentRange] != nil) == (status == 206))
    }

    @Test(arguments: ["bytes=10-", "bytes=-0", "bytes=99999999999999999999-"])
    func aPartBehindTheEndIsRefusedWithTheLength(range: String) throws {
        let bench = try Bench()
        let answer = bench.ask(
            .get, "/v1/models/\(try bench.trainedModel())/content", fields: [.range: range])
        #expect(answer.status == 416)
        #expect(answer.code == "range-not-satisfiable")
        #expect(answer.fields[.contentRange] == "bytes */10")
    }

    @Test func aPartOfAnotherFileThanTheClientHasIsNotSent() throws {
        let bench = try Bench()
        let target = "/v1/models/\(try bench.trainedModel())/content"
        let tag = try #require(bench.ask(.get, target).fields[.eTag])
        #expect(bench.ask(.get, target, fields: [.range: "bytes=0-1", .ifRange: tag]).status == 206)
        #expect(bench.ask(.get, target, fields: [.range: "bytes=0-1", .ifRange: "\"other\""]).status == 200)
        #expect(bench.ask(.get, target, fields: [.range: "bytes=0-1", .ifRange: "W/" + tag]).status == 200)
    }

    @Test func aModelAnswersRowsInTheirOrder() throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/models/\(try bench.trainedModel())/predict", fields: Self.json,
            body: #"{"rows":[{"width":1},{"width":2}]}"#)
        #expect(answer.status == 200)
        let predictions = try #require(try answer.json()["predictions"]?.elements)
        #expect(predictions.count == 2)
        #expect(predictions[0]["digit"]?["probabilities"]?["1"]?.double == 0.75)
    }

    @Test func contentOfAnotherTypeAndAFileThatIsNoneAreRefused() throws {
        let bench = try Bench()
        let target = "/v1/models/\(try bench.trainedModel())/predict"
        let text = bench.ask(.post, target, fields: [.contentType: "text/csv"], body: "width\n1\n")
        #expect(text.status == 415)
        #expect(try text.json()["detail"]?.text?.contains("application/x-npz") == true)
        let file = bench.ask(.post, target, fields: [.contentType: "application/x-npz"], body: "no archive")
        #expect(file.status == 422)
        #expect(file.code == "dataset-invalid")
        #expect(bench.ask(.post, target + "?return=all", fields: Self.json, body: #"{"rows":["a"]}"#).status == 400)
    }

    @Test(
        arguments: [
            ("[]", [""]), ("{}", ["/rows"]), (#"{"rows":[]}"#, ["/rows"]), (#"{"rows":{}}"#, ["/rows"]),
            (#"{"rows":[{"width":1}],"row":1}"#, ["/row"]),
            (#"{"rows":[1,{"width":1},null]}"#, ["/rows/0", "/rows/2"]),
            (#"{"rows":[{"width":1},{"width":"x"}]}"#, ["/rows/1/width"]),
        ])
    func rowsThatDoNotFitArePointedAt(body: String, pointers: [String]) throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/models/\(try bench.trainedModel())/predict", fields: Self.json, body: body)
        #expect(answer.status == 422)
        #expect(answer.pointers == pointers)
    }
}
