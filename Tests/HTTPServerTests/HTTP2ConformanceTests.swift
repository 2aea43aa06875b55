import HTTPTypes
import HTTPWire
import Testing

@testable import HTTPServer

private let (noError, protocolError, flowControlError, streamClosed, frameSizeError, refusedStream, compressionError):
    (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 1, 3, 5, 6, 7, 9)

/// A sequence of frames and what RFC 9113 wants of a server that gets them.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
    enum Expectation: Sendable {
        /// GOAWAY with one of the codes, and the end of the connection.
        case connectionError([UInt32])
        /// RST_STREAM or GOAWAY with one of the codes.
        case streamError([UInt32])
        /// An answer on stream 1, and a connection that goes on.
        case answer
        /// A connection that goes on.
        case goesOn
    }
    let rule: String
    let frames: [Frame]
    let expectation: Expectation

    init(_ rule: String, _ frames: [Frame], _ expectation: Expectation) {
        self.rule = rule
        self.frames = frames
        self.expectation = expectation
    }
    var testDescription: String { rule }
}

private func padded(_ kind: Frame.Kind, _ length: UInt8, _ payload: [UInt8], flags: UInt8 = 0, stream: UInt32 = 1)
    -> Frame
{
    Frame(
        kind, flags: flags | Frame.padded, stream: stream,
        [length] + payload + [UInt8](repeating: 0, count: Int(length)))
}

private let post = request("POST", path: "/echo")
private let open = headers(1, post, ends: false)
private let whole = headers(1)
private let resetOne = Frame(.reset, stream: 1, be32(8))
private func data(_ stream: UInt32, _ text: String, ends: Bool = true) -> Frame {
    Frame(.data, flags: ends ? Frame.endStream : 0, stream: stream, Array(text.utf8))
}

private func split(_ fields: [(String, String)], _ parts: Int, ends: Bool = true) -> [Frame] {
    let bytes = block(fields)
    let size = (bytes.count + parts - 1) / parts
    let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    return pieces.enumerated().map { index, piece in
        let last: UInt8 = index == pieces.count - 1 ? Frame.endHeaders : 0
        return index == 0
            ? Frame(.headers, flags: last | (ends ? Frame.endStream : 0), stream: 1, piece)
            : Frame(.continuation, flags: last, stream: 1, piece)
    }
}

private func badRequest(_ rule: String, _ fields: [(String, String)]) -> ConformanceCase {
    ConformanceCase(rule, [headers(1, fields)], .streamError([protocolError]))
}

private func rawBlock(_ rule: String, _ bytes: [UInt8]) -> ConformanceCase {
    let frame = Frame(.headers, flags: Frame.endHeaders | Frame.endStream, stream: 1, block(request()) + bytes)
    return ConformanceCase(rule, [frame], .connectionError([compressionError]))
}

