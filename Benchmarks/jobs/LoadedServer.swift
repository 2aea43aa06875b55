import Foundation
import Glibc
import Jobs
import Locks

/// The real server in a process of its own, and what clients do to it.
final class LoadedServer {
    private let process = Process()
    private let port: UInt16

    init(binary: String, folder: String, workers: Int) throws {
        process.executableURL = URL(filePath: binary)
        process.arguments = [
            "serve", "--port", "0", "--data-dir", folder, "--workers", String(workers), "--log-level", "error",
        ]
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

    enum Failure: Error {
        case noServer(String)
        case noConnection(Int32)
        case answer(String)
    }

    func connect() throws -> Connection {
        try Connection(port: port)
    }

    /// Submits the same job over and over on many connections at once. Returns how many were accepted in how long.
    func submit(_ spec: [UInt8], connections: Int, seconds: Double, limit: Int = .max) throws -> (Int, Double) {
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
                        _ = try connection.send("POST", "/v1/jobs", spec)
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

/// One blocking connection that is kept.
final class Connection: Sendable {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw LoadedServer.Failure.noConnection(errno) }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        close(descriptor)
    }

    /// Returns the answer's content. Throws unless it is a 2xx.
    func send(
        _ method: String, _ target: String, _ body: [UInt8] = [], type: String = "application/json"
    ) throws -> [UInt8] {
        let head =
            "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
        let message = Array(head.utf8) + body
        var sent = 0
        while sent < message.count {
            let count = message[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw LoadedServer.Failure.noConnection(errno) }
            sent += count
        }
        return try receive()
    }

    private func receive() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let length =
                    head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if bytes.count >= end.upperBound + length {
                    guard head.dropFirst(9).first == "2" else {
                        throw LoadedServer.Failure.answer(String(decoding: bytes, as: UTF8.self))
                    }
                    return Array(bytes[end.upperBound...])
                }
            }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { throw LoadedServer.Failure.noConnection(errno) }
            bytes += chunk[..<count]
        }
    }

    func json(_ method: String, _ target: String, _ body: [UInt8] = []) throws -> JSONValue {
        try JSONValue(parsing: send(method, target, body))
    }
}
