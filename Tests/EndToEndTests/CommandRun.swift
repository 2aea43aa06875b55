import Foundation

/// One run of the binary, as a script has it.
final class CommandRun {
    private let process = Process()
    private let output = Pipe()
    private let errors: FileHandle
    private let errorsPath: String

    /// What is left when it is over.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    /// - Parameters:
    ///   - environment: variables beside those of the test; servers, keys and proxies of the test's own are not passed on.
    ///   - redirection: where standard output goes instead, a file.
    init(_ arguments: [String], environment: [String: String] = [:], redirection: String? = nil) throws {
        errorsPath = NSTemporaryDirectory() + "tenbin-run-" + UUID().uuidString
        try Data().write(to: URL(filePath: errorsPath))
        errors = try FileHandle(forUpdating: URL(filePath: errorsPath))
        process.executableURL = ServerProcess.binary
        process.arguments = arguments
        let hidden = ["TENBIN_SERVER", "TENBIN_KEY", "SSL_CERT_FILE", "SSL_CERT_DIR"]
        let inherited = ProcessInfo.processInfo.environment.filter { name, _ in
            !hidden.contains(name) && !name.lowercased().hasSuffix("_proxy")
        }
        process.environment = inherited.merging(environment) { $1 }
        process.standardOutput = redirection.map { FileHandle(forWritingAtPath: $0) as Any? ?? output } ?? output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: errorsPath)
    }

    /// The next line of standard output, as soon as it is there; nil at the end.
    func line() throws -> String? {
        var bytes: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for the end.
    func outcome() throws -> Outcome {
        try? output.fileHandleForWriting.close()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        let complaints = try String(contentsOfFile: errorsPath, encoding: .utf8)
        return Outcome(status: process.terminationStatus, output: text, errors: complaints)
    }

    static func outcome(
        _ arguments: [String], environment: [String: String] = [:], redirection: String? = nil
    ) throws -> Outcome {
        try CommandRun(arguments, environment: environment, redirection: redirection).outcome()
    }
}