extension ConformanceCase {
    static let framing: [ConformanceCase] = [
        ConformanceCase(
            "4.1: an unknown frame type is ignored", [Frame(type: 0x16, [0, 0, 0, 0, 0, 0, 0, 0]), whole], .answer),
        ConformanceCase(
            "4.1: undefined flags are ignored", [Frame(.ping, flags: 0x16, Array("01234567".utf8)), whole], .answer),
        ConformanceCase(
            "4.1: the reserved bit is ignored", [Frame(.ping, stream: 1 << 31, Array("01234567".utf8)), whole], .answer),
        ConformanceCase(
            "4.2: a frame of 16,384 bytes",
            [open, Frame(.data, flags: 1, stream: 1, [UInt8](repeating: 0, count: 16_384))], .answer),
        ConformanceCase(
            "4.2: DATA beyond the frame size",
            [open, Frame(.data, flags: 1, stream: 1, [UInt8](repeating: 0, count: 16_385))],
            .streamError([frameSizeError])),
        ConformanceCase(
            "4.2: HEADERS beyond the frame size",
            [headers(1, request("GET", [("x", String(repeating: "a", count: 16_400))]))],
            .connectionError([frameSizeError])),
        ConformanceCase(
            "4.3: an invalid header block", [Frame(.headers, flags: 5, stream: 1, Array("\u{40}".utf8))],
            .connectionError([compressionError])),
        ConformanceCase(
            "4.3: PRIORITY within a header block",
            [Frame(.headers, flags: 1, stream: 1, block(request())), Frame(.priority, stream: 1, be32(0) + [1])],
            .connectionError([protocolError])),
        ConformanceCase(
            "4.3: HEADERS within another header block",
            [Frame(.headers, flags: 1, stream: 1, block(request())), headers(3)], .connectionError([protocolError])),
        ConformanceCase(
            "6.2: DATA within the last header block",
            [Frame(.headers, flags: 1, stream: 1, block(request())), data(1, "a")], .connectionError([protocolError])),
        ConformanceCase(
            "6.10: HEADERS within the last header block of its stream",
            [Frame(.headers, flags: 1, stream: 1, block(request())), headers(1)], .connectionError([protocolError])),
        ConformanceCase(
            "6.10: DATA on an ended stream within a header block",
            [
                headers(1, request(path: "/never")), Frame(.headers, flags: 1, stream: 3, block(request())),
                data(1, "a"),
            ], .connectionError([protocolError])),
        ConformanceCase(
            "6.10: CONTINUATION of another stream",
            [
                Frame(.headers, flags: 1, stream: 1, block(request())),
                Frame(.continuation, flags: 4, stream: 3, block([("x", "y")])),
            ], .connectionError([protocolError])),
        ConformanceCase(
            "5.5: an unknown frame within a header block",
            [Frame(.headers, flags: 1, stream: 1, block(request())), Frame(type: 0x16, stream: 1, [0])],
            .connectionError([protocolError])),
    ]

    static let states: [ConformanceCase] = [
        ConformanceCase("5.1: DATA on an idle stream", [data(1, "a")], .connectionError([protocolError])),
        ConformanceCase("5.1: RST_STREAM on an idle stream", [resetOne], .connectionError([protocolError])),
        ConformanceCase(
            "5.1: WINDOW_UPDATE on an idle stream", [Frame(.windowUpdate, stream: 1, be32(100))],
            .connectionError([protocolError])),
        ConformanceCase(
            "5.1: CONTINUATION on an idle stream", [Frame(.continuation, flags: 4, stream: 1, block(request()))],
            .connectionError([protocolError])),
        ConformanceCase(
            "5.1: PRIORITY on an idle stream", [Frame(.priority, stream: 3, be32(0) + [1]), whole], .answer),
        ConformanceCase(
            "5.1: DATA on a half-closed stream", [headers(1, request(path: "/never")), data(1, "a")],
            .streamError([streamClosed])),
        ConformanceCase(
            "5.1: HEADERS on a half-closed stream", [headers(1, request(path: "/never")), whole],
            .streamError([streamClosed])),
        ConformanceCase(
            "5.1: CONTINUATION on a half-closed stream",
            [headers(1, request(path: "/never")), Frame(.continuation, flags: 4, stream: 1, block([("x", "y")]))],
            .streamError([streamClosed, protocolError])),
        ConformanceCase(
            "5.1: WINDOW_UPDATE on a half-closed stream", [whole, Frame(.windowUpdate, stream: 1, be32(1))], .answer),
        ConformanceCase(
            "5.1: PRIORITY on a half-closed stream", [whole, Frame(.priority, stream: 1, be32(0) + [1])], .answer),
        ConformanceCase(
            "5.1: RST_STREAM on a half-closed stream", [headers(1, request(path: "/never")), resetOne], .goesOn),
        ConformanceCase("5.1: DATA after RST_STREAM", [open, resetOne, data(1, "a")], .streamError([streamClosed])),
        ConformanceCase("5.1: HEADERS after RST_STREAM", [open, resetOne, whole], .streamError([streamClosed])),
        ConformanceCase(
            "5.1: CONTINUATION after RST_STREAM",
            [open, resetOne, Frame(.continuation, flags: 4, stream: 1, block([("x", "y")]))],
            .streamError([streamClosed, protocolError])),
        ConformanceCase("5.1.1: HEADERS on an even stream", [headers(2)], .connectionError([protocolError])),
        ConformanceCase(
            "5.1.1: HEADERS on a stream number passed over", [headers(5), headers(3)], .connectionError([protocolError])
        ),
        ConformanceCase(
            "5.1.1: HEADERS on a low stream passed over", [headers(7), headers(9), headers(1)],
            .connectionError([protocolError])),
        ConformanceCase(
            "6.1: DATA on a stream number passed over", [headers(5, request(path: "/never")), data(3, "a")],
            .streamError([streamClosed])),
        ConformanceCase(
            "6.9.2: SETTINGS that take a window beyond its bound",
            [
                headers(1, post, ends: false), Frame(.windowUpdate, stream: 1, be32(0x7FFF_0000)),
                settings([(4, 0x7FFF_FFFF)]),
            ], .connectionError([flowControlError])),
        ConformanceCase(
            "6.9.2: SETTINGS that take a window to its bound",
            [
                headers(1, post, ends: false), Frame(.windowUpdate, stream: 1, be32(0x7FFF_0000)),
                settings([(4, 0xFFFF)]),
            ], .goesOn),
        ConformanceCase(
            "5.1.2: more streams than allowed", (0..<101).map { headers(UInt32($0 * 2 + 1), request(path: "/never")) },
            .streamError([refusedStream, protocolError])),
        ConformanceCase(
            "5.3.1: HEADERS that depend on themselves",
            [Frame(.headers, flags: 5 | Frame.priority, stream: 1, be32(1) + [255] + block(request()))],
            .streamError([protocolError])),
        ConformanceCase(
            "5.3.1: PRIORITY that depends on itself", [Frame(.priority, stream: 1, be32(1) + [255])],
            .streamError([protocolError])),
    ]

