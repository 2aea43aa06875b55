import Foundation
import Jobs
import Testing

@testable import tenbin

/// A server that has less memory than its jobs would like.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MemoryTests {
    private static func model(_ hidden: [Int]) -> JSONValue.Member {
        .init("model", .object([.init("encoder", .object([.init("hidden", JSONValue(hidden))]))]))
    }

    private static func submit(_ server: ServerProcess, _ dataset: String, hidden: [Int]) throws -> String {
        let task = JSONValue.object([
            .init("name", .string("digit")), .init("target", .string("digit")),
            .init("type", .string("classification")),
        ])
        return try server.client.post(
            "/v1/jobs",
            .object([
                .init("dataset", .string(dataset)), .init("tasks", .array([task])), .init("epochs", JSONValue(2)),
                model(hidden),
            ])
        ).identifier
    }

    /// In fresh processes; `Benchmarks/memory/run.sh` does the same with larger jobs of all kinds.
    @Test func jobsTakeNoMoreMemoryThanTheyPlanFor() throws {
        let process = Process()
        process.executableURL = ServerProcess.binary.deletingLastPathComponent().appending(path: "MemoryPlans")
        process.arguments = ["--small"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.contains("every plan holds"))
    }

    @Test func aJobThatFindsNoMemoryFailsAloneAndASmallOneBesideItIsUndisturbed() throws {
        let undisturbed = try {
            let server = try ServerProcess()
            let job = try Self.submit(server, try server.uploadDigits(), hidden: [32])
            return try server.waitForEnd(job)["weights_sha256"]?.text
        }()
        try #require(undisturbed != nil)

        let server = try ServerProcess(workers: 2, addressKibibytesMax: 1_500_000)
        let dataset = try server.uploadDigits()
        let large = try Self.submit(server, dataset, hidden: [20_000, 4_000])
        let small = try Self.submit(server, dataset, hidden: [32])
        let failed = try server.waitForEnd(large)
        #expect(failed["state"]?.text == "failed")
        #expect(failed["finish_reason"]?.text == "error")
        #expect(failed["error"]?["type"]?.text == "/v1/errors/out-of-memory")
        #expect(failed["attempt"]?.int == 1)
        #expect(failed["crashes"]?.int == 0)
        let succeeded = try server.waitForEnd(small)
        #expect(succeeded["state"]?.text == "succeeded")
        #expect(succeeded["attempt"]?.int == 1)
        #expect(succeeded["weights_sha256"]?.text == undisturbed)
        #expect(server.end(with: SIGTERM) == 0)
    }
}
