import CLinux
import Glibc

/// Thin layer over the socket calls: Swift types in, errno out.
enum Sockets {
    static let stream = Int32(SOCK_STREAM.rawValue)
    static let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    static func set(_ descriptor: Int32, level: Int32, option: Int32, _ value: Int32) -> Bool {
        var value = value
        return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    static func get(_ descriptor: Int32, level: Int32, option: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, level, option, &value, &length) == 0 else { return nil }
        return value
    }

    /// The user who connected to a UNIX socket, noted by the system at that moment; nil when it does not tell.
    static func peerUser(_ descriptor: Int32) -> UInt32? {
        // `struct ucred`, which glibc shows to GNU sources only: process, user and group.
        var credentials: (process: Int32, user: UInt32, group: UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        let status = withUnsafeMutablePointer(to: &credentials) {
            getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, $0, &length)
        }
        return status == 0 ? credentials.user : nil
    }

    /// The address in text and its port, the network it counts for; nil for families other than IPv4 and IPv6.
    static func describe(_ storage: sockaddr_storage) -> (address: String, port: UInt16, network: NetworkKey)? {
        withUnsafeBytes(of: storage) { bytes in
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let family = Int32(storage.ss_family)
            let address = bytes.baseAddress.map { $0 + (family == AF_INET ? 4 : 8) }
            guard family == AF_INET || family == AF_INET6, let address,
                inet_ntop(family, address, &text, socklen_t(text.count)) != nil
            else { return nil }
            let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
            let network: UInt64 =
                family == AF_INET
                ? UInt64(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                : bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let end = text.firstIndex(of: 0) ?? text.count
            let string = String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return (string, port, NetworkKey(prefix: network))
        }
    }

    /// The local address of a socket.
    static func localAddress(_ descriptor: Int32) -> sockaddr_storage? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return status == 0 ? storage : nil
    }
}
