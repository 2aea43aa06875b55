import Foundation
import Testing

/// Runs programs that are not ours. One that is missing fails the test that wants it: `make test` installs them all.
enum OutsideProgram {
    struct Outcome: Sendable {
        var status: Int32
        /// Standard output and error together, in the order of arrival.
        var text: String
    }

    /// - Parameter input: what the program reads; it sees the end of input after it.
    static func run(_ path: String, _ arguments: [String], input: String = "") throws -> Outcome {
        let process = Process()
        // `timeout` bounds every run, whatever the program does.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["20", path] + arguments
        let (incoming, outgoing) = (Pipe(), Pipe())
        process.standardInput = incoming
        process.standardOutput = outgoing
        process.standardError = outgoing
        try process.run()
        try incoming.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try incoming.fileHandleForWriting.close()
        let bytes = try outgoing.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, text: String(decoding: bytes, as: UTF8.self))
    }

    static func curl(_ arguments: String...) throws -> Outcome {
        try run("/usr/bin/curl", ["--silent", "--show-error", "--noproxy", "*", "--max-time", "10"] + arguments)
    }

    static func openssl(_ arguments: String..., input: String = "") throws -> Outcome {
        try run("/usr/bin/openssl", arguments, input: input)
    }
}
