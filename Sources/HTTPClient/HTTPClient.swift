import Glibc

/// A small blocking HTTP/1.1 client over TCP, TLS and UNIX sockets.
///
/// One request at a time on one connection, which is kept and opened again when the server has closed it. Redirects are not
/// followed. Confined to one thread at a time.
package final class HTTPClient {
    package let server: ServerURL
    private let configuration: Configuration
    private var connection: ClientConnection?
    private var context: TLSContext?

    /// What bounds an exchange. Times are seconds, sizes bytes.
    package struct Limits: Sendable {
        /// From the first look at the name to the end of the TLS handshake.
        package var connectSeconds: Double
        /// Without a byte of the answer, or of room for the request.
        package var readSeconds: Double
        /// From the beginning of an exchange to its end; nil for no bound.
        package var totalSeconds: Double?
        /// Content that is gathered; what goes to a receiver is the receiver's matter.
        package var bodyBytesMax: Int

        package static let bodyBytesDefault = 64 << 20

        package init(
            connectSeconds: Double = 10, readSeconds: Double = 300, totalSeconds: Double? = nil,
            bodyBytesMax: Int = bodyBytesDefault
        ) {
            self.connectSeconds = connectSeconds
            self.readSeconds = readSeconds
            self.totalSeconds = totalSeconds
            self.bodyBytesMax = bodyBytesMax
        }
    }

    /// Everything about a client but where its server is.
    package struct Configuration: Sendable {
        /// The key to send, a bearer token (RFC 6750).
        package var bearer: String?
        package var userAgent: String
        package var limits: Limits
        package var tls: TLSSettings
        package var proxy: ProxySettings
        /// Makes the connection that the rest is built on, to the server or to its proxy.
        package var connect: Sockets.Connector

        package init(
            bearer: String? = nil, userAgent: String = "tenbin", limits: Limits = Limits(),
            tls: TLSSettings = TLSSettings(), proxy: ProxySettings = .none,
            connect: @escaping Sockets.Connector = Sockets.connect
        ) {
            self.bearer = bearer
            self.userAgent = userAgent
            self.limits = limits
            self.tls = tls
            self.proxy = proxy
            self.connect = connect
        }
    }

    package init(_ server: ServerURL, _ configuration: Configuration = Configuration()) {
        self.server = server
        self.configuration = configuration
    }

    /// Speaks to an address without TLS.
    package convenience init(_ address: Address, bearer: String? = nil) {
        self.init(ServerURL(address), Configuration(bearer: bearer))
    }

    /// A request's content.
    package enum Content {
        case none
        case bytes([UInt8], type: String)
        /// A file sent as it is; its length is read before.
        case file(path: String, type: String)
    }

    package struct Response {
        package let status: Int
        /// Names in lower case; a repeated field's values joined with `, `.
        package let fields: [String: String]
        package let body: [UInt8]

        package init(status: Int, fields: [String: String], body: [UInt8]) {
            self.status = status
            self.fields = fields
            self.body = body
        }
    }

    /// Sends a request and reads its answer, whatever the status.
    package func send(
        _ method: String, _ target: String, fields: [(String, String)], content: Content
    ) throws(ClientError) -> Response {
        let isReused = connection != nil
        do {
            return try exchange(method, target, fields, content)
        } catch .closed where isReused && Self.idempotent.contains(method) {
            // A kept connection may have been closed while idle; what changes nothing twice may be asked again.
            return try exchange(method, target, fields, content)
        }
    }

    /// RFC 9110 section 9.2.2.
    private static let idempotent: Set = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]

    /// Sends a GET whose answer may be too large to be held: the content of a 200 goes to `receive` as it comes.
    ///
    /// - Parameter quietSeconds: how long the server may be silent; nil for as long as the limits say.
    /// - Throws: what `receive` throws; `ClientError.closed` when the content is cut off.
    package func download(
        _ target: String, fields: [(String, String)], quietSeconds: Double?,
        receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) -> Response {
        // Not on a kept connection, so that nothing has to be asked twice.
        connection = nil
        return try exchange("GET", target, fields, .none, quietSeconds: quietSeconds, receive: receive)
    }

    private func exchange(
        _ method: String, _ target: String, _ fields: [(String, String)], _ content: Content,
        quietSeconds: Double? = nil, receive: ((ArraySlice<UInt8>) throws(ClientError) -> Void)? = nil
    ) throws(ClientError) -> Response {
        let deadline = Deadline(seconds: configuration.limits.totalSeconds)
        let body = try OutgoingContent(content)
        let head = try head(method, target, fields, body)
        let connection = try openConnection(before: deadline)
        connection.deadline = deadline
        connection.quietSeconds = quietSeconds
        // Left behind when anything goes wrong.
        self.connection = nil
        do {
            try connection.write(head)
            try body.forEachPiece { piece throws(ClientError) in try connection.write(piece) }
        } catch .closed {
            // The server may have refused the content early; its answer says why.
        }
        let reader = ResponseReader(
            connection, isHead: method == "HEAD", bodyBytesMax: configuration.limits.bodyBytesMax)
        let (response, keepsOpen) = try reader.response(receive)
        if keepsOpen { self.connection = connection }
        return response
    }

    private func openConnection(before deadline: Deadline) throws(ClientError) -> ClientConnection {
        if let connection, !connection.isStale { return connection }
        return try ClientConnection(to: server, configuration, before: deadline) { () throws(ClientError) in
            if let context { return context }
            let made = try TLSContext(configuration.tls)
            context = made
            return made
        }
    }

    private func head(
        _ method: String, _ target: String, _ fields: [(String, String)], _ body: OutgoingContent
    ) throws(ClientError) -> [UInt8] {
        guard target.hasPrefix("/"), target.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .notSendable("the target must begin with / and be without spaces")
        }
        var whole = server.basePath + target
        var all = [("Host", server.authority), ("User-Agent", configuration.userAgent)]
        if let bearer = configuration.bearer { all.append(("Authorization", "Bearer \(bearer)")) }
        if !server.isSecure, let proxy = try configuration.proxy.proxy(for: server) {
            // A proxy is told the whole URL where there is no tunnel (RFC 9112 section 3.2.2).
            whole = "http://\(server.authority)\(whole)"
            if let credentials = proxy.credentials { all.append(("Proxy-Authorization", credentials)) }
        }
        all += fields
        if let type = body.type {
            all += [("Content-Type", type), ("Content-Length", String(body.length))]
        } else if method != "GET", method != "HEAD" {
            all.append(("Content-Length", "0"))
        }
        var text = "\(method) \(whole) HTTP/1.1\r\n"
        for (name, value) in all {
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw .notSendable("\(name) must be without control characters")
            }
            text += "\(name): \(value)\r\n"
        }
        return Array((text + "\r\n").utf8)
    }
}

