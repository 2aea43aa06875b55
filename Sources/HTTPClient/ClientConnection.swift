import Glibc

/// One blocking connection to a server, with TLS or without. Confined to one thread at a time.
package final class ClientConnection {
    private let stream: Stream
    private let limits: HTTPClient.Limits
    private var buffer: [UInt8] = []
    private var position = 0
    /// When the exchange that is under way must be over.
    var deadline = Deadline.never
    /// How long the server may be silent; nil for as long as the limits say.
    var quietSeconds: Double?

    private enum Stream {
        case plain(SocketStream)
        case tls(TLSStream)
    }

    private static let readBytes = 1 << 16

    /// Connects without TLS and without a proxy.
    package init(to address: HTTPClient.Address, limits: HTTPClient.Limits = .init()) throws(ClientError) {
        self.limits = limits
        stream = .plain(
            SocketStream(try Sockets.connect(address, Deadline(seconds: limits.connectSeconds))))
    }

    /// Connects as the configuration says: through its proxy, with TLS where the server's URL asks for it.
    ///
    /// - Parameter context: what TLS begins with; called when TLS is needed.
    init(
        to server: ServerURL, _ configuration: HTTPClient.Configuration, before deadline: Deadline,
        context: () throws(ClientError) -> TLSContext
    ) throws(ClientError) {
        limits = configuration.limits
        let connectDeadline = Deadline(seconds: limits.connectSeconds).earlier(deadline)
        let proxy = try configuration.proxy.proxy(for: server)
        let nextHop = proxy.map { HTTPClient.Address.tcp(host: $0.host, port: $0.port) } ?? server.address
        let socket: SocketStream
        do throws(ClientError) {
            socket = SocketStream(try configuration.connect(nextHop, connectDeadline))
        } catch {
            guard let proxy else { throw error }
            throw .proxy("\(proxy.host) port \(proxy.port): \(error)")
        }
        guard server.isSecure, case .tcp(let host, let port) = server.address else {
            stream = .plain(socket)
            return
        }
        if let proxy {
            try Tunnel.open(over: socket, through: proxy, toHost: host, port: port, before: connectDeadline)
        }
        stream = .tls(try TLSStream(over: socket, context(), host: host, before: connectDeadline))
    }

    package func write(_ bytes: [UInt8]) throws(ClientError) {
        let deadline = Deadline(seconds: limits.readSeconds).earlier(deadline)
        try bytes.withUnsafeBufferPointer { bytes throws(ClientError) in
            switch stream {
            case .plain(let socket): try socket.write(UnsafeRawBufferPointer(bytes), before: deadline)
            case .tls(let session): try session.write(UnsafeRawBufferPointer(bytes), before: deadline)
            }
        }
    }

    /// Whether the connection cannot be used for another request: closed, or something came that nobody asked for.
    var isStale: Bool {
        guard position == buffer.count else { return true }
        switch stream {
        case .plain(let socket): return socket.isReadable
        case .tls(let session): return session.isReadable
        }
    }

    /// At most `count` bytes, at least one; empty at the end.
    package func read(atMost count: Int) throws(ClientError) -> ArraySlice<UInt8> {
        if position == buffer.count, try !fill() { return [] }
        let end = position + min(count, buffer.count - position)
        defer { position = end }
        return buffer[position..<end]
    }

    /// Takes back the end of what was read last.
    func putBack(_ count: Int) {
        position -= count
    }

    private func fill() throws(ClientError) -> Bool {
        buffer = [UInt8](repeating: 0, count: Self.readBytes)
        position = 0
        let deadline = Deadline(seconds: quietSeconds ?? limits.readSeconds).earlier(deadline)
        let stream = stream
        let count = try buffer.withUnsafeMutableBufferPointer { bytes throws(ClientError) in
            switch stream {
            case .plain(let socket): try socket.read(into: UnsafeMutableRawBufferPointer(bytes), before: deadline)
            case .tls(let session): try session.read(into: UnsafeMutableRawBufferPointer(bytes), before: deadline)
            }
        }
        buffer.removeLast(buffer.count - count)
        return count > 0
    }
}

/// A way through a proxy (RFC 9110 section 9.3.6).
private enum Tunnel {
    static func open(
        over socket: SocketStream, through proxy: ProxySettings.Proxy, toHost host: String, port: UInt16,
        before deadline: Deadline
    ) throws(ClientError) {
        let authority = (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        var request = "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n"
        if let credentials = proxy.credentials { request += "Proxy-Authorization: \(credentials)\r\n" }
        let bytes = Array((request + "\r\n").utf8)
        try bytes.withUnsafeBufferPointer { bytes throws(ClientError) in
            try socket.write(UnsafeRawBufferPointer(bytes), before: deadline)
        }
        var parser = ResponseParser(to: .connect)
        while true {
            // Byte by byte: what follows the head is the server's already.
            var byte: [UInt8] = [0]
            let count = try byte.withUnsafeMutableBufferPointer { buffer throws(ClientError) in
                try socket.read(into: UnsafeMutableRawBufferPointer(buffer), before: deadline)
            }
            guard count == 1 else { throw .proxy("it closed the connection") }
            var input = byte[...]
            guard case .head(let head)? = try parser.next(&input) else { continue }
            guard (200..<300).contains(head.status) else {
                let advice = head.status == 407 ? "; the proxy's URL takes USER:PASSWORD@ before the host" : ""
                throw .proxy("it answers \(head.status) to CONNECT \(authority)\(advice)")
            }
            return
        }
    }
}
