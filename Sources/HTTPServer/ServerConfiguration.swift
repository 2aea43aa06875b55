package import Logging

/// All that a server needs to know beside its handler. `tenbin` fills it from its flags.
package struct ServerConfiguration: Sendable {
    package var addresses: [ListenAddress]
    /// Threads that run an event loop each.
    package var loops: Int
    package var limits: ServerLimits
    /// Speaks TLS on every address but UNIX sockets.
    package var tls: TLSConfiguration?
    package var logger: Logger
    /// Called once for each answered request, on an event loop: it must not block.
    package var accessLog: (@Sendable (AccessRecord) -> Void)?
    /// Called with the address of a peer whose TLS handshake failed, on an event loop: it must not block.
    package var handshakeRefused: (@Sendable (_ address: String) -> Void)?

    package init(
        addresses: [ListenAddress], loops: Int, limits: ServerLimits = ServerLimits(),
        tls: TLSConfiguration? = nil, logger: Logger,
        accessLog: (@Sendable (AccessRecord) -> Void)? = nil,
        handshakeRefused: (@Sendable (_ address: String) -> Void)? = nil
    ) {
        self.addresses = addresses
        self.loops = loops
        self.limits = limits
        self.tls = tls
        self.logger = logger
        self.accessLog = accessLog
        self.handshakeRefused = handshakeRefused
    }
}

/// Where to wait for connections.
package enum ListenAddress: Sendable, Hashable {
    /// A numeric address or a name, and a port; port 0 takes a free one.
    case tcp(host: String, port: UInt16)
    /// A UNIX socket made at `path` with `mode`; a stale one is replaced.
    case unix(path: String, mode: UInt32)
    /// A listening socket somebody else opened (systemd socket activation).
    case inherited(descriptor: Int32)
}

/// Where a server waits for connections, as the system tells it.
package struct BoundAddress: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        case tcp(address: String, port: UInt16)
        case unix(path: String, mode: UInt32)
    }
    package var place: Place
    package var isInherited: Bool
    /// Whether TLS is spoken there.
    package var isSecure = false

    package var port: UInt16? {
        if case .tcp(_, let port) = place { port } else { nil }
    }

    /// Whether only this machine (and for UNIX sockets only this user) can connect.
    package var isPrivate: Bool {
        switch place {
        case .tcp(let address, _): address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
        case .unix(_, let mode): mode & 0o077 == 0
        }
    }
}

extension BoundAddress: CustomStringConvertible {
    /// A URL for TCP, `unix:` and the path for a UNIX socket.
    package var description: String {
        switch place {
        case .tcp(let address, let port):
            "http\(isSecure ? "s" : "")://\(address.contains(":") ? "[\(address)]" : address):\(port)"
        case .unix(let path, _): "unix:\(path)"
        }
    }
}