    static let frames: [ConformanceCase] = [
        ConformanceCase("6.1: several DATA frames", [open, data(1, "a", ends: false), data(1, "b")], .answer),
        ConformanceCase("6.1: padded DATA", [open, padded(.data, 5, Array("a".utf8), flags: 1)], .answer),
        ConformanceCase("6.1: DATA on stream 0", [data(0, "a")], .connectionError([protocolError])),
        ConformanceCase(
            "6.1: padding longer than the payload", [open, Frame(.data, flags: 9, stream: 1, [6, 97])],
            .connectionError([protocolError])),
        ConformanceCase("6.2: padded HEADERS", [padded(.headers, 5, block(request()), flags: 5)], .answer),
        ConformanceCase(
            "6.2: HEADERS with priority",
            [Frame(.headers, flags: 5 | Frame.priority, stream: 1, be32(0) + [255] + block(request()))], .answer),
        ConformanceCase("6.2: HEADERS on stream 0", [headers(0)], .connectionError([protocolError])),
        ConformanceCase(
            "6.2: padding longer than the HEADERS",
            [Frame(.headers, flags: 5 | Frame.padded, stream: 1, [200] + block(request()))],
            .connectionError([protocolError])),
        ConformanceCase(
            "6.3: PRIORITY on stream 0", [Frame(.priority, be32(3) + [1])], .connectionError([protocolError])),
        ConformanceCase(
            "6.3: PRIORITY of 4 bytes", [Frame(.priority, stream: 1, be32(0))], .streamError([frameSizeError])),
        ConformanceCase("6.4: RST_STREAM on stream 0", [Frame(.reset, be32(8))], .connectionError([protocolError])),
        ConformanceCase(
            "6.4: RST_STREAM of 3 bytes", [open, Frame(.reset, stream: 1, [0, 0, 0])],
            .connectionError([frameSizeError])),
        ConformanceCase(
            "6.5: SETTINGS ACK with content", [Frame(.settings, flags: 1, [0])], .connectionError([frameSizeError])),
        ConformanceCase(
            "6.5: SETTINGS on stream 1", [Frame(.settings, stream: 1, [0, 3, 0, 0, 0, 100])],
            .connectionError([protocolError])),
        ConformanceCase("6.5: SETTINGS of 3 bytes", [Frame(.settings, [0, 3, 0])], .connectionError([frameSizeError])),
        ConformanceCase("6.5.2: ENABLE_PUSH 2", [settings([(2, 2)])], .connectionError([protocolError])),
        ConformanceCase(
            "6.5.2: INITIAL_WINDOW_SIZE 2^31", [settings([(4, 1 << 31)])], .connectionError([flowControlError])),
        ConformanceCase("6.5.2: MAX_FRAME_SIZE 16,383", [settings([(5, 16_383)])], .connectionError([protocolError])),
        ConformanceCase("6.5.2: MAX_FRAME_SIZE 2^24", [settings([(5, 1 << 24)])], .connectionError([protocolError])),
        ConformanceCase("6.5.2: an unknown setting", [settings([(0xFF, 1)]), whole], .answer),
        ConformanceCase(
            "6.6: PUSH_PROMISE from a client", [Frame(.push, flags: 4, stream: 1, be32(2) + block(request()))],
            .connectionError([protocolError])),
        ConformanceCase("6.7: PING with ACK", [Frame(.ping, flags: 1, Array("01234567".utf8)), whole], .answer),
        ConformanceCase(
            "6.7: PING on stream 1", [Frame(.ping, stream: 1, Array("01234567".utf8))],
            .connectionError([protocolError])),
        ConformanceCase(
            "6.7: PING of 6 bytes", [Frame(.ping, Array("012345".utf8))], .connectionError([frameSizeError])),
        ConformanceCase(
            "6.8: GOAWAY on stream 1", [Frame(.goAway, stream: 1, be32(0) + be32(0))], .connectionError([protocolError])
        ),
        ConformanceCase(
            "7: RST_STREAM with an unknown code",
            [headers(1, request(path: "/never")), Frame(.reset, stream: 1, be32(0xFF))], .goesOn),
        ConformanceCase(
            "6.9: WINDOW_UPDATE of 0 on the connection", [Frame(.windowUpdate, be32(0))],
            .connectionError([protocolError])),
        ConformanceCase(
            "6.9: WINDOW_UPDATE of 0 on a stream", [open, Frame(.windowUpdate, stream: 1, be32(0))],
            .streamError([protocolError])),
        ConformanceCase(
            "6.9: WINDOW_UPDATE of 3 bytes", [Frame(.windowUpdate, [0, 0, 1])], .connectionError([frameSizeError])),
        ConformanceCase(
            "6.9.1: a connection window beyond 2^31-1",
            [Frame(.windowUpdate, be32(.max >> 1)), Frame(.windowUpdate, be32(.max >> 1))],
            .connectionError([flowControlError])),
        ConformanceCase(
            "6.9.1: a stream window beyond 2^31-1",
            [open, Frame(.windowUpdate, stream: 1, be32(.max >> 1)), Frame(.windowUpdate, stream: 1, be32(.max >> 1))],
            .streamError([flowControlError])),
        ConformanceCase("6.10: HEADERS in three frames", split(request(), 3), .answer),
        ConformanceCase(
            "6.10: CONTINUATION then DATA", Array(split(post, 3, ends: false).prefix(2)) + [data(1, "a")],
            .connectionError([protocolError])),
        ConformanceCase(
            "6.10: CONTINUATION on stream 0",
            [Frame(.headers, flags: 1, stream: 1, block(request())), Frame(.continuation, flags: 4, [])],
            .connectionError([protocolError])),
        ConformanceCase(
            "6.10: CONTINUATION after END_HEADERS",
            [open, Frame(.continuation, flags: 4, stream: 1, block([("x", "y")]))], .connectionError([protocolError])),
        ConformanceCase(
            "6.10: CONTINUATION after a whole block",
            split(post, 2, ends: false) + [Frame(.continuation, flags: 4, stream: 1, block([("x", "y")]))],
            .connectionError([protocolError])),
        ConformanceCase(
            "6.10: CONTINUATION after DATA",
            [open, data(1, "a", ends: false), Frame(.continuation, flags: 4, stream: 1, block([("x", "y")]))],
            .connectionError([protocolError])),
    ]

