import Foundation
import Glibc
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// Keys made by the owner of a data folder, with its server running or not.
struct DataFolderTests {
    private static func run(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text.trimmingCharacters(in: .newlines), complaints)
    }

    private static func create(_ name: String, in folder: String, _ more: [String] = []) throws -> String {
        let made = try run(["keys", "create", "--name", name, "--scope", "admin", "--data-dir", folder] + more)
        #expect(made.status == 0, "\(made.errors)")
        return made.output
    }

    private static func status(_ port: UInt16, _ secret: String?) throws -> Int {
        try HTTPClient(.tcp(host: "127.0.0.1", port: port), bearer: secret).send("GET", "/v1/jobs").status
    }

    @Test func theFirstKeyIsMadeInTheFolderOfAStoppedServerAndOpensItsDoor() throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try ServerProcess(folder: folder)
        #expect(server.end(with: SIGTERM) == 0)
        let secret = try Self.create("first", in: folder)
        #expect(secret.hasPrefix("tnb_"))
        let again = try ServerProcess(folder: folder)
        #expect(try Self.status(again.port, secret) == 200)
        #expect(try Self.status(again.port, nil) == 401)
    }

    @Test func aRunningServerIsAskedThroughItsSocketAndKnowsTheKeyAtOnce() throws {
        let server = try ServerProcess(options: ["--require-auth"])
        #expect(try Self.status(server.port, nil) == 401)
        let secret = try Self.create("first", in: server.folder, ["--expires-in", "1h"])
        #expect(try Self.status(server.port, secret) == 200)
        let admin = APIClient(HTTPClient(.tcp(host: "127.0.0.1", port: server.port), bearer: secret))
        let key = try #require(try admin.get("/v1/api-keys")["items"]?.elements?.first)
        #expect(key["expires_at"]?.text != nil)
        let entry = try #require(try admin.get("/v1/audit-log")["items"]?.elements?.first)
        #expect(entry["action"]?.text == "POST /v1/api-keys")
        #expect(entry["peer"]?.text == "control")
        #expect(try Self.run(["keys", "list", "--data-dir", server.folder]).output.contains("first"))
        #expect(try Self.run(["keys", "revoke", key.identifier, "--data-dir", server.folder]).status == 0)
        #expect(try Self.status(server.port, secret) == 401)
    }

    @Test func theSocketIsItsOwnersAloneAndLeavesWithTheServer() throws {
        let server = try ServerProcess()
        let path = server.folder + "/control.sock"
        var status = stat()
        try #require(lstat(path, &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFSOCK)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(status.st_uid == geteuid())
        #expect(server.end(with: SIGTERM) == 0)
        #expect(lstat(path, &status) != 0)
    }

    @Test func aSocketThatAKilledServerLeftIsInNobodysWay() throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try ServerProcess(folder: folder).end(with: SIGKILL)
        #expect(try Self.create("offline", in: folder).hasPrefix("tnb_"))
        let server = try ServerProcess(folder: folder)
        #expect(try Self.create("online", in: folder).hasPrefix("tnb_"))
        #expect(server.end(with: SIGTERM) == 0)
    }

    @Test func aFolderWithALongNameHasASocketAsWell() throws {
        let folder = ServerProcess.makeFolder() + "/" + String(repeating: "long", count: 40)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let server = try ServerProcess(folder: folder)
        #expect(try Self.create("first", in: folder).hasPrefix("tnb_"))
        #expect(server.end(with: SIGTERM) == 0)
    }

    @Test func aFolderThatIsNotThereOrNotOursIsLeftAlone() throws {
        let missing = try Self.run(["keys", "list", "--data-dir", ServerProcess.makeFolder()])
        #expect(missing.status == 66)
        #expect(missing.errors.contains("there is no data folder"))
    }
}
