import Foundation
import Glibc
package import Jobs

/// One blocking HTTP/1.1 connection that is kept. It is used by one thread at a time.
package final class Connection: Sendable {
    private let descriptor: Int32

    package struct Response: Sendable {
        package let status: Int
        package let body: [UInt8]
    }

    package init(port: UInt16) throws {
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
        guard status == 0 else {
            close(descriptor)
            throw LoadedServer.Failure.noConnection(errno)
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        close(descriptor)
    }

    /// Returns the answer's content. Throws unless it is a 2xx.
    package func send(
        _ method: String, _ target: String, _ body: [UInt8] = [], type: String = "application/json",
        fields: [String] = []
    ) throws -> [UInt8] {
        let response = try exchange(method, target, body, type: type, fields: fields)
        guard (200..<300).contains(response.status) else {
            throw LoadedServer.Failure.answer(String(decoding: response.body, as: UTF8.self))
        }
        return response.body
    }

    package func json(
        _ method: String, _ target: String, _ body: [UInt8] = [], fields: [String] = []
    ) throws -> JSONValue {
        try JSONValue(parsing: send(method, target, body, fields: fields))
    }

    /// Sends a request and reads its answer, whatever the status.
    package func exchange(
        _ method: String, _ target: String, _ body: [UInt8] = [], type: String = "application/json",
        fields: [String] = []
    ) throws -> Response {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for field in fields { head += field + "\r\n" }
        if method != "GET" { head += "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n" }
        let message = Array((head + "\r\n").utf8) + body
        var sent = 0
        while sent < message.count {
            let count = message[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw LoadedServer.Failure.noConnection(errno) }
            sent += count
        }
        return try receive()
    }

    private func receive() throws -> Response {
        var bytes: [UInt8] = []
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let lines = head.split(separator: "\r\n")
                let status = lines.first.flatMap { Int($0.dropFirst(9).prefix(3)) } ?? 0
                let left = Array(bytes[end.upperBound...])
                if lines.contains(where: { $0.lowercased() == "transfer-encoding: chunked" }) {
                    return Response(status: status, body: try chunks(left))
                }
                let length =
                    lines.first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                return Response(status: status, body: try atLeast(length, after: left))
            }
            bytes += try more()
        }
    }

    private func chunks(_ start: [UInt8]) throws -> [UInt8] {
        var (bytes, body) = (start, [UInt8]())
        while true {
            guard let end = bytes.firstRange(of: Array("\r\n".utf8)) else {
                bytes += try more()
                continue
            }
            let size = Int(String(decoding: bytes[..<end.lowerBound], as: UTF8.self), radix: 16) ?? 0
            bytes = try atLeast(size + 2, after: Array(bytes[end.upperBound...]))
            if size == 0 { return body }
            body += bytes[..<size]
            bytes.removeFirst(size + 2)
        }
    }

    private func atLeast(_ count: Int, after start: [UInt8]) throws -> [UInt8] {
        var bytes = start
        while bytes.count < count { bytes += try more() }
        return bytes
    }

    private func more() throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { throw LoadedServer.Failure.noConnection(errno) }
        chunk.removeLast(chunk.count - count)
        return chunk
    }
}