    static let messages: [ConformanceCase] = [
        ConformanceCase("8.1: trailers", [open, data(1, "a", ends: false), headers(1, [("x", "y")])], .answer),
        ConformanceCase(
            "8.1: trailers without END_STREAM",
            [open, data(1, "a", ends: false), headers(1, [("x", "y")], ends: false)], .streamError([protocolError])),
        ConformanceCase("8.1: a HEAD request", [headers(1, request("HEAD"))], .answer),
        badRequest("8.2.1: an upper-case name", request("GET", [("X-Test", "a")])),
        badRequest("8.2.1: a control character in a value", request("GET", [("x", "a\u{1}b")])),
        badRequest("8.2.1: a NUL in a value", request("GET", [("x", "a\u{0}b")])),
        badRequest("8.2.1: a CR in a value", request("GET", [("x", "a\rb")])),
        badRequest("8.2.1: an LF in a value", request("GET", [("x", "a\nb")])),
        badRequest("8.2.1: a space before a value", request("GET", [("x", " a")])),
        badRequest("8.2.1: a tab after a value", request("GET", [("x", "a\t")])),
        badRequest("8.2.1: a space in a name", request("GET", [("x y", "a")])),
        badRequest("8.2.1: a colon in a name", request("GET", [("x:y", "a")])),
        badRequest("8.2.1: an empty name", request("GET", [("", "a")])),
        badRequest("8.2.2: Connection", request("GET", [("connection", "keep-alive")])),
        badRequest("8.2.2: Keep-Alive", request("GET", [("keep-alive", "1")])),
        badRequest("8.2.2: Proxy-Connection", request("GET", [("proxy-connection", "a")])),
        badRequest("8.2.2: Transfer-Encoding", request("GET", [("transfer-encoding", "chunked")])),
        badRequest("8.2.2: Upgrade", request("GET", [("upgrade", "h2c")])),
        badRequest("8.2.2: TE other than trailers", request("GET", [("te", "trailers, deflate")])),
        ConformanceCase("8.2.2: TE of trailers", [headers(1, request("GET", [("te", "trailers")]))], .answer),
        badRequest("8.3: an unknown pseudo-header field", request("GET", [(":test", "a")])),
        badRequest("8.3: a response pseudo-header field", request("GET", [(":status", "200")])),
        badRequest("8.3: a pseudo-header field after others", [("x", "y")] + request()),
        ConformanceCase(
            "8.3: a pseudo-header field in trailers", [open, headers(1, [(":method", "POST")])],
            .streamError([protocolError])),
        badRequest("8.3.1: an empty path", request(path: "")),
        badRequest("8.3.1: a path without slash", request(path: "a")),
        badRequest("8.3.1: a path with a space", request(path: "/a b")),
        badRequest("8.3.1: a path with a fragment", request(path: "/a#b")),
        badRequest("8.3.1: an asterisk without OPTIONS", request(path: "*")),
        ConformanceCase("8.3.1: an asterisk with OPTIONS", [headers(1, request("OPTIONS", path: "*"))], .answer),
        badRequest("8.3.1: no method", Array(request().dropFirst())),
        badRequest("8.3.1: no scheme", request().filter { $0.0 != ":scheme" }),
        badRequest("8.3.1: no path", request().filter { $0.0 != ":path" }),
        badRequest("8.3.1: two methods", [(":method", "GET")] + request()),
        badRequest("8.3.1: two schemes", [(":scheme", "http")] + request()),
        badRequest("8.3.1: two paths", [(":path", "/")] + request()),
        badRequest("8.3.1: two authorities", [(":authority", "localhost")] + request()),
        badRequest(
            "8.3.1: user information in the authority", request().map { $0.0 == ":authority" ? ($0.0, "u@a") : $0 }),
        badRequest("8.3.1: Host unlike the authority", request("GET", [("host", "other")])),
        badRequest("8.3.1: two Hosts", request("GET", [("host", "localhost"), ("host", "localhost")])),
        badRequest("8.3.1: a method that is no token", request("G T")),
        ConformanceCase(
            "8.1.1: a length more than the content",
            [headers(1, request("POST", path: "/echo", [("content-length", "1")]), ends: false), data(1, "ab")],
            .streamError([protocolError])),
        ConformanceCase(
            "8.1.1: a length less than the content of two frames",
            [
                headers(1, request("POST", path: "/echo", [("content-length", "3")]), ends: false),
                data(1, "a", ends: false), data(1, "b"),
            ], .streamError([protocolError])),
        ConformanceCase(
            "8.1.1: a length without content", [headers(1, request("POST", path: "/echo", [("content-length", "3")]))],
            .streamError([protocolError])),
        badRequest("8.1.1: a length that is no number", request("POST", [("content-length", "+0")])),
        badRequest("8.1.1: two lengths", request("POST", [("content-length", "0"), ("content-length", "0")])),
    ]

