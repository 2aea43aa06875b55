import Foundation
import Glibc
import HTTPClient
import Jobs
import Locks

@testable import tenbin

/// The real binary, started to be killed.
final class VictimServer {
    private let process = Process()
    private let output = Pipe()
    /// Whether the process is done with, so that its number may belong to another one.
    private let isOver = Lock(false)
    /// Nil when it died before it could say where it listens.
    private(set) var client: APIClient?
    private(set) var http: HTTPClient?
    private(set) var address: HTTPClient.Address?

    /// - Parameters:
    ///   - launcher: a program and its arguments that starts the server in its own place, such as `prlimit`.
    ///   - options: of `tenbin serve`, beside port and data folder.
    init(
        folder: String, binary: URL, launcher: [String] = [], options: [String] = ["--workers", "2"],
        environment: [String: String] = [:]
    ) throws {
        let command =
            launcher + [binary.path, "serve", "--port", "0", "--data-dir", folder, "--log-level", "error"] + options
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        try process.run()
    }

    deinit {
        kill()
    }

    /// Sends a signal after that time, whatever the server is doing then.
    func send(signal: Int32, afterMilliseconds milliseconds: Int) {
        let (number, isOver) = (process.processIdentifier, self.isOver)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            isOver.withLock { if !$0 { Glibc.kill(number, signal) } }
        }
    }

    /// Reads where the server listens. False when it died first.
    func awaitListening() throws -> Bool {
        var line = ""
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.unicodeScalars.append(Unicode.Scalar(byte))
        }
        guard let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) else { return false }
        let address = HTTPClient.Address.tcp(host: "127.0.0.1", port: port)
        let http = HTTPClient(address)
        self.address = address
        self.http = http
        client = APIClient(http)
        return true
    }

    func send(signal: Int32) {
        isOver.withLock { if !$0 { Glibc.kill(process.processIdentifier, signal) } }
    }

    /// Waits for the end. True when a signal ended it, not the server itself.
    func awaitEnd() -> Bool {
        process.waitUntilExit()
        isOver.withLock { $0 = true }
        return process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
    }

    var exitStatus: Int32 { process.terminationStatus }
    /// Whether it said so, rather than being ended by a signal.
    var endedByItself: Bool { process.terminationReason == .exit }
    var endedInOrder: Bool { endedByItself && process.terminationStatus == 0 }
    var processIdentifier: Int32 { process.processIdentifier }

    func kill() {
        send(signal: SIGKILL)
        _ = awaitEnd()
    }

    /// Built beside the tests, unless another build is to be put to the test.
    static var binary: URL {
        if let path = ProcessInfo.processInfo.environment["TENBIN_BINARY"] { return URL(filePath: path) }
        return products.appending(path: "tenbin")
    }

    /// Where the build has put what was built beside the tests.
    static var products: URL { Bundle(for: VictimServer.self).bundleURL }
}

/// SplitMix64 (Steele, Lea and Flood 2014): a run can be repeated from its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
