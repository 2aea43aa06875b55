package import HTTPTypes

/// What the bytes of an HTTP/1 connection say, one step at a time.
package enum HTTP1Event {
    /// A complete, valid head. Its content, if any, follows.
    case head(HTTP1Head)
    /// A piece of content. Points into the input given to `HTTP1Parser.next`, so it is valid until that goes away.
    case content(UnsafeRawBufferPointer)
    /// The request is complete; the next byte starts another one.
    case end(trailers: HTTPFields)
    /// The bytes are no HTTP this server accepts: answer with the problem and close. Nothing more will be read.
    case failed(TransportProblem)
}

/// The head of an HTTP/1 request, with what the connection needs to know about it.
package struct HTTP1Head: Sendable, Equatable {
    package let message: RequestMessage
    package let version: HTTPVersion
    package let framing: ContentFraming
    /// Whether the connection may go on after this request (RFC 9112 section 9.3).
    package let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before sending the content (RFC 9110 section 10.1.1).
    package let expectsContinue: Bool
    /// The first `X-Request-Id`.
    package let requestID: String?
    /// The decoded SETTINGS payload of a valid `Upgrade: h2c` (RFC 7540 section 3.2), which asks to go on in HTTP/2.
    package let upgradeSettings: [UInt8]?
}

/// How a request's content is delimited, RFC 9112 section 6.3.
package enum ContentFraming: Sendable, Hashable {
    case none
    /// A positive number of bytes.
    case length(Int)
    case chunked

    /// The length of the content as far as the head tells: 0 for none, nil for chunked.
    var contentLength: Int? {
        switch self {
        case .none: 0
        case .length(let length): length
        case .chunked: nil
        }
    }
}
