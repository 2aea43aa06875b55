package import HTTPTypes

/// The protocol version a request came in.
package enum HTTPVersion: Sendable, Hashable {
    case http1_0
    case http1_1
    case http2

    /// As a request line names it.
    package var inWords: String {
        switch self {
        case .http1_0: "HTTP/1.0"
        case .http1_1: "HTTP/1.1"
        case .http2: "HTTP/2"
        }
    }
}

/// Where a connection comes from, as far as authorisation and logs need to know.
package struct Peer: Sendable, Hashable {
    /// The remote address in text, without port: `127.0.0.1`, `::1`, or `unix` for a UNIX socket.
    package var address: String
    /// Whether the bytes came over TLS.
    package var isSecure: Bool
    /// The subject of the verified client certificate, if one was presented.
    package var certificateSubject: String?
    /// The user who opened a UNIX socket, as the system vouches for it; nil on other sockets.
    package var userID: UInt32?

    package init(
        address: String, isSecure: Bool = false, certificateSubject: String? = nil, userID: UInt32? = nil
    ) {
        self.address = address
        self.isSecure = isSecure
        self.certificateSubject = certificateSubject
        self.userID = userID
    }
}

/// What the bytes of a request's head say. Requests of a connection that repeat each other share it, so that its texts are
/// not copied for each.
package final class RequestMessage: Sendable {
    package let method: HTTPRequest.Method
    /// `http` or `https`.
    package let scheme: String?
    /// The host asked for, in HTTP/1 too: `Host` is not among the fields.
    package let authority: String?
    /// The origin-form target with its query, `*` for the server as a whole; nil only for CONNECT.
    package let path: String?
    package let fields: HTTPFields
    /// The declared length of the content in bytes: 0 when there is none, nil when it is not known in advance.
    package let contentLength: Int?

    package init(
        method: HTTPRequest.Method, scheme: String?, authority: String?, path: String?, fields: HTTPFields,
        contentLength: Int?
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.fields = fields
        self.contentLength = contentLength
    }
}

extension RequestMessage: Equatable {
    package static func == (left: RequestMessage, right: RequestMessage) -> Bool {
        left === right
            || left.method == right.method && left.scheme == right.scheme && left.authority == right.authority
                && left.path == right.path && left.fields == right.fields && left.contentLength == right.contentLength
    }
}

/// A request's head, complete and valid, before any of its content.
package struct RequestHead: Sendable {
    package let message: RequestMessage
    package let version: HTTPVersion
    package var peer: Peer
    /// Unique per request; echoed as `X-Request-Id` and carried into logs.
    package let requestID: String

    package init(_ message: RequestMessage, version: HTTPVersion, peer: Peer, requestID: String) {
        self.message = message
        self.version = version
        self.peer = peer
        self.requestID = requestID
    }

    package var method: HTTPRequest.Method { message.method }
    package var authority: String? { message.authority }
    package var path: String? { message.path }
    package var fields: HTTPFields { message.fields }
    package var contentLength: Int? { message.contentLength }
}

/// Answers requests. The server calls it; `API` is one.
package protocol RequestHandler: Sendable {
    /// Called on the connection's event loop as soon as the head is in; must not block.
    ///
    /// Answer through `responder`, now or later, from any thread, exactly once. The plan says what happens to the content.
    func handle(_ head: RequestHead, responder: any Responder) -> ContentPlan
}

/// What is to happen to a request's content.
package enum ContentPlan: Sendable {
    /// Nobody wants it. The server reads and drops a small rest or closes the connection, as it sees fit.
    case discard
    /// Gather at most `bytesMax` bytes, then call. Larger content is answered by the server: 413, before reading it when
    /// its length was declared. Called on the event loop; not called when the content never arrives.
    case collect(bytesMax: Int, then: @Sendable (_ content: [UInt8], _ trailers: HTTPFields) -> Void)
    /// Hand it on piece by piece as it comes, at the sink's pace.
    case stream(bytesMax: Int, to: any ContentSink)
}

/// Receives a request's content piece by piece. All calls come in order, from the event loop, and must not block.
package protocol ContentSink: AnyObject, Sendable {
    /// Takes one piece. The server reads no more than a bounded amount ahead until `ready` is called (any thread, once).
    func receive(_ bytes: [UInt8], ready: @escaping @Sendable () -> Void)
    /// The content is complete; nothing follows. Trailers are kept apart from the head, which a sender could overwrite with them
    /// otherwise (RFC 9110 section 6.5.1).
    func finish(trailers: HTTPFields)
    /// The content will never be complete: the peer went away, broke the framing, or sent more than was allowed.
    /// Nothing follows, and what was received so far must leave no trace.
    func abort(_ reason: ContentFailure)
}

/// Why a request's content ended early.
package enum ContentFailure: Error, Sendable, Hashable {
    case disconnected
    case malformed
    case tooLarge(bytesMax: Int)
    case tooSlow
}

/// The way back for one answer.
package protocol Responder: Sendable {
    /// Sends the final response. A second call is a programming error and is ignored.
    func respond(_ response: consuming Response)
    /// Registers what to do when nobody waits for the answer any more (peer gone, stream reset). Called at most once, and
    /// at once if that is so already.
    func onCancel(_ action: @escaping @Sendable () -> Void)
}

/// A final response: head and content.
///
/// The server writes the fields that frame the message (`Content-Length`, `Transfer-Encoding`, `Connection`, `Date`,
/// `X-Request-Id`) itself; such fields are left out.
package struct Response: Sendable {
    package var status: HTTPResponse.Status
    package var fields: HTTPFields
    /// Follow the response's own fields.
    package var standing: StandingFields?
    package var content: ResponseContent
    /// Held until the last byte of the answer is written.
    package var lease: (any AnswerLease)?
    /// The template of the route that answered (`/v1/jobs/{id}`), for the access log.
    package var route: String?
    /// Who asked, for the access log.
    package var principal: String?

    package init(
        status: HTTPResponse.Status, fields: HTTPFields = HTTPFields(), standing: StandingFields? = nil,
        content: ResponseContent = .none, route: String? = nil, principal: String? = nil
    ) {
        self.status = status
        self.fields = fields
        self.standing = standing
        self.content = content
        self.route = route
        self.principal = principal
    }
}

/// The right to send an answer, which its giver may take back while the content is on its way.
///
/// The server keeps it until the last byte is written or the reader is gone, and then lets go of it.
package protocol AnswerLease: AnyObject, Sendable {
    /// Registers what cuts the answer short: called at most once, from any thread, and at once if the right is gone already.
    func onRevocation(_ cut: @escaping @Sendable () -> Void)
}

/// A response's content.
///
/// The server sets `Content-Length` from it, and for HEAD sends the head alone.
package enum ResponseContent: Sendable {
    case none
    case bytes([UInt8])
    /// A range of an open file; the server closes the descriptor when it is done with it.
    case file(descriptor: Int32, offset: Int, length: Int)
    /// Produced as the reader takes it; length unknown.
    case stream(any ContentSource)
}

/// Produces a response's content at the reader's pace. Called on the event loop; must not block.
package protocol ContentSource: AnyObject, Sendable {
    /// The next piece, of at most about `bytesMax` bytes. After `.later`, `wake` is called (any thread) once there is more.
    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> ContentPiece
    /// The reader is gone before the end; nothing more will be asked. A source that has told its end is not cancelled.
    func cancel()
}

/// One step of a `ContentSource`.
package enum ContentPiece: Sendable {
    case bytes([UInt8])
    case later
    case end
    /// The content cannot be completed: the connection or stream is cut so that the reader notices.
    case failed
}
