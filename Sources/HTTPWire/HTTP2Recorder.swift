import CNghttp2
import HTTPTypes

/// What nghttp2's callbacks write to and read from. They only append here; whoever drives the session acts afterwards,
/// because the library must not be called from inside its own callbacks.
final class HTTP2Recorder {
    /// The answer of one stream, as far as the library may take it.
    struct Outgoing {
        var bytes: [UInt8] = []
        var offset = 0
        /// Whether nothing follows `bytes`.
        var isLast = false
        /// When the library last took some of it.
        var movedAt: Int?

        /// Copies as much as fits; nil when it has yet to be given more.
        mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, now: Int) -> (count: Int, isLast: Bool)? {
            let rest = bytes.count - offset
            guard rest > 0 || isLast else { return nil }
            let count = min(rest, buffer.count)
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
            offset += count
            if count > 0 { movedAt = now }
            return (count, count == rest && isLast)
        }
    }

    let limits: HTTP2Limits
    var events: [HTTP2Event] = []
    /// The header block at hand or the last one. Blocks never interleave (RFC 9113 section 4.3). Behind a pointer, because
    /// access to a property is checked for exclusivity at run time, which for each field costs more than the field.
    private let draft: UnsafeMutablePointer<HTTP2HeadDraft>
    /// The stream of the block at hand; 0 outside of one.
    private var draftStream: Int32 = 0
    private var answering = StreamIndex()
    private var outgoing: [Outgoing] = []
    /// The connection error found in what was read: the library did not see it, or saw it as something lesser.
    var violation: UInt32?
    /// Milliseconds on the caller's clock.
    var now = 0
    /// Complete frames read so far.
    var framesRead = 0

    private var streams = StreamNumbers()
    /// The last streams that the peer reset, and those that it ended.
    private var resetByPeer = RecentStreams(countMax: 32)
    private var endedByPeer = RecentStreams(countMax: 256)
    private var resetsReceived: RateMeter
    private var resetsSent: RateMeter
    private var emptyData: RateMeter
    private var pings: RateMeter
    private var settings: RateMeter
    private var priorities: RateMeter

    init(limits: HTTP2Limits) {
        self.limits = limits
        draft = .allocate(capacity: 1)
        draft.initialize(to: HTTP2HeadDraft())
        resetsReceived = RateMeter(limits.resetsReceived)
        resetsSent = RateMeter(limits.resetsSent)
        emptyData = RateMeter(limits.emptyData)
        pings = RateMeter(limits.pings)
        settings = RateMeter(limits.settings)
        priorities = RateMeter(limits.priorities)
    }

    deinit {
        draft.deinitialize(count: 1)
        draft.deallocate()
    }

    /// Notes that the upgraded request has taken stream 1.
    func noteUpgrade() {
        _ = streams.open(1)
        endedByPeer.insert(1)
    }

    /// Whether a GOAWAY that names no last stream has been sent, and not been noticed by `takeNotice` yet.
    private var hasSentNotice = false

    func takeNotice() -> Bool {
        defer { hasSentNotice = false }
        return hasSentNotice
    }

    /// What the ping behind the announcement of the end carries.
    static let noticePing = Array("goodbye!".utf8)

    private static func isNoticePing(_ ping: nghttp2_ping) -> Bool {
        withUnsafeBytes(of: ping.opaque_data) { $0.elementsEqual(noticePing) }
    }

    // MARK: Reading

    /// Looks at a frame before the library does. The code of a connection error, if it is one.
    func begin(_ frame: HTTP2FrameScanner.Header) -> UInt32? {
        // RFC 9113 section 5.1.1: a stream number that was passed over is closed, and HEADERS on it break the connection.
        let isNew = streams.isNew(frame.stream)
        if frame.isHeaders, !streams.open(frame.stream) { return NGHTTP2_PROTOCOL_ERROR.rawValue }
        guard frame.isHeaders || frame.isData || frame.isReset else { return nil }
        if isNew {
            if frame.isHeaders, frame.endsStream { endedByPeer.insert(frame.stream) }
            return nil
        }
        return beginOnKnownStream(frame)
    }

    /// RFC 9113 section 5.1: what comes after the peer's own END_STREAM, and HEADERS after its RST_STREAM, breaks the
    /// connection; DATA after its RST_STREAM breaks the stream.
    private func beginOnKnownStream(_ frame: HTTP2FrameScanner.Header) -> UInt32? {
        if frame.isReset {
            resetByPeer.insert(frame.stream)
            return nil
        }
        if endedByPeer.contains(frame.stream) { return NGHTTP2_STREAM_CLOSED.rawValue }
        if resetByPeer.contains(frame.stream) {
            if frame.isHeaders { return NGHTTP2_STREAM_CLOSED.rawValue }
            late.append(frame.stream)
        } else if frame.endsStream {
            endedByPeer.insert(frame.stream)
        }
        return nil
    }

    /// Reports DATA on streams that the peer had reset, once the library has been given it.
    func reportLate() {
        guard !late.isEmpty else { return }
        for stream in late { events.append(.late(stream: stream)) }
        late = []
    }

    /// Streams that DATA came on after their RST_STREAM, in the input at hand.
    private var late: [Int32] = []

    func beginHeaders(_ frame: nghttp2_frame) {
        guard frame.headers.cat == NGHTTP2_HCAT_REQUEST else { return }
        draft.pointee = HTTP2HeadDraft()
        draftStream = frame.hd.stream_id
    }

    /// False ends the connection. Trailers have no draft: they are decoded, checked by the library, and dropped.
    func header(stream: Int32, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Bool {
        guard draftStream == stream else {
            trailerBytes += name.count + value.count + 32
            return trailerBytes <= limits.headerBombBytes || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        }
        draft.pointee.add(name: name, value: value, limits: limits)
        return draft.pointee.listBytes <= limits.headerBombBytes || fail(NGHTTP2_ENHANCE_YOUR_CALM)
    }

    private var trailerBytes = 0

    /// False ends the connection.
    func receivedFrame(_ frame: nghttp2_frame) -> Bool {
        framesRead &+= 1
        let stream = frame.hd.stream_id
        let endsStream = UInt32(frame.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
        switch nghttp2_frame_type(UInt32(frame.hd.type)) {
        case NGHTTP2_HEADERS:
            trailerBytes = 0
            if draftStream == stream {
                draftStream = 0
                events.append(draft.pointee.finish(stream: stream, endsStream: endsStream))
            } else if endsStream {
                events.append(.end(stream: stream))
            }
        case NGHTTP2_DATA:
            if endsStream {
                events.append(.end(stream: stream))
            } else if frame.hd.length == 0 || frame.data.padlen >= frame.hd.length {
                return emptyData.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
            }
        case NGHTTP2_RST_STREAM:
            return resetsReceived.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_PING:
            if UInt32(frame.hd.flags) & NGHTTP2_FLAG_ACK.rawValue != 0, Self.isNoticePing(frame.ping) {
                events.append(.noticed)
            }
            return pings.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_SETTINGS:
            return settings.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_PRIORITY:
            return priorities.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        default:
            break
        }
        return true
    }

    func receivedContent(stream: Int32, _ bytes: UnsafeRawBufferPointer) {
        events.append(.content(stream: stream, Array(bytes)))
    }

    func closedStream(_ stream: Int32, code: UInt32) {
        if draftStream == stream { draftStream = 0 }
        if let position = answering.remove(stream) {
            outgoing.swapAt(position, outgoing.count - 1)
            outgoing.removeLast()
        }
        events.append(.closed(stream: stream, isWhole: code == NGHTTP2_NO_ERROR.rawValue))
    }

    // MARK: Writing

    /// False ends the connection.
    func sentFrame(_ frame: nghttp2_frame) -> Bool {
        switch nghttp2_frame_type(UInt32(frame.hd.type)) {
        case NGHTTP2_RST_STREAM:
            return resetsSent.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_GOAWAY:
            hasSentNotice = frame.goaway.last_stream_id == .max
        case NGHTTP2_HEADERS, NGHTTP2_DATA:
            if UInt32(frame.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
                events.append(.answered(stream: frame.hd.stream_id))
            }
        default:
            break
        }
        return true
    }

    /// Notes the first content of an answer.
    func begin(stream: Int32, _ answer: Outgoing) {
        if let position = answering.position(of: stream) {
            outgoing[position] = answer
        } else {
            answering.append(stream)
            outgoing.append(answer)
        }
    }

    /// Notes more of it; false when there is no such answer.
    func goOn(stream: Int32, _ bytes: [UInt8], isLast: Bool) -> Bool {
        guard let position = answering.position(of: stream) else { return false }
        outgoing[position] = Outgoing(bytes: bytes, isLast: isLast, movedAt: outgoing[position].movedAt)
        return true
    }

    /// When the library last took some of the answer.
    func movedAt(stream: Int32) -> Int? { answering.position(of: stream).flatMap { outgoing[$0].movedAt } }

    /// Fills `buffer` with the next content of a stream. Nil defers until `HTTP2Session.supply`.
    func fill(stream: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> (count: Int, isLast: Bool)? {
        guard let position = answering.position(of: stream) else { return (0, true) }
        guard let filled = outgoing[position].fill(buffer, now: now) else {
            events.append(.wantsContent(stream: stream, bytesMax: buffer.count))
            return nil
        }
        return filled
    }

    /// Notes a connection error; always false, for callers to return.
    private func fail(_ code: nghttp2_error_code) -> Bool {
        if violation == nil { violation = code.rawValue }
        return false
    }
}
