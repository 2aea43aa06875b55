import HTTPServer
import Testing

/// One HTTP/2 frame, well-formed or not.
struct Frame: Equatable, Sendable {
    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate, continuation
    }
    static let endStream: UInt8 = 1
    static let ack: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let priority: UInt8 = 32

    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.init(type: kind.rawValue, flags: flags, stream: stream, payload)
    }

    init(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    var kind: Kind? { Kind(rawValue: type) }

    var bytes: [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + be32(stream) + payload
    }

    /// The error code of RST_STREAM or GOAWAY.
    var errorCode: UInt32 {
        let start = kind == .goAway ? 4 : 0
        guard payload.count >= start + 4 else { return .max }
        return payload[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

func be32(_ number: UInt32) -> [UInt8] {
    [UInt8(number >> 24 & 255), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
}

/// SETTINGS with some values.
func settings(_ pairs: [(UInt16, UInt32)] = []) -> Frame {
    Frame(.settings, pairs.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + be32($0.1) })
}

/// A header block of literals without indexing, names and values as they are.
func block(_ fields: [(String, String)]) -> [UInt8] {
    fields.flatMap { name, value -> [UInt8] in
        [0] + prefixed(name) + prefixed(value)
    }
}

/// A string literal without Huffman coding, RFC 7541 section 5.2.
private func prefixed(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var length: [UInt8] = [127]
    var rest = bytes.count - 127
    while rest >= 128 {
        length.append(UInt8(rest & 127) | 128)
        rest >>= 7
    }
    return length + [UInt8(rest)] + bytes
}

func request(_ method: String = "GET", path: String = "/", _ more: [(String, String)] = []) -> [(String, String)] {
    [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost")] + more
}

/// HEADERS that make a whole request, or the start of one.
func headers(
    _ stream: UInt32, _ fields: [(String, String)] = request(), ends: Bool = true, flags: UInt8 = Frame.endHeaders
) -> Frame {
    Frame(.headers, flags: flags | (ends ? Frame.endStream : 0), stream: stream, block(fields))
}

/// Speaks HTTP/2 frame by frame.
final class HTTP2Client: @unchecked Sendable {
    // True because a test sends from one thread and reads from one thread at a time, which share nothing but the socket.
    let client: TestClient
    private var buffer: [UInt8] = []
    /// The server's own first SETTINGS.
    private(set) var serverSettings: Frame?

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Connects and exchanges prefaces.
    init(_ server: Server, settings mine: [(UInt16, UInt32)] = []) throws {
        client = try TestClient(server)
        client.send(Self.preface + settings(mine).bytes)
        serverSettings = next { $0.kind == .settings && $0.flags & Frame.ack == 0 }
        send(Frame(.settings, flags: Frame.ack))
    }

    /// Connects by an upgrade from HTTP/1.1. `request` lacks HTTP2-Settings and the empty line.
    init(_ server: Server, upgradingWith request: String) throws {
        client = try TestClient(server)
        #expect(client.ask(request + "HTTP2-Settings: AAMAAABk\r\n\r\n")?.status == 101)
        client.send(Self.preface + settings().bytes)
    }

    @discardableResult
    func send(_ frames: Frame...) -> Bool { client.send(frames.flatMap(\.bytes)) }
    func endSending() { client.endSending() }
    func send(_ frames: [Frame]) { client.send(frames.flatMap(\.bytes)) }

    /// The next frame; nil at the end of the connection or after ten seconds.
    func next() -> Frame? {
        guard let head = take(9), let payload = take(Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])) else {
            return nil
        }
        let stream = head[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        return Frame(type: head[3], flags: head[4], stream: stream, payload)
    }

    /// The next frame of a sort, skipping others.
    func next(where isWanted: (Frame) -> Bool) -> Frame? {
        while let frame = next() {
            if isWanted(frame) { return frame }
        }
        return nil
    }

    private func take(_ count: Int) -> [UInt8]? {
        while buffer.count < count {
            guard client.receiveMore() else { return nil }
            buffer += client.takeReceived()
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    /// Whether the connection still answers, and nothing was refused on the way.
    func isAlive() -> Bool {
        send(Frame(.ping, Array("alive?!?".utf8)))
        while let frame = next() {
            switch frame.kind {
            case .goAway, .reset: return false
            case .ping where frame.flags & Frame.ack != 0: return frame.payload == Array("alive?!?".utf8)
            default: continue
            }
        }
        return false
    }

    /// The content of a whole answer on a stream; nil when it was reset or the connection ended.
    func answer(_ stream: UInt32) -> [UInt8]? {
        var content: [UInt8] = []
        while let frame = next() {
            guard frame.stream == stream else {
                if frame.kind == .goAway { return nil }
                continue
            }
            switch frame.kind {
            case .data: content += frame.payload
            case .reset: return nil
            default: break
            }
            if frame.kind == .data || frame.kind == .headers, frame.flags & Frame.endStream != 0 { return content }
        }
        return nil
    }
}
