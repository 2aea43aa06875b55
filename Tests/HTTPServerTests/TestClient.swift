import Glibc
import HTTPServer

/// A blocking socket that says exactly what it is told to. Every wait is bounded by ten seconds.
final class TestClient: @unchecked Sendable {
    // True because each test uses a client from one thread at a time.
    let descriptor: Int32
    /// Bytes received and not yet looked at.
    private(set) var received: [UInt8] = []
    private(set) var hasEnded = false

    struct Failure: Error { let operation: String, code: Int32 }

    /// Connects to the server's first address. `receiveBuffer` makes a reader that takes little.
    init(_ server: Server, address: Int = 0, receiveBuffer: Int32? = nil) throws {
        switch server.addresses[address].place {
        case .tcp(let host, let port):
            descriptor = socket(host.contains(":") ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            if var size = receiveBuffer {
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
            try connectTCP(host: host, port: port)
        case .unix(let path, _):
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            try connectUNIX(path)
        }
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    private func connectTCP(host: String, port: UInt16) throws {
        var status: Int32
        if host.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        guard status == 0 else { throw Failure(operation: "connect", code: errno) }
    }

    private func connectUNIX(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw Failure(operation: "connect", code: errno) }
    }

    /// False when the server no longer takes it.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + start }, bytes.count - start, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes so that the server sees a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // Closing an unspecified peer association is how connect() aborts; the descriptor itself is closed in deinit.
        var address = sockaddr(sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// Receives once; false at the end of the stream or when nothing came in time.
    @discardableResult
    func receiveMore() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count == 0 || (count < 0 && errno == ECONNRESET) { hasEnded = true }
        guard count > 0 else { return false }
        received.append(contentsOf: buffer[..<count])
        return true
    }

    /// What has been received, taken away.
    func takeReceived() -> [UInt8] {
        defer { received = [] }
        return received
    }

    /// Everything until the server closes.
    func readToEnd() -> String {
        while receiveMore() {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    struct Answer: Equatable {
        var status: Int
        var head: String
        var body: String
    }

    /// One answer with Content-Length or chunked content; nil when the stream ends first.
    func readAnswer(toHead: Bool = false) -> Answer? {
        guard let head = take(through: "\r\n\r\n") else { return nil }
        let status = Int(head.dropFirst(9).prefix(3)) ?? 0
        if toHead || status == 204 || status == 304 || status < 200 {
            return Answer(status: status, head: head, body: "")
        }
        if head.contains("Transfer-Encoding: chunked") {
            var body = ""
            while let line = take(through: "\r\n"), let size = Int(line.dropLast(), radix: 16) {
                guard let piece = take(count: size + 2) else { return nil }
                if size == 0 { return Answer(status: status, head: head, body: body) }
                // A CRLF is one character.
                body += piece.dropLast()
            }
            return nil
        }
        let field = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        guard let length = field.flatMap({ Int($0.dropFirst(16)) }), let body = take(count: length) else { return nil }
        return Answer(status: status, head: head, body: body)
    }

    func ask(_ text: String) -> Answer? {
        send(text)
        return readAnswer()
    }

    func get(_ path: String) -> Answer? { ask("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n") }

    private func take(through mark: String) -> String? {
        let mark = Array(mark.utf8)
        while true {
            if received.count >= mark.count,
                let start = (0...received.count - mark.count).first(where: { received[$0...].starts(with: mark) })
            {
                return take(count: start + mark.count)
            }
            guard receiveMore() else { return nil }
        }
    }

    private func take(count: Int) -> String? {
        while received.count < count {
            guard receiveMore() else { return nil }
        }
        defer { received.removeFirst(count) }
        // Latin-1, so that every byte stays one character.
        return String(String.UnicodeScalarView(received.prefix(count).map { Unicode.Scalar($0) }))
    }
}
