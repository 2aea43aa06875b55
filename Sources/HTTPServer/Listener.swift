import CLinux
import Glibc

/// A socket that waits for connections. Loops share it; closing it is the server's business.
final class Listener: Sendable {
    let descriptor: Int32
    let bound: BoundAddress
    var isUNIX: Bool { if case .unix = bound.place { true } else { false } }

    /// How many connections may wait to be accepted; the system caps it at `net.core.somaxconn`.
    private static let backlog: Int32 = 4096

    init(_ address: ListenAddress, isSecure: Bool = false) throws(ServerError) {
        switch address {
        case .tcp(let host, let port):
            descriptor = try Self.listenTCP(host: host, port: port)
            bound = try Self.boundAddress(descriptor, isInherited: false, isSecure: isSecure)
        case .unix(let path, let mode):
            descriptor = try Self.listenUNIX(path: path, mode: mode)
            bound = BoundAddress(place: .unix(path: path, mode: mode), isInherited: false)
        case .inherited(let inherited):
            guard Sockets.get(inherited, level: SOL_SOCKET, option: SO_ACCEPTCONN) == 1,
                Sockets.get(inherited, level: SOL_SOCKET, option: SO_TYPE) == Sockets.stream
            else { throw .notListening(descriptor: inherited) }
            let flags = fcntl(inherited, F_GETFL)
            guard fcntl(inherited, F_SETFL, flags | O_NONBLOCK) == 0, fcntl(inherited, F_SETFD, FD_CLOEXEC) == 0 else {
                throw .system(operation: "fcntl", code: errno)
            }
            descriptor = inherited
            bound = try Self.boundAddress(descriptor, isInherited: true, isSecure: isSecure)
        }
    }

    /// Waits no more; a UNIX socket of our own leaves its path.
    func shut() {
        close(descriptor)
        if case .unix(let path, _) = bound.place, !bound.isInherited { unlink(path) }
    }

    private static func listenTCP(host: String, port: UInt16) throws(ServerError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Sockets.stream
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0, let info = list?.pointee else {
            throw .unresolved(host: host, reason: gai_strerror(status).map { String(cString: $0) } ?? "error \(status)")
        }
        let descriptor = socket(info.ai_family, Sockets.stream | Sockets.flags, 0)
        guard descriptor >= 0 else { throw .system(operation: "socket", code: errno) }
        do throws(ServerError) {
            try check(Sockets.set(descriptor, level: SOL_SOCKET, option: SO_REUSEADDR, 1), "SO_REUSEADDR")
            if info.ai_family == AF_INET6 {
                try check(Sockets.set(descriptor, level: Int32(IPPROTO_IPV6), option: IPV6_V6ONLY, 1), "IPV6_V6ONLY")
            }
            try check(bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, "bind \(host):\(port)")
            try check(listen(descriptor, backlog) == 0, "listen")
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func listenUNIX(path: String, mode: UInt32) throws(ServerError) -> Int32 {
        var address = try unixAddress(path)
        try removeStaleSocket(path, address: address)
        let descriptor = socket(AF_UNIX, Sockets.stream | Sockets.flags, 0)
        guard descriptor >= 0 else { throw .system(operation: "socket", code: errno) }
        do throws(ServerError) {
            // On Linux the mode of the unbound socket becomes the mode of its path, so there is no moment at which
            // somebody else could connect.
            try check(fchmod(descriptor, mode & 0o777) == 0, "fchmod")
            let size = socklen_t(MemoryLayout<sockaddr_un>.size)
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
            }
            try check(status == 0, "bind \(path)")
            try check(chmod(path, mode & 0o777) == 0, "chmod \(path)")
            try check(listen(descriptor, backlog) == 0, "listen")
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func unixAddress(_ path: String) throws(ServerError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard !bytes.isEmpty, bytes.count < buffer.count, !bytes.contains(0) else { return false }
            buffer.copyBytes(from: bytes)
            return true
        }
        guard fits else { throw .pathTooLong(path: path) }
        return address
    }

    /// Removes a socket nobody answers at. Anything else at the path is left alone.
    private static func removeStaleSocket(_ path: String, address: sockaddr_un) throws(ServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .pathInUse(path: path) }
        let probe = socket(AF_UNIX, Sockets.stream | Sockets.flags, 0)
        guard probe >= 0 else { throw .system(operation: "socket", code: errno) }
        defer { close(probe) }
        var address = address
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected != 0, errno == ECONNREFUSED else { throw .pathInUse(path: path) }
        try check(unlink(path) == 0, "unlink \(path)")
    }

    /// Where a socket waits, as the system tells it.
    static func boundAddress(
        _ descriptor: Int32, isInherited: Bool, isSecure: Bool
    ) throws(ServerError) -> BoundAddress {
        guard let storage = Sockets.localAddress(descriptor) else {
            throw .system(operation: "getsockname", code: errno)
        }
        if let (address, port, _) = Sockets.describe(storage) {
            return BoundAddress(
                place: .tcp(address: address, port: port), isInherited: isInherited, isSecure: isSecure)
        }
        let path = withUnsafeBytes(of: storage) { bytes in
            String(decoding: bytes.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
        }
        var status = stat()
        // A socket without a path of its own (abstract, or gone) is judged as open to everybody.
        let mode = lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0o777
        return BoundAddress(place: .unix(path: path, mode: mode), isInherited: isInherited)
    }

    private static func check(_ succeeded: Bool, _ operation: String) throws(ServerError) {
        guard succeeded else { throw .system(operation: operation, code: errno) }
    }
}
