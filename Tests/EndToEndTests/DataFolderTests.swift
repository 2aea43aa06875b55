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
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let server = try ServerProcess(folder: folder)
        #expect(try Self.create("first", in: folder).hasPrefix("tnb_"))
        #expect(server.end(with: SIGTERM) == 0)
    }

    @Test func aFolderThatIsNotThereOrNotOursIsLeftAlone() throws {
        let missing = try Self.run(["keys", "list", "--data-dir", ServerProcess.makeFolder()])
        #expect(missing.status == 66)
        #expect(missing.errors.contains("there is no data folder"))
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data([1]).write(to: URL(filePath: folder + "/theirs"))
        let foreign = try Self.run(["keys", "list", "--data-dir", folder])
        #expect(foreign.status == 66 && foreign.errors.contains("holds files but no tenbin.db"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["theirs"])
    }

    // MARK: - A folder that is not as it should be

    private static func mode(_ path: String) -> mode_t {
        var status = stat()
        #expect(lstat(path, &status) == 0, "\(path)")
        return status.st_mode & 0o777
    }

    /// A server that refuses to start; its words.
    private static func refusal(_ folder: String, _ more: [String] = []) throws -> String {
        let ended = try run(["serve", "--port", "0", "--data-dir", folder] + more)
        #expect(ended.status == 1 && ended.output == "")
        return ended.errors
    }

    @Test(arguments: [true, false]) func withoutItsDatabaseAServerDoesNotStartAndRemovesNothing(isEmptied: Bool) throws
    {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try ServerProcess(folder: folder)
        let job = try server.submit(try server.uploadDigits(), epochs: 1)
        #expect(try server.waitForEnd(job)["state"]?.text == "succeeded")
        #expect(server.end(with: SIGTERM) == 0)
        func kept() throws -> [[String]] {
            try ["datasets", "models", "checkpoints"].map {
                try FileManager.default.contentsOfDirectory(atPath: folder + "/" + $0).sorted()
            }
        }
        let before = try kept()
        #expect(before.allSatisfy { !$0.isEmpty })
        let database = try Data(contentsOf: URL(filePath: folder + "/tenbin.db"))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix("tenbin.db") {
            try FileManager.default.removeItem(atPath: folder + "/" + name)
        }
        if isEmptied { try Data().write(to: URL(filePath: folder + "/tenbin.db")) }
        let words = try Self.refusal(folder)
        #expect(words.contains("tenbin.db is missing or empty") && words.contains("tenbin restore"), "\(words)")
        for command in [["keys", "list"], ["migrate"], ["serve", "--retain-dry-run"]] {
            let ended = try Self.run(command + ["--data-dir", folder])
            #expect(ended.status == (command[0] == "keys" && !isEmptied ? 66 : 1), "\(command): \(ended.errors)")
        }
        #expect(try kept() == before)
        #expect(((try? Data(contentsOf: URL(filePath: folder + "/tenbin.db"))) ?? Data()).isEmpty)
        // With the right one everything is there again.
        try database.write(to: URL(filePath: folder + "/tenbin.db"))
        let again = try ServerProcess(folder: folder)
        let model = try #require(try again.client.get("/v1/jobs/\(job)")["model"]?.text)
        #expect(try !again.client.bytes("/v1/models/\(model)/content").isEmpty)
        #expect(try kept() == before)
    }

    @Test func nobodyElseMayReadTheFolderWhateverTheMaskWas() throws {
        let before = umask(0)
        let server: ServerProcess
        do {
            defer { umask(before) }
            server = try ServerProcess()
        }
        _ = try server.uploadDigits()
        for path in try FileManager.default.subpathsOfDirectory(atPath: server.folder) {
            #expect(Self.mode(server.folder + "/" + path) & 0o077 == 0, "\(path)")
        }
        #expect(Self.mode(server.folder) == 0o700)
    }

    @Test func anEmptyFolderThatOthersMayEnterIsRefusedWithTheRemedy() throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(mkdir(folder, 0o700) == 0 && chmod(folder, 0o750) == 0)
        #expect(try Self.refusal(folder).contains("chmod 700 \(folder)"))
        let server = try ServerProcess(folder: folder, options: ["--allow-group-read"])
        #expect(Self.mode(folder) == 0o750 && Self.mode(folder + "/tenbin.db") == 0o640)
        #expect(server.end(with: SIGTERM) == 0)
        #expect(try Self.create("first", in: folder).hasPrefix("tnb_"))
        #expect(Self.mode(folder) == 0o750 && Self.mode(folder + "/tenbin.db") == 0o640)
        // Without the flag a folder that is ours is closed.
        let again = try ServerProcess(folder: folder)
        #expect(Self.mode(folder) == 0o700 && Self.mode(folder + "/tenbin.db") == 0o600)
        #expect(again.end(with: SIGTERM) == 0)
    }
}
