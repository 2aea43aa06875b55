import Glibc
import Jobs

/// A small blocking HTTP/1.1 client over TCP and UNIX sockets: what the command line needs to speak to its server.
///
/// One request at a time on one connection, which is kept and opened again when the server has closed it.
final class HTTPClient: RequestSender {
    private let address: Address
    private let bearer: String?
    private var connection: ClientConnection?

    enum Address: Equatable {
        case tcp(host: String, port: UInt16)
        case unix(path: String)

        /// The value of `Host`.
        var authority: String {
            switch self {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix: "localhost"
            }
        }
    }

    init(_ address: Address, bearer: String? = nil) {
        self.address = address
        self.bearer = bearer
    }

    /// A request's content.
    enum Content {
        case none
        case bytes([UInt8], type: String)
        /// A file sent as it is; its length is read before.
        case file(path: String, type: String)
    }

    struct Response {
        let status: Int
        /// Names in lower case; a repeated field's values joined with `, `.
        let fields: [String: String]
        let body: [UInt8]
    }

    func send(
        _ method: String, _ target: String, fields: [(String, String)], content: Content
    ) throws(ClientError) -> Response {
        let isReused = connection != nil
        do {
            return try exchange(method, target, fields, content)
        } catch .closed where isReused {
            // A kept connection may have been closed while idle; nothing of an answer has come, so ask again.
            return try exchange(method, target, fields, content)
        }
    }

    /// Sends a GET whose answer may be too large to be held: the content of a 200 goes to `receive` as it comes.
    ///
    /// - Throws: what `receive` throws; `ClientError.closed` when the content is cut off.
    func download(
        _ target: String, receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) -> Response {
        // Not on a kept connection, so that nothing has to be asked twice.
        connection = nil
        return try exchange("GET", target, [], .none, receive: receive)
    }

    private func exchange(
        _ method: String, _ target: String, _ fields: [(String, String)], _ content: Content,
        receive: ((ArraySlice<UInt8>) throws(ClientError) -> Void)? = nil
    ) throws(ClientError) -> Response {
        let connection: ClientConnection
        if let kept = self.connection {
            connection = kept
        } else {
            connection = try ClientConnection(to: address)
        }
        self.connection = nil
        let body = try OutgoingContent(content)
        var head =
            "\(method) \(target) HTTP/1.1\r\nHost: \(address.authority)\r\nUser-Agent: tenbin/\(Build.version)\r\n"
        if let bearer { head += "Authorization: Bearer \(bearer)\r\n" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if let type = body.type {
            head += "Content-Type: \(type)\r\nContent-Length: \(body.length)\r\n"
        }
        if body.type == nil, method != "GET", method != "HEAD" { head += "Content-Length: 0\r\n" }
        try connection.write(Array((head + "\r\n").utf8))
        do {
            try body.forEachPiece { piece throws(ClientError) in try connection.write(piece) }
        } catch .closed {
            // The server may have refused the content early; its answer says why.
        }
        let (response, keepsOpen) = try ResponseReader(connection, isHead: method == "HEAD").response(receive)
        if keepsOpen { self.connection = connection }
        return response
    }
}

/// Takes requests to a server, wherever it is.
protocol RequestSender {
    /// Sends a request and reads its answer, whatever the status.
    ///
    /// - Throws: `ClientError` when there is no server, or none that speaks HTTP/1.1.
    func send(
        _ method: String, _ target: String, fields: [(String, String)], content: HTTPClient.Content
    ) throws(ClientError) -> HTTPClient.Response

    /// Sends a GET whose answer may be too large to be held: the content of a 200 goes to `receive` as it comes.
    func download(
        _ target: String, receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) -> HTTPClient.Response
}

extension RequestSender {
    func send(
        _ method: String, _ target: String, fields: [(String, String)] = []
    ) throws(ClientError) -> HTTPClient.Response {
        try send(method, target, fields: fields, content: .none)
    }

    func send(_ method: String, _ target: String, content: HTTPClient.Content) throws(ClientError)
        -> HTTPClient.Response
    {
        try send(method, target, fields: [], content: content)
    }
}

/// Why there is no answer.
enum ClientError: Error, CustomStringConvertible {
    case cannotConnect(String)
    /// The connection ended before the answer was complete.
    case closed
    case notHTTP(String)
    case unreadable(path: String, Int32)
    case unwritable(path: String, Int32)

    var description: String {
        switch self {
        case .cannotConnect(let detail): "cannot reach the server: \(detail)"
        case .closed: "the server closed the connection before its answer was complete"
        case .notHTTP(let detail): "the server's answer is not HTTP/1.1: \(detail)"
        case .unreadable(let path, let code): "cannot read \(path): \(String(cString: strerror(code)))"
        case .unwritable(let path, let code): "cannot write \(path): \(String(cString: strerror(code)))"
        }
    }
}

/// A request's content as pieces.
private struct OutgoingContent {
    let type: String?
    let length: Int
    private let source: Source

    private enum Source {
        case bytes([UInt8])
        case file(Descriptor)
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
            (self.type, length, source) = (type, Int(status.st_size), .file(descriptor))
        }
    }

    func forEachPiece(_ body: ([UInt8]) throws(ClientError) -> Void) throws(ClientError) {
        switch source {
        case .bytes(let bytes):
            if !bytes.isEmpty { try body(bytes) }
        case .file(let descriptor):
            var left = length
            while left > 0 {
                var piece = [UInt8](repeating: 0, count: min(left, Self.pieceBytes))
                let count = read(descriptor.value, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw .unreadable(path: "the file to the end", errno) }
                try body(Array(piece[..<count]))
                left -= count
            }
        }
    }
}

/// A file descriptor that is closed when it is let go of.
final class Descriptor: Sendable {
    let value: Int32

    init(_ value: Int32) {
        self.value = value
    }

    deinit {
        if value >= 0 { close(value) }
    }
}