    static let compression: [ConformanceCase] = [
        rawBlock("7541 2.3.3: an index beyond the tables", [0xFF, 0x00]),
        rawBlock("7541 6.1: index 0", [0x80]),
        rawBlock("7541 4.2: a table size update at the end", [0x20]),
        rawBlock(
            "7541 5.2: Huffman padding of more than 7 bits",
            [0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x84, 0x49, 0x50, 0x9F, 0xFF]),
        rawBlock(
            "7541 5.2: Huffman padding of zeros", [0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x83, 0x49, 0x50, 0x90]),
        rawBlock(
            "7541 5.2: Huffman with EOS",
            [0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x87, 0x49, 0x51, 0xFF, 0xFF, 0xFF, 0xFA, 0x7F]),
        rawBlock("7541 5.1: an integer beyond 32 bits", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        rawBlock("7541 5.2: a string beyond the block", [0x00, 0x05, 0x61]),
        ConformanceCase(
            "7541 6.3: a table size beyond the setting",
            [Frame(.headers, flags: 5, stream: 1, [0x3F, 0xE1, 0x5F] + block(request()))],
            .connectionError([compressionError])),
        ConformanceCase(
            "7541 6.3: two table size updates first",
            [Frame(.headers, flags: 5, stream: 1, [0x20, 0x3F, 0xE1, 0x1F] + block(request()))], .answer),
        ConformanceCase(
            "7541 6.1: indexed fields", [Frame(.headers, flags: 5, stream: 1, [0x82, 0x84, 0x86, 0x41, 0x01, 0x61])],
            .answer),
        ConformanceCase(
            "7541 6.2: literals with Huffman and incremental indexing",
            [
                Frame(
                    .headers, flags: 5, stream: 1,
                    [
                        0x82, 0x86, 0x84, 0x41, 0x8C, 0xF1, 0xE3, 0xC2, 0xE5, 0xF2, 0x3A, 0x6B, 0xA0, 0xAB, 0x90, 0xF4,
                        0xFF,
                    ])
            ], .answer),
        ConformanceCase(
            "7541 6.2.3: a literal never indexed",
            [Frame(.headers, flags: 5, stream: 1, [0x82, 0x84, 0x86, 0x41, 0x01, 0x61, 0x10, 0x01, 0x78, 0x01, 0x79])],
            .answer),
    ]
}

@Suite struct HTTP2ConformanceTests {
    private static let handler: @Sendable (RequestHead, any Responder) -> ContentPlan = { head, responder in
        switch head.path {
        case "/never": return .discard
        case "/echo": return .collect(bytesMax: 1 << 20) { bytes, _ in responder.respond(text("\(bytes.count)")) }
        default:
            responder.respond(text("hello"))
            return .discard
        }
    }

