import CNghttp2
import HTTPTypes

/// What nghttp2's callbacks write to and read from. They only append here; whoever drives the session acts afterwards,
/// because the library must not be called from inside its own callbacks.
///
/// The session keeps it in memory whose address the library hands to every callback: a value there is changed in place, while each
/// access to an object's property would be counted and checked for exclusivity at run time, a dozen times for each request.
struct HTTP2Recorder: ~Copyable {
    /// The content of one stream's answer, as far as the library may take it.
    struct Outgoing {
        var stream: Int32
        var bytes: [UInt8] = []
        var offset = 0
        /// Whether nothing follows `bytes`.
        var isLast = false
        var progress = HTTP2ContentProgress()

        /// Copies as much as fits; nil when it has yet to be given more.
        mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, now: Int) -> (count: Int, isLast: Bool)? {
            let rest = bytes.count - offset
            guard rest > 0 || isLast else { return nil }
            let count = min(rest, buffer.count)
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
            offset += count
            if count > 0 {
                progress.lastAt = now
                progress.bytes &+= count
            }
            return (count, count == rest && isLast)
        }
    }

    let limits: HTTP2Limits
    private var events = EventQueue()
    private var scanner = HTTP2FrameScanner()
    /// The header list at hand or the last one. Header blocks never interleave (RFC 9113 section 4.3).
    private var headerList = HTTP2HeaderList()
    /// The stream of the list at hand; 0 outside of one.
    private var headerStream: Int32 = 0
    /// Contents on their way out. The library is told the position of each and asks for it by that.
    private var outgoing: [Outgoing?] = []
    /// Positions in `outgoing` to use again.
    private var freePositions: [Int] = []
    /// The connection error found in what was read: the library did not see it, or saw it as something lesser.
    var violation: UInt32?
    /// Milliseconds on the caller's clock.
    var now = 0

    private var streams = StreamNumbers()
    /// Streams that the peer has neither ended nor seen reset: the only used ones that more may come on.
    private var receiving: [Int32] = []
    /// More than one read can open before those beyond the bound of concurrent streams are refused.
    private static let receivingMax = 4_096
    /// The last streams that either side reset. What still comes on ours was on its way.
    private var resetByPeer = RecentStreams(countMax: 256)
    private var resetByUs = RecentStreams(countMax: 1_024)
    /// Whether the input at hand changes the windows of all streams.
    private var changesWindows = false
    private var resetsReceived: RateMeter
    private var resetsSent: RateMeter
    private var emptyData: RateMeter
    private var pings: RateMeter
    private var settings: RateMeter
    private var priorities: RateMeter

    init(limits: HTTP2Limits) {
        self.limits = limits
        resetsReceived = RateMeter(limits.resetsReceived)
        resetsSent = RateMeter(limits.resetsSent)
        emptyData = RateMeter(limits.emptyData)
        pings = RateMeter(limits.pings)
        settings = RateMeter(limits.settings)
        priorities = RateMeter(limits.priorities)
    }

    /// Notes that the upgraded request has taken stream 1.
    mutating func noteUpgrade() {
        _ = streams.open(1)
    }

    /// Whether a GOAWAY that names no last stream has been sent, and not been noticed by `takeNotice` yet.
    private var hasSentNotice = false

    mutating func takeNotice() -> Bool {
        defer { hasSentNotice = false }
        return hasSentNotice
    }

    /// What the ping behind the announcement of the end carries.
    static let noticePing = Array("goodbye!".utf8)

    private static func isNoticePing(_ ping: nghttp2_ping) -> Bool {
        withUnsafeBytes(of: ping.opaque_data) { $0.elementsEqual(noticePing) }
    }

    // MARK: Reading

    /// How many bytes the library may be given: all, or those before a frame that breaks the connection, and how it does.
    mutating func scan(_ bytes: UnsafeRawBufferPointer) -> (count: Int, violation: UInt32?) {
        var offset = 0
        changesWindows = false
        while let frame = scanner.next(bytes, at: &offset) {
            if let violation = begin(frame) { return (max(0, offset - HTTP2FrameScanner.headerBytes), violation) }
        }
        return (bytes.count, nil)
    }

    /// Whether a header block has begun and its end is awaited.
    var isInHeaderBlock: Bool { scanner.isInHeaderBlock }

    /// Looks at a frame before the library does. The code of a connection error, if it is one.
    private mutating func begin(_ frame: HTTP2FrameScanner.Header) -> UInt32? {
        if frame.interruptsBlock { return NGHTTP2_PROTOCOL_ERROR.rawValue }
        // RFC 9113 section 5.1.1: a stream number that was passed over is closed, and HEADERS on it break the connection.
        let isNew = streams.isNew(frame.stream)
        if frame.isHeaders, !streams.open(frame.stream) { return NGHTTP2_PROTOCOL_ERROR.rawValue }
        guard frame.isHeaders || frame.isData || frame.isReset else { return nil }
        if isNew {
            guard frame.isHeaders, !frame.endsStream else { return nil }
            receiving.append(frame.stream)
            return receiving.count <= Self.receivingMax ? nil : NGHTTP2_ENHANCE_YOUR_CALM.rawValue
        }
        // What is no stream of a client's the library refuses.
        return frame.stream > 0 && frame.stream % 2 == 1 ? beginOnKnownStream(frame) : nil
    }

    /// RFC 9113 section 5.1: what comes after the peer's own END_STREAM, and HEADERS after its RST_STREAM, breaks the
    /// connection; DATA after its RST_STREAM, or on a stream that was passed over, breaks the stream.
    private mutating func beginOnKnownStream(_ frame: HTTP2FrameScanner.Header) -> UInt32? {
        if frame.isReset {
            resetByPeer.insert(frame.stream)
            stopReceiving(frame.stream)
        } else if receiving.contains(frame.stream) {
            if frame.endsStream { stopReceiving(frame.stream) }
        } else if frame.isData, resetByPeer.contains(frame.stream) || streams.isPassedOver(frame.stream) {
            late.append(frame.stream)
        } else if !resetByUs.contains(frame.stream) {
            return NGHTTP2_STREAM_CLOSED.rawValue
        }
        return nil
    }

    private mutating func stopReceiving(_ stream: Int32) {
        if let index = receiving.firstIndex(of: stream) { receiving.swapAt(index, receiving.count - 1) } else { return }
        receiving.removeLast()
    }

    /// Reports DATA on streams that the peer had reset or passed over, once the library has been given it.
    mutating func reportLate() {
        guard !late.isEmpty else { return }
        for stream in late { events.append(.late(stream: stream)) }
        late = []
    }

    /// Streams that DATA came on that are closed, in the input at hand.
    private var late: [Int32] = []

    mutating func beginHeaders(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else {
            // Trailers that broke their stream came to no end: what was kept of them belongs to nobody.
            trailerBytes = 0
            trailers = HTTPFields()
            return
        }
        headerList.begin()
        headerStream = frame.header.stream_id
    }

    /// False ends the connection. Trailers make no list: they are decoded, checked by the library, and kept as far as they fit.
    mutating func header(stream: Int32, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Bool {
        guard headerStream == stream else {
            trailerBytes += name.count + value.count + 32
            if trailerBytes <= limits.headerListBytesMax, let fieldName = HTTPField.Name(name.text) {
                trailers.append(HTTPField(name: fieldName, bytes: value))
            }
            return trailerBytes <= limits.headerBombBytes || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        }
        headerList.add(name: name, value: value, limits: limits)
        return headerList.listBytes <= limits.headerBombBytes || fail(NGHTTP2_ENHANCE_YOUR_CALM)
    }

    private var trailerBytes = 0
    /// Of the stream at hand: header blocks never interleave.
    private var trailers = HTTPFields()

    /// False ends the connection.
    mutating func receivedFrame(_ frame: UnsafePointer<nghttp2_frame>) -> Bool {
        let header = frame.header
        let stream = header.stream_id
        let endsStream = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS:
            if headerStream == stream {
                headerStream = 0
                events.append(headerList.finish(stream: stream, endsStream: endsStream, limits: limits))
            } else if endsStream {
                events.append(.end(stream: stream, trailers: trailers))
                trailers = HTTPFields()
            }
        case NGHTTP2_DATA:
            if endsStream {
                events.append(.end(stream: stream, trailers: HTTPFields()))
            } else if header.length == 0 || frame.pointee.data.padlen >= header.length {
                return emptyData.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
            }
        case NGHTTP2_RST_STREAM:
            return resetsReceived.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_PING:
            if UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0, Self.isNoticePing(frame.pointee.ping) {
                events.append(.noticed)
            }
            return pings.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_SETTINGS:
            changesWindows = changesWindows || Self.changesWindows(frame.pointee.settings)
            return settings.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_PRIORITY:
            return priorities.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        default:
            break
        }
        return true
    }

    private static func changesWindows(_ settings: nghttp2_settings) -> Bool {
        UnsafeBufferPointer(start: settings.iv, count: settings.niv)
            .contains { $0.settings_id == Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue) }
    }

    mutating func receivedContent(stream: Int32, _ bytes: UnsafeRawBufferPointer) {
        events.append(.content(stream: stream, Array(bytes)))
    }

    mutating func closedStream(_ stream: Int32, code: UInt32) {
        if headerStream == stream { headerStream = 0 }
        events.append(.closed(stream: stream, isWhole: code == NGHTTP2_NO_ERROR.rawValue))
    }

    /// The next event. Once its end is told, nobody answers a stream any more: what was given for it until then is let go of.
    mutating func nextEvent() -> HTTP2Event? {
        let event = events.popFirst()
        if case .closed(let stream, _)? = event, let position = position(of: stream) { forget(position) }
        return event
    }

    // MARK: Writing

    /// False ends the connection.
    mutating func sentFrame(_ frame: UnsafePointer<nghttp2_frame>) -> Bool {
        let header = frame.header
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_RST_STREAM:
            resetByUs.insert(header.stream_id)
            stopReceiving(header.stream_id)
            // RFC 9113 section 6.9.2: SETTINGS that take a window beyond its bound break the connection; the library resets
            // the stream.
            if changesWindows, frame.pointee.rst_stream.error_code == NGHTTP2_FLOW_CONTROL_ERROR.rawValue {
                return fail(NGHTTP2_FLOW_CONTROL_ERROR)
            }
            return resetsSent.take(now) || fail(NGHTTP2_ENHANCE_YOUR_CALM)
        case NGHTTP2_GOAWAY:
            hasSentNotice = frame.pointee.goaway.last_stream_id == .max
        case NGHTTP2_HEADERS, NGHTTP2_DATA:
            if UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
                events.append(.answered(stream: header.stream_id))
            }
        default:
            break
        }
        return true
    }

    /// Notes the first content of an answer. Returns its position, by which the library asks for it.
    mutating func begin(stream: Int32, _ bytes: [UInt8], isLast: Bool) -> Int {
        let answer = Outgoing(stream: stream, bytes: bytes, isLast: isLast)
        guard let position = freePositions.popLast() else {
            outgoing.append(answer)
            return outgoing.count - 1
        }
        outgoing[position] = answer
        return position
    }

    /// Notes more of it; false when there is no such answer.
    mutating func goOn(stream: Int32, _ bytes: [UInt8], isLast: Bool) -> Bool {
        guard let position = position(of: stream) else { return false }
        outgoing[position] = Outgoing(
            stream: stream, bytes: bytes, isLast: isLast,
            progress: outgoing[position]?.progress ?? HTTP2ContentProgress())
        return true
    }

    /// What the library has taken of the answer; nil when there is none.
    func progress(stream: Int32) -> HTTP2ContentProgress? { position(of: stream).flatMap { outgoing[$0]?.progress } }

    /// Fills `buffer` with the next content at a stream's position. Nil defers until `HTTP2Session.supply`.
    mutating func fill(
        stream: Int32, _ position: Int, _ buffer: UnsafeMutableRawBufferPointer
    ) -> (count: Int, isLast: Bool)? {
        guard outgoing.indices.contains(position), outgoing[position]?.stream == stream else { return (0, true) }
        guard let filled = outgoing[position]?.fill(buffer, now: now) else {
            events.append(.wantsContent(stream: stream, bytesMax: buffer.count))
            return nil
        }
        // Most answers are whole and go out at once, so that few are left when a stream is looked for.
        if filled.isLast { forget(position) }
        return filled
    }

    /// Contents that have yet to go out.
    var contentsHeld: Int { outgoing.count - freePositions.count }

    private func position(of stream: Int32) -> Int? {
        contentsHeld == 0 ? nil : outgoing.firstIndex { $0?.stream == stream }
    }

    private mutating func forget(_ position: Int) {
        outgoing[position] = nil
        freePositions.append(position)
    }

    /// Notes a connection error; always false, for callers to return.
    private mutating func fail(_ code: nghttp2_error_code) -> Bool {
        if violation == nil { violation = code.rawValue }
        return false
    }
}
