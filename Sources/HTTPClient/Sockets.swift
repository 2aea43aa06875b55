import Glibc

/// An address that a name was resolved to.
package struct SocketAddress: Sendable {
    fileprivate var storage = sockaddr_storage()
    fileprivate let length: socklen_t

    fileprivate init?(_ pointer: UnsafePointer<sockaddr>, length: socklen_t) {
        guard length <= socklen_t(MemoryLayout<sockaddr_storage>.size) else { return nil }
        self.length = length
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: .init(start: pointer, count: Int(length))) }
    }

    package var ip: IPAddress? {
        withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET: IPAddress(bytes: Array(bytes[4..<8]))
            case AF_INET6: IPAddress(bytes: Array(bytes[8..<24]))
            default: nil
            }
        }
    }
}

/// How connections are made: resolved and connected in two steps, so that a caller can look at the addresses between them.
package enum Sockets {
    /// Makes a connected stream socket. A client is handed one of these.
    package typealias Connector = @Sendable (HTTPClient.Address, Deadline) throws(ClientError) -> Descriptor

    /// Resolves a host and connects to the first of its addresses that answers, or connects to a UNIX socket.
    package static let connect: Connector = { (address, deadline) throws(ClientError) in
        switch address {
        case .tcp(let host, let port):
            let found = try resolve(host: host, port: port)
            var lastError = ClientError.cannotConnect("\(host) has no address")
            for (index, candidate) in found.enumerated() {
                // One that does not answer leaves the others their share of the time.
                let share = deadline.secondsLeft.map { $0 / Double(found.count - index) }
                do throws(ClientError) {
                    return try connect(to: candidate, before: Deadline(seconds: share), named: "\(host) port \(port)")
                } catch {
                    lastError = error
                }
            }
            throw lastError
        case .unix(let path):
            return try connect(path: path)
        }
    }

    /// The addresses of a host, in the order in which the system would try them.
    package static func resolve(host: String, port: UInt16) throws(ClientError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0 else {
            throw .cannotConnect("\(host): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        var addresses: [SocketAddress] = []
        var candidate = found
        while let info = candidate?.pointee {
            if let pointer = info.ai_addr, let address = SocketAddress(pointer, length: info.ai_addrlen) {
                addresses.append(address)
            }
            candidate = info.ai_next
        }
        return addresses
    }

    /// - Parameter name: what an error calls the address.
    package static func connect(
        to address: SocketAddress, before deadline: Deadline, named name: String
    ) throws(ClientError) -> Descriptor {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = Descriptor(socket(Int32(address.storage.ss_family), flags, 0))
        guard descriptor.value >= 0 else { throw .cannotConnect("\(name): \(systemMessage(errno))") }
        let status = withUnsafePointer(to: address.storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor.value, $0, address.length)
            }
        }
        if status != 0 {
            guard errno == EINPROGRESS || errno == EINTR else {
                throw .cannotConnect("\(name): \(systemMessage(errno))")
            }
            guard wait(for: Int16(POLLOUT), on: descriptor, before: deadline) else {
                throw .timedOut("\(name) does not answer")
            }
            var failure: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor.value, SOL_SOCKET, SO_ERROR, &failure, &length)
            guard failure == 0 else { throw .cannotConnect("\(name): \(systemMessage(failure))") }
        }
        var on: Int32 = 1
        setsockopt(descriptor.value, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
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
        let descriptor = Descriptor(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor.value, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw .cannotConnect("\(path): \(systemMessage(errno))") }
        return descriptor
    }

    /// - Returns: false when the deadline came first.
    static func wait(for events: Int16, on descriptor: Descriptor, before deadline: Deadline) -> Bool {
        while true {
            var entry = pollfd(fd: descriptor.value, events: events, revents: 0)
            let count = poll(&entry, 1, deadline.pollMilliseconds)
            if count > 0 { return true }
            if count == 0, deadline.hasPassed { return false }
            if count < 0, errno != EINTR { return true }
        }
    }
}

/// A connected socket that never waits longer than it may.
final class SocketStream {
    private let descriptor: Descriptor

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
        let flags = fcntl(descriptor.value, F_GETFL)
        _ = fcntl(descriptor.value, F_SETFL, flags | O_NONBLOCK)
    }

    /// Whether bytes or the end have come that nobody has asked for.
    var isReadable: Bool {
        Sockets.wait(for: Int16(POLLIN), on: descriptor, before: Deadline(seconds: 0))
    }

    func write(_ bytes: UnsafeRawBufferPointer, before deadline: Deadline) throws(ClientError) {
        var sent = 0
        while sent < bytes.count {
            let count = send(
                descriptor.value, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count > 0 {
                sent += count
                continue
            }
            if count < 0, errno == EINTR { continue }
            guard count < 0, errno == EAGAIN else { throw .closed }
            guard Sockets.wait(for: Int16(POLLOUT), on: descriptor, before: deadline) else {
                throw .timedOut("the server takes no more of the request")
            }
        }
    }

    /// At least one byte; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, before deadline: Deadline) throws(ClientError) -> Int {
        while true {
            let count = recv(descriptor.value, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            if errno == EINTR { continue }
            guard errno == EAGAIN else { throw .closed }
            guard Sockets.wait(for: Int16(POLLIN), on: descriptor, before: deadline) else {
                throw .timedOut("the server sends nothing")
            }
        }
    }
}
