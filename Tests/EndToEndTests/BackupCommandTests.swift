import Foundation
import Glibc
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// `tenbin backup` on a server that works, and `tenbin restore`.
@Suite(.timeLimit(.minutes(5))) struct BackupCommandTests {
    private static func start(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func run(_ arguments: [String]) throws -> Int32 {
        let process = try start(arguments)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// What must be the same before and after: everything but what a server counts.
    private static func content(of server: ServerProcess, jobs: [String]) throws -> [JSONValue] {
        var found = [try server.client.get("/v1/datasets"), try server.client.get("/v1/models")]
        for job in jobs {
            found.append(try server.client.get("/v1/jobs/\(job)"))
            for part in ["epochs", "events", "logs", "checkpoints", "reproduction"] {
                found.append(try server.client.get("/v1/jobs/\(job)/\(part)"))
            }
            let model = try #require(try server.client.get("/v1/jobs/\(job)")["model"]?.text)
            found.append(.string(String(describing: try server.client.bytes("/v1/models/\(model)/content"))))
        }
        return found
    }

    @Test func whatIsRestoredIsWhatTheServerHadAndItsJobsGoOn() throws {
        let (file, folder) = (ServerProcess.makeFolder() + ".tar", ServerProcess.makeFolder())
        defer {
            try? FileManager.default.removeItem(atPath: file)
            try? FileManager.default.removeItem(atPath: folder)
        }
        let server = try ServerProcess(workers: 1)
        let dataset = try server.uploadDigits()
        let finished = try (0..<2).map { _ in try server.submit(dataset, epochs: 2) }
        for job in finished { _ = try server.waitForEnd(job) }
        let running = try server.submit(dataset, epochs: 40)
        while try server.epochs(running).count < 2 {}
        #expect(try Self.run(["backup", file, "--server", "http://127.0.0.1:\(server.port)"]) == 0)
        #expect(!FileManager.default.fileExists(atPath: file + ".partial"))
        let before = try Self.content(of: server, jobs: finished)

        #expect(try Self.run(["restore", file, "--data-dir", folder]) == 0)
        let restored = try ServerProcess(folder: folder, workers: 1)
        #expect(try Self.content(of: restored, jobs: finished) == before)
        let (end, original) = (try restored.waitForEnd(running), try server.waitForEnd(running))
        #expect(end["state"]?.text == "succeeded" && end["attempt"]?.int == 2 && end["crashes"]?.int == 0)
        #expect(end["weights_sha256"]?.text != nil && end["weights_sha256"] == original["weights_sha256"])
        // A folder with something in it is left alone.
        #expect(try Self.run(["restore", file, "--data-dir", folder]) == 1)
    }

    @Test(arguments: [true, false])
    func aBackupThatIsCutOffLeavesTheFileBeforeIt(clientIsKilled: Bool) throws {
        let folder = ServerProcess.makeFolder()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/backup.tar"
        try Data("the one before".utf8).write(to: URL(filePath: file))
        let server = try HalfAnswer()
        let client = try Self.start(["backup", file, "--server", "http://127.0.0.1:\(server.port)"])
        try server.accept()
        while (try? Data(contentsOf: URL(filePath: file + ".partial")))?.isEmpty ?? true {}
        if clientIsKilled { kill(client.processIdentifier, SIGKILL) } else { server.end() }
        client.waitUntilExit()
        #expect(client.terminationStatus == (clientIsKilled ? SIGKILL : 69))
        #expect(try Data(contentsOf: URL(filePath: file)) == Data("the one before".utf8))
        #expect(FileManager.default.fileExists(atPath: file + ".partial") == clientIsKilled)
    }
}

/// A server that begins an answer and never completes it.
private final class HalfAnswer {
    let port: UInt16
    private let listener: Descriptor
    private var connection: Descriptor?

    struct Failed: Error {
        let code: Int32
    }

    init() throws {
        listener = Descriptor(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener.value
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else { throw Failed(code: errno) }
        port = UInt16(bigEndian: address.sin_port)
    }

    func accept() throws {
        let connection = Descriptor(Glibc.accept(listener.value, nil, nil))
        guard connection.value >= 0 else { throw Failed(code: errno) }
        var request = [UInt8](repeating: 0, count: 4_096)
        _ = read(connection.value, &request, request.count)
        let answer = Array(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                .utf8)
        _ = write(connection.value, answer, answer.count)
        self.connection = connection
    }

    func end() {
        connection = nil
    }
}
