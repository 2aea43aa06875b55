import Foundation
import Glibc
import Locks

/// The real server in a process of its own, and what clients do to it.
package final class LoadedServer {
    private let process = Process()
    package let port: UInt16

    /// - Parameter options: of `tenbin serve`, beside port, data folder and workers.
    package init(binary: String, folder: String, workers: Int, options: [String] = []) throws {
        process.executableURL = URL(filePath: binary)
        process.arguments =
            ["serve", "--port", "0", "--data-dir", folder, "--workers", String(workers), "--log-level", "error"]
            + options
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var line = ""
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.unicodeScalars.append(Unicode.Scalar(byte))
        }
        guard let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) else { throw Failure.noServer(line) }
        self.port = port
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    package var processIdentifier: Int32 { process.processIdentifier }

    /// Ends it as a crash does; returns when it is gone.
    package func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    package enum Failure: Error {
        case noServer(String)
        case noConnection(Int32)
        case answer(String)
    }

    package func connect() throws -> Connection {
        try Connection(port: port)
    }

    /// Submits the same job over and over on many connections at once. Returns how many were accepted in how long.
    package func submit(
        _ spec: [UInt8], connections: Int, seconds: Double, limit: Int = .max
    ) throws -> (count: Int, seconds: Double) {
        let message = Connection.message("POST", "/v1/jobs", spec)
        let accepted = Lock(0)
        let failures = Lock<[any Error]>([])
        let group = DispatchGroup()
        let start = now()
        for _ in 0..<connections {
            let connection = try connect()
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                do {
                    while now() - start < seconds {
                        let mayGoOn = accepted.withLock { count in
                            defer { if count < limit { count += 1 } }
                            return count < limit
                        }
                        guard mayGoOn else { return }
                        let answer = try connection.exchange(message)
                        guard answer.status == 202 else {
                            throw Failure.answer(String(decoding: answer.body, as: UTF8.self))
                        }
                    }
                } catch {
                    failures.withLock { $0.append(error) }
                }
            }
        }
        group.wait()
        if let failure = failures.withLock({ $0.first }) { throw failure }
        return (accepted.withLock { $0 }, now() - start)
    }
}

/// Seconds since some moment.
package func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
