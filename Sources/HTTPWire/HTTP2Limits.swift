/// What one HTTP/2 connection may cost. The rates are token buckets: `burst` at once, then `perSecond`.
package struct HTTP2Limits: Sendable, Hashable {
    /// A bound on how often something may happen.
    package struct Rate: Sendable, Hashable {
        package var burst: Int
        package var perSecond: Int

        package init(burst: Int, perSecond: Int) {
            self.burst = burst
            self.perSecond = perSecond
        }
    }

    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    package var streamsMax: Int
    /// SETTINGS_INITIAL_WINDOW_SIZE: request content in flight on one stream, in bytes.
    package var streamWindowBytes: Int
    /// Request content in flight on the whole connection, in bytes.
    package var connectionWindowBytes: Int
    /// SETTINGS_MAX_HEADER_LIST_SIZE: names and values and 32 a field (RFC 9113 section 6.5.2). More is answered 431.
    package var headerListBytesMax: Int
    /// A header block that decodes to more than this ends the connection: it is a decompression bomb.
    package var headerBombBytes: Int
    package var fieldsMax: Int
    package var targetBytesMax: Int
    /// CONTINUATION frames after one HEADERS.
    package var continuationsMax: Int
    /// RST_STREAM frames from the peer (CVE-2023-44487).
    package var resetsReceived: Rate
    /// RST_STREAM frames the peer made us send (CVE-2025-8671).
    package var resetsSent: Rate
    /// DATA frames without content and without END_STREAM.
    package var emptyData: Rate
    package var pings: Rate
    package var settings: Rate
    /// PRIORITY frames, which mean nothing here.
    package var priorities: Rate

    package init(
        streamsMax: Int = 100, streamWindowBytes: Int = 65_535, connectionWindowBytes: Int = 1 << 20,
        headerListBytesMax: Int = 32 * 1024, headerBombBytes: Int = 256 * 1024, fieldsMax: Int = 100,
        targetBytesMax: Int = 8 * 1024, continuationsMax: Int = 8,
        resetsReceived: Rate = Rate(burst: 500, perSecond: 33), resetsSent: Rate = Rate(burst: 200, perSecond: 20),
        emptyData: Rate = Rate(burst: 100, perSecond: 10), pings: Rate = Rate(burst: 100, perSecond: 10),
        settings: Rate = Rate(burst: 50, perSecond: 5), priorities: Rate = Rate(burst: 500, perSecond: 50)
    ) {
        self.streamsMax = streamsMax
        self.streamWindowBytes = streamWindowBytes
        self.connectionWindowBytes = connectionWindowBytes
        self.headerListBytesMax = headerListBytesMax
        self.headerBombBytes = headerBombBytes
        self.fieldsMax = fieldsMax
        self.targetBytesMax = targetBytesMax
        self.continuationsMax = continuationsMax
        self.resetsReceived = resetsReceived
        self.resetsSent = resetsSent
        self.emptyData = emptyData
        self.pings = pings
        self.settings = settings
        self.priorities = priorities
    }
}

/// A token bucket over a clock that is handed in.
struct RateMeter {
    private let rate: HTTP2Limits.Rate
    /// Thousandths of a token.
    private var tokens: Int
    private var last: Int?

    init(_ rate: HTTP2Limits.Rate) {
        self.rate = rate
        tokens = rate.burst * 1000
    }

    /// Takes a token at `now` (milliseconds); false when there is none.
    mutating func take(_ now: Int) -> Bool {
        let elapsed = min(max(0, now - (last ?? now)), 1_000_000)
        last = now
        tokens = min(rate.burst * 1000, tokens + elapsed * rate.perSecond)
        guard tokens >= 1000 else { return false }
        tokens -= 1000
        return true
    }
}