    @Test(
        arguments: ConformanceCase.framing + ConformanceCase.states + ConformanceCase.frames + ConformanceCase.messages
            + ConformanceCase.compression)
    func theServerDoesWhatTheRuleSays(_ test: ConformanceCase) throws {
        try withServer(handler: Self.handler) { server in
            let client = try HTTP2Client(server)
            client.send(test.frames)
            switch test.expectation {
            case .connectionError(let codes):
                let frame = client.next { $0.kind == .goAway }
                #expect(frame.map { codes.contains($0.errorCode) } == true, "\(String(describing: frame))")
                while client.next() != nil {}
                #expect(client.client.hasEnded)
            case .streamError(let codes):
                // An answer may have left before the offending frame was read.
                let frame = client.next { $0.kind == .goAway || $0.kind == .reset }
                #expect(frame.map { codes.contains($0.errorCode) } == true, "\(String(describing: frame))")
            case .answer:
                #expect(client.answer(1) != nil)
                #expect(client.isAlive())
            case .goesOn:
                #expect(client.isAlive())
            }
        }
    }

    @Test(
        arguments: [
            (data(1, "a"), [streamClosed]), (whole, [streamClosed]),
            (Frame(.continuation, flags: 4, stream: 1, block([("x", "y")])), [streamClosed, protocolError]),
        ])
    func aFrameOnAStreamThatIsOverBreaksTheConnection(_ frame: Frame, _ codes: [UInt32]) throws {
        try withServer(handler: Self.handler) { server in
            let client = try HTTP2Client(server)
            client.send(whole)
            #expect(client.answer(1) != nil)
            client.send(frame)
            #expect(client.next { $0.kind == .goAway }.map { codes.contains($0.errorCode) } == true)
        }
    }

