package import HTTPTypes

/// What the bytes of an HTTP/2 connection say, one step at a time.
package enum HTTP2Event {
    /// A request's head is complete. `endsStream` when there is no content.
    case head(stream: Int32, HTTP2Head, endsStream: Bool)
    /// The head is well-formed but refused; answer with the problem.
    case refused(stream: Int32, TransportProblem, isHead: Bool)
    /// The head is malformed (RFC 9113 section 8.1.1): reset the stream.
    case malformed(stream: Int32)
    /// Content came on a stream that the peer has reset itself: a stream error (RFC 9113 section 5.1).
    case late(stream: Int32)
    /// A piece of content. Its bytes count against the windows until `HTTP2Session.consume` gives them back.
    case content(stream: Int32, [UInt8])
    /// The content is complete.
    case end(stream: Int32, trailers: HTTPFields)
    /// An answer's content is wanted, at most so many bytes: `HTTP2Session.supply` it.
    case wantsContent(stream: Int32, bytesMax: Int)
    /// The answer's last byte was handed out.
    case answered(stream: Int32)
    /// The peer has read what `HTTP2Session.announceEnd` sent.
    case noticed
    /// The stream is no more; `isWhole` when both sides ended it properly.
    case closed(stream: Int32, isWhole: Bool)
}

/// The head of an HTTP/2 request.
package struct HTTP2Head: Sendable, Equatable {
    package let message: RequestMessage
    /// Whether the client waits for a 100 response before sending the content.
    package let expectsContinue: Bool
    /// The first `X-Request-Id`.
    package let requestID: String?

    package init(message: RequestMessage, expectsContinue: Bool, requestID: String? = nil) {
        self.message = message
        self.expectsContinue = expectsContinue
        self.requestID = requestID
    }
}
