import Foundation
import HTTPClient
import Jobs

@testable import tenbin

/// The real binary, serving on a free port with a data folder of its own until it is let go of.
final class ServerProcess {
    let client: APIClient
    let http: HTTPClient
    let port: UInt16
    let folder: String
    private let process: Process
    private let ownsFolder: Bool

    /// - Parameters:
    ///   - folder: an existing data folder to go on with; nil for a new one.
    ///   - descriptorsMax: how many file descriptors the process may have open; nil for as many as this one.
    ///   - addressKibibytesMax: how much memory it may have mapped; nil for as much as this one.
    init(
        folder: String? = nil, workers: Int = 1, options: [String] = [], descriptorsMax: Int? = nil,
        addressKibibytesMax: Int? = nil
    ) throws {
        ownsFolder = folder == nil
        self.folder = folder ?? Self.makeFolder()
        process = Process()
        let arguments = ["serve", "--port", "0", "--data-dir", self.folder, "--workers", String(workers)] + options
        let limits =
            [descriptorsMax.map { "ulimit -n \($0); " }, addressKibibytesMax.map { "ulimit -v \($0); " }]
            .compactMap { $0 }.joined()
        if !limits.isEmpty {
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", limits + "exec \"$0\" \"$@\"", Self.binary.path] + arguments
        } else {
            process.executableURL = Self.binary
            process.arguments = arguments
        }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        port = try Self.readPort(output.fileHandleForReading)
        http = HTTPClient(.tcp(host: "127.0.0.1", port: port))
        client = APIClient(http)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        if ownsFolder { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Sends a signal and waits for the end. Returns the exit status.
    func end(with signal: Int32) -> Int32 {
        send(signal)
        return exitStatus()
    }

    /// Waits for the end of a server that has been told to.
    func exitStatus() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// The most memory that it ever had mapped, in KiB; nil where the system does not say.
    var addressKibibytesPeak: Int? {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmPeak:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first
    }

    func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// Built beside the tests.
    static var binary: URL {
        Bundle(for: ServerProcess.self).bundleURL.appending(path: "tenbin")
    }

    static let digits = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/data/digits.csv").path

    static func makeFolder() -> String {
        NSTemporaryDirectory() + "tenbin-test-" + UUID().uuidString
    }

    /// The server says where it listens on its first line.
    private static func readPort(_ output: FileHandle) throws -> UInt16 {
        var line = ""
        while let byte = try output.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.unicodeScalars.append(Unicode.Scalar(byte))
        }
        guard let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) else { throw NoServer(line: line) }
        return port
    }

    struct NoServer: Error {
        let line: String
    }
}

extension ServerProcess {
    func uploadDigits() throws -> String {
        try client.upload(Self.digits, name: "digits", type: "text/csv").identifier
    }

    /// Three tasks on the digits.
    func submit(_ dataset: String, epochs: Int = 3, members: [JSONValue.Member] = []) throws -> String {
        let tasks = ["digit", "parity", "ge5"].map { name in
            JSONValue.object([
                .init("name", .string(name)), .init("target", .string(name)),
                .init("type", .string("classification")),
            ])
        }
        let spec = JSONValue.object(
            [
                .init("dataset", .string(dataset)), .init("tasks", .array(tasks)), .init("epochs", JSONValue(epochs)),
                .init("model", .object([.init("encoder", .object([.init("hidden", JSONValue([32]))]))])),
            ] + members)
        return try client.post("/v1/jobs", spec).identifier
    }

    /// Asks until the job is over, as a script would: the server answers when the state has changed.
    func waitForEnd(_ job: String) throws -> JSONValue {
        while true {
            let state = try client.get("/v1/jobs/\(job)", waitingSeconds: 5)
            if ["succeeded", "failed", "cancelled", "expired"].contains(state["state"]?.text) { return state }
        }
    }

    func epochs(_ job: String) throws -> [JSONValue] {
        try client.get("/v1/jobs/\(job)/epochs")["items"]?.elements ?? []
    }
}
