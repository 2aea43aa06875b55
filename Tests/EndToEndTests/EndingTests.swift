import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// How the server begins and ends.
@Suite(.serialized, .timeLimit(.minutes(5))) struct EndingTests {
    @Test func aTerminatedServerEndsInOrderAndItsJobGoesOnAfterwards() throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let job: String
        do {
            let server = try ServerProcess(folder: folder)
            job = try server.submit(try server.uploadDigits(), epochs: 60)
            while try server.epochs(job).isEmpty {}
            #expect(server.end(with: SIGTERM) == 0)
        }
        let server = try ServerProcess(folder: folder)
        let end = try server.waitForEnd(job)
        #expect(end["state"]?.text == "succeeded")
        #expect(end["attempt"]?.int == 2)
        #expect(end["crashes"]?.int == 0)
        #expect(try server.epochs(job).compactMap { $0["epoch"]?.int } == Array(1...60))
    }

    @Test func aKilledServerLosesNothingAndEndsWithTheSameModel() throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let job: String
        do {
            let server = try ServerProcess(folder: folder)
            job = try server.submit(try server.uploadDigits(), epochs: 60)
            while try server.epochs(job).count < 5 {}
            _ = server.end(with: SIGKILL)
        }
        let server = try ServerProcess(folder: folder, workers: 2)
        let dataset = try #require(try server.client.get("/v1/jobs/\(job)")["dataset"]?.text)
        let uninterrupted = try server.submit(dataset, epochs: 60)
        let (end, other) = (try server.waitForEnd(job), try server.waitForEnd(uninterrupted))
        #expect(end["state"]?.text == "succeeded")
        #expect(try server.epochs(job).compactMap { $0["epoch"]?.int } == Array(1...60))
        #expect(end["weights_sha256"]?.text != nil)
        #expect(end["weights_sha256"] == other["weights_sha256"])
    }

    /// The first one waits for an upload that never comes to its end.
    @Test(arguments: [SIGTERM, SIGINT])
    func aSecondSignalEndsAtOnceAndLosesNothing(signal: Int32) throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let job: String
        do {
            let server = try ServerProcess(folder: folder, options: ["--drain-seconds", "600"])
            job = try server.submit(try server.uploadDigits(), epochs: 30)
            while try server.epochs(job).isEmpty {}
            let address = HTTPClient.Address.tcp(host: "127.0.0.1", port: server.port)
            let upload = try ClientConnection(to: address)
            let head =
                "POST /v1/datasets?name=half HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n"
            try upload.write(Array((head + "a,b\n1,2\n").utf8))
            while try FileManager.default.contentsOfDirectory(atPath: folder + "/incoming").isEmpty {}
            server.send(signal)
            while (try? ClientConnection(to: address)) != nil {}
            #expect(server.end(with: signal) == 128 + signal)
        }
        let server = try ServerProcess(folder: folder)
        #expect(try server.waitForEnd(job)["state"]?.text == "succeeded")
        #expect(try server.epochs(job).compactMap { $0["epoch"]?.int } == Array(1...30))
    }

    @Test func aSecondServerIsKeptOffTheDataFolder() throws {
        let server = try ServerProcess()
        let second = Process()
        second.executableURL = ServerProcess.binary
        second.arguments = ["serve", "--port", "0", "--data-dir", server.folder]
        let errors = Pipe()
        second.standardError = errors
        try second.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        second.waitUntilExit()
        #expect(second.terminationStatus != 0)
        #expect(text.contains("another server uses"))
    }

    @Test(arguments: ["0.0.0.0", "192.168.0.1", "::"])
    func withoutKeysOnlyLoopbackIsServed(host: String) throws {
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = ["serve", "--host", host, "--port", "0", "--data-dir", ServerProcess.makeFolder()]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus != 0)
    }

    @Test func anUploadThatStopsHalfWayLeavesNoDataSetAndNoFile() throws {
        let server = try ServerProcess()
        do {
            let connection = try ClientConnection(to: .tcp(host: "127.0.0.1", port: server.port))
            let head =
                "POST /v1/datasets?name=half HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n"
            try connection.write(Array((head + "a,b\n1,2\n").utf8))
        }
        func files() -> [String] {
            ["datasets", "incoming"].flatMap {
                (try? FileManager.default.contentsOfDirectory(atPath: server.folder + "/" + $0)) ?? []
            }
        }
        while !files().isEmpty {}
        #expect(try server.client.get("/v1/datasets")["items"]?.elements == [])
    }
}