/// A request's content as pieces.
private struct OutgoingContent {
    let type: String?
    let length: Int
    private let source: Source

    private enum Source {
        case bytes([UInt8])
        case file(Descriptor, path: String)
    }

    private static let pieceBytes = 1 << 16

    init(_ content: HTTPClient.Content) throws(ClientError) {
        switch content {
        case .none:
            (type, length, source) = (nil, 0, .bytes([]))
        case .bytes(let bytes, let type):
            (self.type, length, source) = (type, bytes.count, .bytes(bytes))
        case .file(let path, let type):
            let descriptor = Descriptor(open(path, O_RDONLY | O_CLOEXEC))
            var status = stat()
            guard descriptor.value >= 0, fstat(descriptor.value, &status) == 0 else {
                throw .unreadable(path: path, errno)
            }
            guard status.st_mode & S_IFMT != S_IFDIR else { throw .unreadable(path: path, EISDIR) }
            (self.type, length, source) = (type, Int(status.st_size), .file(descriptor, path: path))
        }
    }

    func forEachPiece(_ body: ([UInt8]) throws(ClientError) -> Void) throws(ClientError) {
        switch source {
        case .bytes(let bytes):
            if !bytes.isEmpty { try body(bytes) }
        case .file(let descriptor, let path):
            var left = length
            while left > 0 {
                var piece = [UInt8](repeating: 0, count: min(left, Self.pieceBytes))
                let count = read(descriptor.value, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                // A file that has become shorter meanwhile cannot be sent either.
                guard count > 0 else { throw .unreadable(path: path, count < 0 ? errno : EIO) }
                try body(Array(piece[..<count]))
                left -= count
            }
        }
    }
}
