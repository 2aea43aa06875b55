import Foundation
import Jobs
import Testing

@testable import tenbin

/// Each encoder through the real binary: upload, submit, train, download, predict.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EncoderTests {
    /// Images of 8 × 8 pixels, brighter on the left (class 0) or on the right (class 1).
    private static func images(_ count: Int) -> [UInt8] {
        var archive = SmallArchive()
        let pixels = (0..<count).flatMap { image in
            (0..<64).map { pixel in
                let isLeft = pixel % 8 < 4
                return UInt8(isLeft == (image % 2 == 0) ? 200 + (image + pixel) % 50 : (image * 7 + pixel) % 40)
            }
        }
        archive.add("x", type: "|u1", shape: [count, 8, 8], pixels)
        archive.add("side", type: "|u1", shape: [count], (0..<count).map { UInt8($0 % 2) })
        return archive.bytes
    }

    private static func reviews(_ count: Int) -> [UInt8] {
        let (good, bad) = (["fine", "great", "lovely"], ["poor", "awful", "dull"])
        let lines = (0..<count).map { row in
            let words = row % 2 == 0 ? good : bad
            return #"{"review":"a \#(words[row % 3]) and \#(words[row / 2 % 3]) thing","side":\#(row % 2)}"#
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func table(_ count: Int) -> [UInt8] {
        let lines = (0..<count).map { row in "\(row % 2 * 3 + row % 5),\(row % 7),\(row % 2)" }
        return Array(("width,height,side\n" + lines.joined(separator: "\n") + "\n").utf8)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let encoder: String
        let type: String
        let content: [UInt8]
        /// A row to predict, of class 1.
        let row: String

        var testDescription: String { encoder }
    }

    private static let image = "[" + (0..<8).map { _ in "[5,5,5,5,220,220,220,220]" }.joined(separator: ",") + "]"

    static let cases = [
        Case(
            encoder: #"{"type":"mlp","hidden":[16]}"#, type: "text/csv", content: table(200),
            row: #"{"width":5,"height":3}"#),
        Case(
            encoder: #"{"type":"cnn","blocks":[{"filters":4}],"dense":[8]}"#, type: "application/x-npz",
            content: images(120), row: #"{"x":\#(image)}"#),
        Case(
            encoder: #"{"type":"resnet","depth":18,"width":4}"#, type: "application/x-npz", content: images(120),
            row: #"{"x":\#(image)}"#),
        Case(
            encoder: #"{"type":"text","column":"review","embedding":8,"dense":[8]}"#, type: "application/x-ndjson",
            content: reviews(120), row: #"{"review":"an awful and dull thing"}"#),
    ]

    @Test(arguments: cases)
    func anEncoderTrainsAndPredictsThroughTheAPI(_ example: Case) throws {
        let server = try ServerProcess()
        let file = server.folder + ".upload"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(example.content).write(to: URL(filePath: file))
        let dataset = try server.client.upload(file, name: "small", type: example.type).identifier
        let spec = """
            {"dataset":"\(dataset)","epochs":6,"batch_size":8,"optimizer":{"type":"adam","learning_rate":0.01},
             "tasks":[{"name":"side","target":"side","type":"classification"}],"model":{"encoder":\(example.encoder)}}
            """
        let job = try server.client.post("/v1/jobs", JSONValue(parsing: Array(spec.utf8))).identifier
        let end = try server.waitForEnd(job)
        #expect(end["state"]?.text == "succeeded", "\(end["error"] ?? .null)")
        let epochs = try server.epochs(job)
        #expect(epochs.count == 6)
        let model = try #require(end["model"]?.text)
        #expect(try !server.client.bytes("/v1/models/\(model)/content").isEmpty)
        let rows = try JSONValue(parsing: Array("{\"rows\":[\(example.row)]}".utf8))
        let prediction = try #require(
            try server.client.post("/v1/models/\(model)/predict", rows)["predictions"]?.elements?.first?["side"])
        #expect(prediction["label"]?.int == 1 || prediction["label"]?.text == "1", "\(prediction)")
        #expect(prediction["probabilities"]?.members?.count == 2)
    }
}
