import Foundation
import Jobs
import Testing

@testable import tenbin

/// Comparisons through the real binary.
struct ComparisonRunTests {
    private static func request(_ dataset: String) throws -> JSONValue {
        let text = """
            {"name":"digits","seeds":2,"baselines":["equal"],"strategies":[{"strategy":"adaptive"}],
             "base":{"dataset":"\(dataset)","epochs":2,"validation":{"fraction":0.1},"test":{"fraction":0.2},
              "model":{"encoder":{"hidden":[16]}},
              "tasks":[{"target":"digit","type":"classification"},{"target":"parity","type":"classification"}]}}
            """
        return try JSONValue(parsing: Array(text.utf8))
    }

    /// Asks until `isEnough`, or until the comparison is over.
    private static func wait(
        _ server: ServerProcess, _ id: String, until isEnough: (JSONValue) -> Bool = { _ in false }
    ) throws -> JSONValue {
        while true {
            let comparison = try server.client.get("/v1/comparisons/\(id)")
            let isOver = ["succeeded", "failed", "cancelled"].contains(comparison["state"]?.text)
            if isOver || isEnough(comparison) { return comparison }
        }
    }

    /// What does not depend on how fast a run was.
    private static func figures(_ comparison: JSONValue) -> [[JSONValue?]] {
        (comparison["rows"]?.elements ?? []).map { row in
            ["strategy", "task", "mean", "standard_deviation", "p_value", "mean_rank", "epochs"].map { row[$0] }
        }
    }

    @Test func aComparisonGoesOnAfterAKillAndFindsTheSame() throws {
        let calm = try ServerProcess(workers: 2)
        let id = try calm.client.post("/v1/comparisons", Self.request(calm.uploadDigits())).identifier
        let expected = try Self.wait(calm, id)
        #expect(expected["state"]?.text == "succeeded")
        #expect(expected["verdict"]?.text?.contains("here is no verdict, because 2 seeds") == true)

        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try ServerProcess(folder: folder)
        let killed = try first.client.post("/v1/comparisons", Self.request(first.uploadDigits())).identifier
        _ = try Self.wait(first, killed) { ($0["progress"]?["succeeded"]?.int ?? 0) > 0 }
        _ = first.end(with: SIGKILL)
        let second = try ServerProcess(folder: folder)
        let ended = try Self.wait(second, killed)
        #expect(ended["state"]?.text == "succeeded")
        #expect(Self.figures(ended) == Self.figures(expected))
        #expect(Self.figures(ended).count == 4)
    }

    @Test func theCommandPrintsTheTableAndTheVerdict() throws {
        let server = try ServerProcess(workers: 2)
        let file = NSTemporaryDirectory() + "compare-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data(Self.request("@TRAIN@").encoded).write(to: URL(filePath: file))
        let arguments = [
            "compare", file, "--dataset", try server.uploadDigits(), "--server", "http://127.0.0.1:\(server.port)",
        ]
        let checked = try CommandLineTests.run(arguments + ["--validate-only"])
        #expect(checked.status == 0 && checked.output.contains("\"runs\": 4"))
        let answer = try CommandLineTests.run(arguments)
        #expect(answer.status == 0)
        #expect(answer.output.hasPrefix("| strategy | digit (accuracy) | parity (accuracy) |"))
        #expect(answer.output.contains("at least 3 are needed.\n"))
        #expect(try CommandLineTests.run(Array(arguments.prefix(2)) + arguments.suffix(2)).status == 65)
    }
}
