import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// Questions to trained models, over HTTP.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PredictionTests {
    private static func upload(_ server: ServerProcess, _ content: [UInt8], _ type: String) throws -> String {
        let answer = try server.http.send("POST", "/v1/datasets?name=small", content: .bytes(content, type: type))
        return try #require(try JSONValue(parsing: answer.body)["id"]?.text)
    }

    /// Trains and gives the model's identifier, and the job's end.
    private static func train(_ server: ServerProcess, _ spec: String) throws -> (model: String, end: JSONValue) {
        let job = try server.client.post("/v1/jobs", JSONValue(parsing: Array(spec.utf8))).identifier
        let end = try server.waitForEnd(job)
        return (try #require(end["model"]?.text, "\(end["error"] ?? .null)"), end)
    }

    private static func ask(
        _ server: ServerProcess, _ model: String, _ body: [UInt8], type: String = "application/json", query: String = ""
    ) throws -> (status: Int, json: JSONValue) {
        let answer = try server.http.send(
            "POST", "/v1/models/\(model)/predict\(query)", content: .bytes(body, type: type))
        return (answer.status, try JSONValue(parsing: answer.body))
    }

    private static func rows(_ rows: String) -> [UInt8] { Array("{\"rows\":\(rows)}".utf8) }

    /// Of images of 4 × 4 pixels one behind the other, the left half of every other one bright.
    private static func pixel(_ index: Int) -> UInt8 {
        let image = index / 16
        guard index % 4 < 2 else { return UInt8(90 + image) }
        return image % 2 == 0 ? 0 : 200
    }

    @Test func imagesAreAnsweredAsNestedArraysBareOrNamedAndAsNPZ() throws {
        let server = try ServerProcess()
        let count = 60
        let pixels = (0..<count * 16).map { Self.pixel($0) }
        var archive = SmallArchive()
        archive.add("x", type: "|u1", shape: [count, 4, 4], pixels)
        archive.add("side", type: "|u1", shape: [count], (0..<count).map { UInt8($0 % 2) })
        let dataset = try Self.upload(server, archive.bytes, "application/x-npz")
        let (model, _) = try Self.train(
            server,
            """
            {"dataset":"\(dataset)","epochs":2,"tasks":[{"target":"side","type":"classification"}],
             "model":{"encoder":{"type":"cnn","blocks":[{"filters":3,"kernel":3,"pool":"none"}],"dense":[4]}}}
            """)
        let images = (0..<3).map { image in
            let lines = (0..<4).map { line -> String in
                let start = image * 16 + line * 4
                return "\(pixels[start..<(start + 4)])"
            }
            return "[" + lines.joined(separator: ",") + "]"
        }
        let bare = try Self.ask(server, model, Self.rows("[\(images.joined(separator: ","))]"))
        #expect(bare.status == 200)
        #expect(bare.json["predictions"]?.elements?.count == 3)
        let named = images.map { "{\"x\":\($0)}" }.joined(separator: ",")
        #expect(try Self.ask(server, model, Self.rows("[\(named)]")).json == bare.json)
        var some = SmallArchive()
        some.add("x", type: "|u1", shape: [3, 4, 4], Array(pixels[..<48]))
        #expect(try Self.ask(server, model, some.bytes, type: "application/x-npz").json == bare.json)

        let wrong = try Self.ask(server, model, Self.rows("[\(images[0]),[[1,2],[3,4]],\(images[1]),7]"))
        #expect(wrong.status == 422)
        let bad = try Self.ask(server, model, Self.rows("[\(images[0]),[[1,2],[3,4]]]"))
        #expect(bad.status == 422)
        #expect(bad.json["errors"]?.elements?.map { $0["row"]?.int } == [2])
        #expect(bad.json["errors"]?.elements?.first?["pointer"]?.text == "/rows/1")
        some = SmallArchive()
        some.add("x", type: "|u1", shape: [1, 4, 5], Array(pixels[..<20]))
        #expect(try Self.ask(server, model, some.bytes, type: "application/x-npz").status == 422)
        #expect(try Self.ask(server, model, Array("no archive".utf8), type: "application/x-npz").status == 422)
        #expect(try Self.ask(server, model, Self.rows("[\(images[0])]"), query: "?return=tokens").status == 422)
    }

    @Test func textsAreAnsweredAndTheirTokensShown() throws {
        let server = try ServerProcess()
        let lines = (0..<80).map { #"{"t":"\#($0 % 2 == 0 ? "good" : "bad") film","side":\#($0 % 2)}"# }
        let dataset = try Self.upload(server, Array(lines.joined(separator: "\n").utf8), "application/x-ndjson")
        let (model, _) = try Self.train(
            server,
            """
            {"dataset":"\(dataset)","epochs":2,"tasks":[{"target":"side","type":"binary"}],
             "model":{"encoder":{"type":"text","column":"t","embedding":4,"tokens_max":5,"count_min":1}}}
            """)
        let answer = try Self.ask(
            server, model, Self.rows(#"["a good film", {"t":""}, "film film film film film film"]"#),
            query: "?return=tokens")
        #expect(answer.status == 200)
        #expect(answer.json["predictions"]?.elements?.count == 3)
        let tokens = answer.json["tokens"]?.elements?.map { $0.elements?.map(\.int) ?? [] } ?? []
        // "film" is the most frequent; then "bad" and "good", as frequent as each other or as the split has it.
        #expect(tokens.map(\.count) == [5, 5, 5])
        #expect(tokens[1] == [0, 0, 0, 0, 0])
        #expect(tokens[2] == [2, 2, 2, 2, 2])
        #expect(tokens[0][0] == 1 && [3, 4].contains(tokens[0][1]) && Array(tokens[0][2...]) == [2, 0, 0])
        #expect(try Self.ask(server, model, Self.rows(#"["x", 3]"#)).json["errors"]?.elements?.first?["row"]?.int == 2)
    }

    @Test func aModelWithEmbeddedColumnsAnswersAndIsStartedFrom() throws {
        let server = try ServerProcess()
        let lines = (0..<120).map { "\($0 % 3 == 0 ? "" : "town \($0 % 40)"),\($0 % 7),\($0 % 2),\($0 % 4)" }
        let content = "town,size,side,kind\n" + lines.joined(separator: "\n") + "\n"
        let dataset = try Self.upload(server, Array(content.utf8), "text/csv")
        let head = """
            {"dataset":"\(dataset)","epochs":2,"inputs":{"columns":["town","size"],
             "encodings":{"town":{"type":"embedded","width":3}}},"model":{"encoder":{"type":"mlp","hidden":[6]}},
            """
        let (model, _) = try Self.train(server, head + #""tasks":[{"target":"side","type":"binary"}]}"#)
        let asked = Self.rows(
            #"[{"town":"town 4","size":1},{"town":null,"size":null},{"town":"Atlantis","size":2}]"#)
        let answer = try Self.ask(server, model, asked)
        #expect(answer.status == 200)
        #expect(answer.json["predictions"]?.elements?.count == 3)
        let wrong = try Self.ask(
            server, model,
            Self.rows(
                #"[{"town":"town 4","size":1},{"town":[],"size":1},{"town":"town 4"},{"size":1,"town":"","x":1}]"#))
        #expect(wrong.status == 422)
        let errors = wrong.json["errors"]?.elements ?? []
        #expect(errors.map { $0["row"]?.int } == [2, 3, 4])
        #expect(errors.map { $0["pointer"]?.text } == ["/rows/1/town", "/rows/2/size", "/rows/3/x"])

        // One head is another, so it is drawn anew; the trunk goes on from the model.
        let (next, end) = try Self.train(
            server,
            head + """
                "initial_model":"\(model)","tasks":[{"target":"side","type":"binary"},
                {"target":"kind","type":"classification"}]}
                """)
        #expect(end["spec"]?["initial_model"]?.text == model)
        let both = try Self.ask(server, next, asked).json["predictions"]?.elements?.first
        #expect(both?.members?.map(\.name) == ["side", "kind"])
        #expect(both?["kind"]?["probabilities"]?.members?.count == 4)
        let other = try JSONValue(
            parsing: Array(
                #"{"dataset":"\#(dataset)","initial_model":"\#(model)","tasks":[{"target":"side","type":"binary"}],"#
                    .utf8)
                + Array(#""inputs":{"columns":["size"]}}"#.utf8))
        let refused = try server.http.send(
            "POST", "/v1/jobs", content: .bytes(other.encoded, type: "application/json"))
        #expect(refused.status == 422)
        #expect(try JSONValue(parsing: refused.body)["errors"]?.elements?.first?["pointer"]?.text == "/initial_model")
    }

    @Test func aModelBeyondTheMemoryLimitIsRefusedWithTheFigure() throws {
        let server = try ServerProcess(options: ["--job-memory-max", "2147483648"])
        let dataset = try server.uploadDigits()
        let spec = """
            {"dataset":"\(dataset)","tasks":[{"target":"digit","type":"classification"}],
             "model":{"encoder":{"type":"mlp","hidden":[1000000,1000000]}}}
            """
        let answer = try server.http.send(
            "POST", "/v1/jobs", content: .bytes(Array(spec.utf8), type: "application/json"))
        #expect(answer.status == 422)
        let detail = try #require(
            try JSONValue(parsing: answer.body)["errors"]?.elements?.first?["detail"]?.text)
        // 10¹² parameters with a gradient, two moments and the best epoch take at least 16 · 10¹² bytes.
        let figures = detail.split { !$0.isNumber }.compactMap { Int($0) }
        #expect(figures.contains { $0 > 16_000_000_000_000 }, "\(detail)")
        #expect(figures.contains(2_147_483_648), "\(detail)")
    }
}
