import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// A data folder that an earlier build wrote is opened, migrated and gone on with.
///
/// `Stores/schema-0006.tar.gz` was made by the build with six migrations. It has three data sets (CSV, JSON Lines, NPZ); finished jobs
/// "table" (mlp), "remarks" (text) and "images" (cnn); a comparison of four runs; job "queued", cancelled; job "paused" with
/// checkpoints up to epoch 380; and job "drained", which ran when the server was stopped, with checkpoints up to epoch 862.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EarlierStoreTests {
    private static func open() throws -> ServerProcess {
        let archive = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Stores/schema-0006.tar.gz").path
        let folder = ServerProcess.makeFolder()
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let tar = Process()
        tar.executableURL = URL(filePath: "/bin/tar")
        tar.arguments = ["-xzf", archive, "-C", folder, "--no-same-owner"]
        try tar.run()
        tar.waitUntilExit()
        try #require(tar.terminationStatus == 0)
        return try ServerProcess(folder: folder, workers: 2)
    }

    private static func jobs(_ server: ServerProcess) throws -> [String: String] {
        let items = try server.client.get("/v1/jobs?page_size=100")["items"]?.elements ?? []
        let pairs = items.compactMap { item in
            item["name"]?.text.flatMap { name in item["id"]?.text.map { (name, $0) } }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    @Test func finishedJobsKeepTheirFiguresAndTheirModels() throws {
        let server = try Self.open()
        defer { try? FileManager.default.removeItem(atPath: server.folder) }
        let jobs = try Self.jobs(server)
        let rows = [
            "table": #"{"a":0.5,"b":5,"town":"Nara"}"#, "remarks": #"{"remark":"good film"}"#,
            "images": #"{"x":\#([[Int]](repeating: [Int](repeating: 7, count: 8), count: 8))}"#,
        ]
        for (name, epochs) in ["table": 6, "remarks": 3, "images": 3] {
            let job = try #require(jobs[name])
            let answer = try server.client.get("/v1/jobs/\(job)")
            #expect(answer["state"]?.text == "succeeded")
            #expect(try server.epochs(job).count == epochs)
            let model = try #require(answer["model"]?.text)
            let prediction = try server.http.send(
                "POST", "/v1/models/\(model)/predict",
                content: .bytes(Array(#"{"rows":[\#(rows[name] ?? "{}")]}"#.utf8), type: "application/json"))
            #expect(prediction.status == 200)
            let content = try server.http.send("GET", "/v1/models/\(model)/content?format=safetensors")
            #expect(content.status == 200)
        }
        let comparison = try #require(try server.client.get("/v1/comparisons")["items"]?.elements?.first)
        #expect(comparison["state"]?.text == "succeeded")
        #expect(try server.client.get("/v1/jobs/\(try #require(jobs["queued"]))")["state"]?.text == "cancelled")
    }

    @Test func interruptedJobsGoOnFromTheirCheckpoints() throws {
        let server = try Self.open()
        defer { try? FileManager.default.removeItem(atPath: server.folder) }
        let jobs = try Self.jobs(server)
        let paused = try #require(jobs["paused"])
        #expect(try server.epochs(paused).count == 380)
        _ = try server.client.post("/v1/jobs/\(paused)/resume", .object([]))
        for (job, checkpoint) in [(paused, 380), (try #require(jobs["drained"]), 862)] {
            var answer = try server.client.get("/v1/jobs/\(job)")
            while answer["state"]?.text != "running" || (answer["progress"]?["epoch"]?.int ?? 0) <= checkpoint {
                try #require(["queued", "starting", "running"].contains(answer["state"]?.text))
                answer = try server.client.get("/v1/jobs/\(job)", waitingSeconds: 1)
            }
            _ = try server.client.post("/v1/jobs/\(job)/stop", .object([]))
            #expect(try server.waitForEnd(job)["finish_reason"]?.text == "stopped")
            let next = try server.client.get("/v1/jobs/\(job)/epochs?since=\(checkpoint)")["items"]?.elements?.first
            #expect(next?["epoch"]?.int == checkpoint + 1)
            #expect((next?["attempt"]?.int ?? 0) > 1)
        }
    }
}
