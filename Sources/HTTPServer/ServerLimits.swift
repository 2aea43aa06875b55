package import HTTPWire

/// Everything that bounds what a peer can make the server hold or wait for. Times are seconds, sizes bytes.
package struct ServerLimits: Sendable, Hashable {
    package var http1: HTTP1Limits
    package var http2: HTTP2Limits

    /// From the first byte of a request to the end of its head; then 408.
    package var headerSeconds: Double
    /// Between requests on a connection that stays; then it is closed without a word.
    package var idleSeconds: Double
    /// From accepting a connection to the end of its TLS handshake.
    package var handshakeSeconds: Double
    /// Without a byte written while there are some to write; then the connection is cut.
    package var writeStallSeconds: Double
    /// The least mean speed at which an answer must be taken, over windows of `drainWindowSeconds` in which bytes of it wait;
    /// else the connection, or the HTTP/2 stream, is cut.
    package var drainBytesPerSecondMin: Int
    package var drainWindowSeconds: Double
    /// The least mean speed at which content must come, measured over windows of `bodyWindowSeconds`; else 408.
    package var bodyBytesPerSecondMin: Int
    /// The window over which the speed of content is measured.
    package var bodyWindowSeconds: Double
    /// How long the rest of a refused request is read and dropped, so that the answer is not lost to a reset (RFC 9112
    /// section 9.6).
    package var lingerSeconds: Double

    /// Unwanted content up to this size is read and dropped to keep the connection.
    package var discardBytesMax: Int
    /// Answers held in memory for a slow reader of one connection, when they are produced step by step.
    package var outputBytesMax: Int

    /// Connections in all. One more is answered 503 and closed.
    package var connectionsMax: Int
    /// Connections from one IPv4 address or one IPv6 /64 network.
    package var connectionsPerAddressMax: Int
    /// Requests being answered, in all; one more is answered 503 with Retry-After.
    package var requestsInFlightMax: Int

    package init(
        http1: HTTP1Limits = HTTP1Limits(), http2: HTTP2Limits = HTTP2Limits(), headerSeconds: Double = 10,
        idleSeconds: Double = 60,
        handshakeSeconds: Double = 10, writeStallSeconds: Double = 30, drainBytesPerSecondMin: Int = 1_024,
        drainWindowSeconds: Double = 60, bodyBytesPerSecondMin: Int = 240,
        bodyWindowSeconds: Double = 10, lingerSeconds: Double = 2, discardBytesMax: Int = 64 * 1024,
        outputBytesMax: Int = 64 * 1024, connectionsMax: Int = 16_384, connectionsPerAddressMax: Int = 12_288,
        requestsInFlightMax: Int = 8_192
    ) {
        self.http1 = http1
        self.http2 = http2
        self.headerSeconds = headerSeconds
        self.idleSeconds = idleSeconds
        self.handshakeSeconds = handshakeSeconds
        self.writeStallSeconds = writeStallSeconds
        self.drainBytesPerSecondMin = drainBytesPerSecondMin
        self.drainWindowSeconds = drainWindowSeconds
        self.bodyBytesPerSecondMin = bodyBytesPerSecondMin
        self.bodyWindowSeconds = bodyWindowSeconds
        self.lingerSeconds = lingerSeconds
        self.discardBytesMax = discardBytesMax
        self.outputBytesMax = outputBytesMax
        self.connectionsMax = connectionsMax
        self.connectionsPerAddressMax = connectionsPerAddressMax
        self.requestsInFlightMax = requestsInFlightMax
    }
}
