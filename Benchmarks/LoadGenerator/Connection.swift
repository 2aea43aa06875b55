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
        try exchange(Self.message(method, target, body, type: type, fields: fields))
    }

    /// A request as it goes over the wire, to be sent again and again.
    package static func message(
        _ method: String, _ target: String, _ body: [UInt8] = [], type: String = "application/json",
        fields: [String] = []
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for field in fields { head += field + "\r\n" }
        if method != "GET" { head += "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    package func exchange(_ message: [UInt8]) throws -> Response {
        var sent = 0
        while sent < message.count {
            let count = message.withUnsafeBytes { bytes in
                write(descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
            }
            guard count > 0 else { throw LoadedServer.Failure.noConnection(errno) }
            sent += count
        }
        return try receive()
    }

    private func receive() throws -> Response {
        var bytes: [UInt8] = []
        while true {
            guard let end = Self.offset(of: "\r\n\r\n", in: bytes) else {
                bytes += try more()
                continue
            }
            let head = bytes[..<end].map { $0 | 0x20 }
            let status = bytes.dropFirst(9).prefix(3).reduce(0) { $0 * 10 + Int($1 & 15) }
            let left = Array(bytes[(end + 4)...])
            if Self.offset(of: "transfer-encoding: chunked", in: head) != nil {
                return Response(status: status, body: try chunks(left))
            }
            var length = 0
            if let start = Self.offset(of: "content-length: ", in: head) {
                for digit in head[(start + 16)...].prefix(while: { (0x30...0x39).contains($0) }) {
                    length = length * 10 + Int(digit & 15)
                }
            }
            return Response(status: status, body: try atLeast(length, after: left))
        }
    }

    /// Where a text begins; the C library looks for it, so that a client costs less than the server that it loads.
    private static func offset(of text: StaticString, in bytes: [UInt8]) -> Int? {
        let length = text.utf8CodeUnitCount
        return bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            var offset = 0
            while offset + length <= bytes.count {
                guard
                    let found = memchr(start + offset, Int32(text.utf8Start.pointee), bytes.count - offset - length + 1)
                else { return nil }
                if memcmp(found, text.utf8Start, length) == 0 { return start.distance(to: UnsafeRawPointer(found)) }
                offset = start.distance(to: UnsafeRawPointer(found)) + 1
            }
            return nil
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
        let chunk = [UInt8](unsafeUninitializedCapacity: 16_384) { chunk, count in
            count = max(0, read(descriptor, chunk.baseAddress, chunk.count))
        }
        guard !chunk.isEmpty else { throw LoadedServer.Failure.noConnection(errno) }
        return chunk
    }
}
