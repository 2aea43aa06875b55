import Foundation
import Jobs
import Testing

@testable import tenbin

/// The main job through the real binary: upload, submit, follow, read the weights.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MainJobTests {
    @Test func theDemoTrainsThreeTasksAndEndsWell() throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = ["demo", "--data", ServerProcess.digits, "--data-dir", folder]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let accuracy = Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").suffix(20).compactMap { line -> (String, Double)? in
                let words = line.split(separator: " ")
                guard words.count == 6, let value = words.last.flatMap({ Double($0) }) else { return nil }
                return (String(words[0]), value)
            })
        #expect(accuracy["digit"] ?? 0 >= 0.95)
        #expect(accuracy["parity"] ?? 0 >= 0.96)
        #expect(accuracy["ge5"] ?? 0 >= 0.95)
        #expect(text.contains("curl -s"))
    }

    @Test(arguments: ["ratio", "softmax"])
    func theWeightsOfAnEpochFollowFromTheServedLossesOfTheOneBefore(form: String) throws {
        let server = try ServerProcess()
        let weighting = JSONValue.object([
            .init("strategy", .string("adaptive")), .init("form", .string(form)), .init("cadence", .string("epoch")),
        ])
        let job = try server.submit(try server.uploadDigits(), epochs: 4, members: [.init("weighting", weighting)])
        #expect(try server.waitForEnd(job)["state"]?.text == "succeeded")
        var before: [Double] = []
        for epoch in try server.epochs(job) {
            let tasks = try #require(epoch["tasks"]?.elements)
            let weights = tasks.compactMap { $0["weight"]?.double }
            try #require(weights.count == 3)
            #expect(abs(weights.reduce(0, +) - 3) < 1e-9)
            let expected: [Double] =
                if before.isEmpty {
                    [1, 1, 1]
                } else if form == "ratio" {
                    before.map { 3 * $0 / before.reduce(0, +) }
                } else {
                    before.map { 3 * exp($0) / before.map { exp($0) }.reduce(0, +) }
                }
            for (weight, value) in zip(weights, expected) { #expect(abs(weight - value) < 1e-6) }
            before = tasks.compactMap { $0["train_loss"]?.double }
        }
        let table = try server.client.get("/v1/jobs/\(job)/task-weights")
        #expect(table["epochs"]?.elements?.count == 4)
        #expect(table["weights"]?.elements?.first == .array([.integer(1), .integer(1), .integer(1)]))
    }

    @Test func theSameSpecAndSeedTwiceGiveTheSameRows() throws {
        let server = try ServerProcess(workers: 2)
        let dataset = try server.uploadDigits()
        let jobs = try (0..<2).map { _ in try server.submit(dataset) }
        let ends = try jobs.map { try server.waitForEnd($0) }
        #expect(ends[0]["weights_sha256"]?.text != nil)
        #expect(ends[0]["weights_sha256"] == ends[1]["weights_sha256"])
        let rows = try jobs.map { try server.epochs($0).map(Self.withoutTimes) }
        #expect(rows[0].count == 3)
        #expect(rows[0] == rows[1])
    }

    private static func withoutTimes(_ epoch: JSONValue) -> JSONValue {
        .object((epoch.members ?? []).filter { !["seconds", "samples_per_second"].contains($0.name) })
    }

    @Test func tenJobsOnTwoWorkersAllSucceed() throws {
        let server = try ServerProcess(workers: 2)
        let dataset = try server.uploadDigits()
        let jobs = try (0..<10).map { _ in try server.submit(dataset, epochs: 2) }
        var seen: Set<String> = []
        var left = Set(jobs)
        while !left.isEmpty {
            let items = try server.client.get("/v1/jobs?page_size=50")["items"]?.elements ?? []
            for item in items {
                let state = item["state"]?.text ?? ""
                seen.insert(state)
                #expect(state != "failed")
                if state == "succeeded" { left.remove(item.identifier) }
            }
        }
        #expect(seen.contains("queued"))
        #expect(seen.contains("succeeded"))
        #expect(seen.contains("running") || seen.contains("starting"))
    }

    @Test func aRunningJobIsCancelledBetweenBatchesAndKeepsItsEpochs() throws {
        let server = try ServerProcess()
        let job = try server.submit(try server.uploadDigits(), epochs: 100_000)
        while try server.epochs(job).isEmpty {}
        let answer = try server.client.post("/v1/jobs/\(job)/cancel")
        #expect(["cancelling", "cancelled"].contains(answer["state"]?.text))
        #expect(try server.waitForEnd(job)["state"]?.text == "cancelled")
        #expect(try !server.epochs(job).isEmpty)
    }
}
