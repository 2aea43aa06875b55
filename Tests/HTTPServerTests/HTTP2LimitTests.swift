import Dispatch
import Glibc
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

@testable import HTTPServer

/// What a peer may not do, though every single frame is in order.
@Suite struct HTTP2LimitTests {
    private static let enhanceYourCalm: UInt32 = 11
    private static let post = request("POST", path: "/")

    private static let silent: @Sendable (RequestHead, any Responder) -> ContentPlan = { _, _ in
        .collect(bytesMax: 1 << 20) { _ in }
    }

    /// A flood: frames for the numbers 0, 1, 2, …
    struct Flood: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let count: Int
        let frames: @Sendable (UInt32) -> [Frame]
    }

    static let floods = [
        Flood(testDescription: "PING", count: 120) { _ in [Frame(.ping, Array("01234567".utf8))] },
        Flood(testDescription: "SETTINGS", count: 70) { _ in [settings([(3, 1)])] },
        Flood(testDescription: "PRIORITY", count: 600) { _ in [Frame(.priority, stream: 3, be32(0) + [1])] },
        Flood(testDescription: "empty DATA", count: 120) { number in
            (number == 0 ? [headers(1, post, ends: false)] : []) + [Frame(.data, stream: 1)]
        },
        Flood(testDescription: "padded empty DATA", count: 120) { number in
            (number == 0 ? [headers(1, post, ends: false)] : [])
                + [Frame(.data, flags: Frame.padded, stream: 1, [2, 0, 0])]
        },
        Flood(testDescription: "RST_STREAM received (CVE-2023-44487)", count: 700) { number in
            [headers(number * 2 + 1), Frame(.reset, stream: number * 2 + 1, be32(8))]
        },
        Flood(testDescription: "RST_STREAM sent (CVE-2025-8671)", count: 300) { number in
            [headers(number * 2 + 1, post, ends: false), Frame(.windowUpdate, stream: number * 2 + 1, be32(.max >> 1))]
        },
        Flood(testDescription: "malformed requests", count: 300) { number in
            [headers(number * 2 + 1, request("GET", [("connection", "close")]))]
        },
    ]

    @Test(arguments: floods) func aFloodEndsTheConnection(_ flood: Flood) throws {
        // One read may bring more streams than a client that waits for answers would have open.
        var limits = ServerLimits()
        limits.http2.streamsMax = 1000
        try withServer(limits: limits, handler: Self.silent) { server in
            let client = try HTTP2Client(server)
            // A reader of its own keeps the flood from stalling on what the server answers.
            let frames = (0..<flood.count).flatMap { flood.frames(UInt32($0)) }
            startThread { client.send(frames) }
            #expect(client.next { $0.kind == .goAway }?.errorCode == Self.enhanceYourCalm)
            while client.next() != nil {}
            #expect(client.client.hasEnded)
        }
    }

    @Test func oneHeaderBlockMayHaveSoManyContinuations() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            client.send(Frame(.headers, flags: 1, stream: 1, block(request())))
            for _ in 0..<20 { client.send(Frame(.continuation, stream: 1, block([("x", "y")]))) }
            #expect(client.next { $0.kind == .goAway } != nil)
        }
    }

    @Test(
        arguments: [
            (
                request(
                    "GET", [("x", String(repeating: "a", count: 12_000)), ("y", String(repeating: "b", count: 3_000))]),
                1, 200
            ),
            (request("GET", [("x", String(repeating: "a", count: 12_000))]), 3, 431),
            (request("GET", (0..<120).map { ("x\($0)", "") }), 1, 431),
            (request(path: "/" + String(repeating: "a", count: 9_000)), 1, 414),
            (request("GET", [("expect", "the-impossible")]), 1, 417),
            (request("POST", [("content-length", "2000000")]), 1, 413),
        ] as [([(String, String)], Int, Int)])
    func aHeadThatIsTooMuchIsAnswered(_ fields: [(String, String)], _ times: Int, _ status: Int) throws {
        let records = Box<AccessRecord>()
        try withServer(records: records) { head, responder in
            if head.method == .post { return .collect(bytesMax: 1 << 20) { _ in } }
            return answeringHello(head, responder)
        } _: { server in
            let client = try HTTP2Client(server)
            let ends = fields[0].1 == "GET"
            let more = (1..<times).map {
                Frame(.continuation, flags: $0 == times - 1 ? 4 : 0, stream: 1, block([fields[4]]))
            }
            let first = headers(1, fields, ends: ends, flags: times == 1 ? Frame.endHeaders : 0)
            client.send([first] + more)
            #expect(client.answer(1) != nil)
            #expect(client.isAlive())
            if !ends { client.send(Frame(.reset, stream: 1, be32(8))) }
            try waitUntil { !records.values.isEmpty }
            #expect(records.values.map(\.status) == [status])
        }
    }

    @Test func aHeaderBlockThatBlowsUpEndsTheConnection() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            // One entry of 4,000 bytes goes into the table; each further byte of the block asks for it again.
            let name = [UInt8(0x40), 0x01, 0x78], value = [UInt8](repeating: 97, count: 4_000)
            let entry = name + [127, UInt8((4_000 - 127) & 127 | 128), UInt8((4_000 - 127) >> 7)] + value
            let bomb = [UInt8](repeating: 0xBE, count: 12_000)
            client.send(Frame(.headers, flags: 5, stream: 1, block(request()) + entry + bomb))
            #expect(client.next { $0.kind == .goAway }?.errorCode == Self.enhanceYourCalm)
        }
    }

    @Test func contentBeyondTheBoundIsAnswered413() throws {
        let (records, failures) = (Box<AccessRecord>(), Box<ContentFailure>())
        try withServer(records: records) { _, _ in
            .stream(bytesMax: 10, to: RecordingSink(failed: { failures.add($0) }))
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(
                headers(1, Self.post, ends: false), Frame(.data, flags: 1, stream: 1, Array("12345678901".utf8)))
            #expect(client.answer(1) != nil)
            try waitUntil { !records.values.isEmpty }
            #expect(records.values.map(\.status) == [413] && failures.values == [.tooLarge(bytesMax: 10)])
        }
    }

    @Test func oneRequestMoreInFlightThanTheLimitIsAnswered503() throws {
        var limits = ServerLimits()
        limits.requestsInFlightMax = 1
        let records = Box<AccessRecord>()
        try withServer(limits: limits, records: records, handler: Self.silent) { server in
            let client = try HTTP2Client(server)
            client.send(headers(1), headers(3))
            #expect(client.answer(3) != nil)
            #expect(records.values.map(\.status) == [503])
        }
    }

    // MARK: Time

    private func makeLimits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    @Test func aStreamWhoseReaderTakesNothingIsReset() throws {
        let records = Box<AccessRecord>()
        try withServer(limits: makeLimits { $0.writeStallSeconds = 0.3 }, records: records) { server in
            let client = try HTTP2Client(server, settings: [(4, 0)])
            client.send(headers(1))
            #expect(client.next { $0.kind == .reset }?.errorCode == 8)
            #expect(client.isAlive())
            #expect(records.values.map(\.isComplete) == [false])
        }
    }

    /// A peer that opens its window byte by byte makes progress all the time, and never gets to the end.
    @Test func aStreamWhoseReaderTakesAlmostNothingIsReset() throws {
        let limits = makeLimits {
            $0.drainWindowSeconds = 1
            $0.drainBytesPerSecondMin = 1_000
        }
        let source = ListSource(pieces: Array(repeating: String(repeating: "x", count: 16_384), count: 64))
        try withServer(limits: limits) { _, responder in
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try HTTP2Client(server, settings: [(4, 0)])
            client.send(headers(1))
            let windows = DispatchSource.makeTimerSource()
            windows.schedule(deadline: .now(), repeating: .milliseconds(50))
            windows.setEventHandler { client.send(Frame(.windowUpdate, stream: 1, be32(1))) }
            windows.resume()
            defer { windows.cancel() }
            #expect(client.next { $0.kind == .reset }?.errorCode == 8)
        }
        #expect(source.isCancelled)
    }

    @Test func aClientThatEndsItsSideGetsItsAnswers() throws {
        let responders = Box<any Responder>()
        try withServer { _, responder in
            responders.add(responder)
            return .discard
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(headers(1))
            client.send(headers(3, Self.post, ends: false))
            try waitUntil { responders.values.count == 2 }
            client.endSending()
            // What will never be complete is reset.
            #expect(client.next { $0.kind == .reset }?.stream == 3)
            responders.values[0].respond(text("late"))
            #expect(client.next { $0.kind == .data && $0.stream == 1 }?.payload == Array("late".utf8))
            try waitUntil { server.statistics.connections == 0 }
        }
    }

    @Test func contentThatComesTooSlowlyIsAnswered408() throws {
        let records = Box<AccessRecord>()
        let limits = makeLimits {
            $0.bodyWindowSeconds = 0.2
            $0.bodyBytesPerSecondMin = 1000
        }
        try withServer(limits: limits, records: records, handler: Self.silent) { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, Self.post, ends: false))
            #expect(client.answer(1) != nil)
            // The rest of the content is not waited for much longer either.
            #expect(client.next { $0.kind == .reset }?.errorCode == 0)
            #expect(records.values.map(\.status) == [408])
        }
    }

    /// Frames that move nothing on a stream do not put its clock off, however often they come.
    @Test func aPeerThatIsNeverStillDoesNotKeepItsStreams() throws {
        try withServer(limits: makeLimits { $0.writeStallSeconds = 0.3 }) { server in
            let client = try HTTP2Client(server, settings: [(4, 0)])
            client.send(headers(1))
            // Well within the tick by which clocks are looked at. Ends when the test is over.
            let chatter = DispatchSource.makeTimerSource()
            chatter.schedule(deadline: .now(), repeating: .milliseconds(50))
            chatter.setEventHandler { client.send(Frame(.windowUpdate, be32(1))) }
            chatter.resume()
            defer { chatter.cancel() }
            #expect(client.next { $0.kind == .reset }?.errorCode == 8)
        }
    }

    @Test func aHeaderBlockThatTakesTooLongEndsTheConnection() throws {
        try withServer(limits: makeLimits { $0.headerSeconds = 0.2 }) { server in
            let client = try HTTP2Client(server)
            client.send(Frame(.headers, flags: 1, stream: 1, block(request())))
            #expect(client.next { $0.kind == .goAway }?.errorCode == Self.enhanceYourCalm)
        }
    }

    @Test func anIdleConnectionIsClosedInGoodOrder() throws {
        try withServer(limits: makeLimits { $0.idleSeconds = 0.2 }) { server in
            let client = try HTTP2Client(server)
            client.send(headers(1))
            #expect(client.answer(1) != nil)
            #expect(client.next { $0.kind == .goAway }?.errorCode == 0)
            while client.next() != nil {}
            #expect(client.client.hasEnded)
        }
    }
}
