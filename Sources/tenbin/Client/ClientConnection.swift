import Glibc

/// One blocking connection to a server.
final class ClientConnection {
    private let descriptor: Descriptor
    private var buffer: [UInt8] = []
    private var position = 0

    private static let readBytes = 1 << 16

    init(to address: HTTPClient.Address) throws(ClientError) {
        switch address {
        case .tcp(let host, let port): descriptor = try Self.connect(host: host, port: port)
        case .unix(let path): descriptor = try Self.connect(path: path)
        }
    }

    private static func connect(host: String, port: UInt16) throws(ClientError) -> Descriptor {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0 else {
            throw .cannotConnect("\(host): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        var candidate = found
        var lastError: Int32 = 0
        while let info = candidate?.pointee {
            let descriptor = Descriptor(
                socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0))
            if descriptor.value >= 0, Glibc.connect(descriptor.value, info.ai_addr, info.ai_addrlen) == 0 {
                var on: Int32 = 1
                setsockopt(
                    descriptor.value, Int32(IPPROTO_TCP), TCP_NODELAY, &on,
                    socklen_t(MemoryLayout<Int32>.size))
                return descriptor
            }
            lastError = errno
            candidate = info.ai_next
        }
        throw .cannotConnect("\(host) port \(port): \(String(cString: strerror(lastError)))")
    }

    private static func connect(path: String) throws(ClientError) -> Descriptor {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard path.utf8.count < buffer.count else { return false }
            buffer.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw .cannotConnect("the socket's path is too long: \(path)") }
        let descriptor = Descriptor(
            socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor.value, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw .cannotConnect("\(path): \(String(cString: strerror(errno)))") }
        return descriptor
    }

    func write(_ bytes: [UInt8]) throws(ClientError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(
                    descriptor.value, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .closed }
            sent += count
        }
    }

    /// The next byte; nil when the server has closed the connection.
    func next() throws(ClientError) -> UInt8? {
        if position == buffer.count, try !fill() { return nil }
        defer { position += 1 }
        return buffer[position]
    }

    /// At most `count` bytes, at least one; empty at the end.
    func read(atMost count: Int) throws(ClientError) -> ArraySlice<UInt8> {
        if position == buffer.count, try !fill() { return [] }
        let end = min(buffer.count, position + count)
        defer { position = end }
        return buffer[position..<end]
    }

    private func fill() throws(ClientError) -> Bool {
        buffer = [UInt8](repeating: 0, count: Self.readBytes)
        position = 0
        while true {
            let count = recv(descriptor.value, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .closed }
            buffer.removeLast(buffer.count - count)
            return count > 0
        }
    }
}