    /// However many streams came after it.
    @Test(arguments: [(data(1, "a"), false), (whole, false), (data(1, "a"), true), (whole, true)])
    func aFrameOnAStreamThatIsLongOverBreaksTheConnection(_ frame: Frame, isReset: Bool) throws {
        try withServer(handler: Self.handler) { server in
            let client = try HTTP2Client(server)
            let count = isReset ? 40 : 300
            for number in 0..<count {
                let stream = UInt32(2 * number + 1)
                if isReset {
                    client.send(headers(stream, post, ends: false), Frame(.reset, stream: stream, be32(8)))
                } else {
                    client.send(headers(stream))
                    #expect(client.answer(stream) != nil)
                }
            }
            client.send(frame)
            let answer = client.next { $0.kind == .goAway || $0.kind == .reset && $0.stream == 1 }
            #expect(answer?.errorCode == streamClosed)
            #expect(answer?.kind == (isReset && frame.kind == .data ? .reset : .goAway))
        }
    }

    @Test(
        arguments: [
            Frame(.priority, stream: 1, be32(0) + [1]), Frame(.windowUpdate, stream: 1, be32(1)), resetOne,
        ])
    func someFramesAreFineOnAStreamThatIsOver(_ frame: Frame) throws {
        try withServer(handler: Self.handler) { server in
            let client = try HTTP2Client(server)
            client.send(whole)
            #expect(client.answer(1) != nil)
            client.send(frame)
            #expect(client.isAlive())
        }
    }

    @Test(arguments: [0, 0xFF] as [UInt32])
    func aClientThatSaysGoodbyeGetsItsAnswerAndThenTheEnd(_ code: UInt32) throws {
        try withServer(handler: Self.handler) { server in
            let client = try HTTP2Client(server)
            client.send(whole, Frame(.goAway, be32(0) + be32(code)))
            #expect(client.answer(1) == Array("hello".utf8))
            while client.next() != nil {}
            #expect(client.client.hasEnded)
        }
    }

    @Test func theServerAnnouncesItsLimits() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            let payload = try #require(client.serverSettings?.payload)
            #expect(payload == settings([(3, 100), (4, 65_535), (6, 32_768)]).payload)
        }
    }

    @Test func settingsAndPingsAreAcknowledged() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            #expect(client.next { $0.kind == .settings && $0.flags == Frame.ack } != nil)
            client.send(Frame(.ping, Array("01234567".utf8)))
            #expect(client.next { $0.kind == .ping } == Frame(.ping, flags: Frame.ack, Array("01234567".utf8)))
        }
    }

    @Test func anInvalidPrefaceEndsTheConnection() throws {
        try withServer { server in
            for bytes in ["INVALID CONNECTION PREFACE\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n"] {
                let client = try TestClient(server)
                client.send(bytes)
                _ = client.readToEnd()
                #expect(client.hasEnded)
            }
        }
    }

    @Test func contentObeysTheWindowsOfTheClient() throws {
        try withServer { server in
            let client = try HTTP2Client(server, settings: [(4, 3)])
            client.send(headers(1))
            #expect(client.next { $0.kind == .data }?.payload == Array("hel".utf8))
            // The window goes negative, then just positive, then wide open.
            client.send(settings([(4, 2)]))
            client.send(Frame(.windowUpdate, stream: 1, be32(2)))
            #expect(client.next { $0.kind == .data }?.payload == Array("l".utf8))
            client.send(settings([(4, 1), (4, 100)]))
            #expect(client.next { $0.kind == .data }?.payload == Array("o /".utf8))
        }
    }
}
