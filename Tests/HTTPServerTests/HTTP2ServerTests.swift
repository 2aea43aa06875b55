import Glibc
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

@testable import HTTPServer

@Suite struct HTTP2ServerTests {
    private let post = request("POST", path: "/")

    private func content(_ stream: UInt32, _ count: Int, ends: Bool = false) -> [Frame] {
        stride(from: 0, to: count, by: 16_384).map { start in
            let length = min(16_384, count - start)
            let isLast = ends && start + length == count
            return Frame(
                .data, flags: isLast ? Frame.endStream : 0, stream: stream, [UInt8](repeating: 97, count: length))
        }
    }

    @Test func asManyStreamsAsAllowedAreAnsweredTogether() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            let numbers = (0..<100).map { UInt32($0 * 2 + 1) }
            client.send(numbers.map { headers($0, request(path: "/\($0)")) })
            var answers: [UInt32: String] = [:]
            while answers.count < 100, let frame = client.next(where: { $0.kind == .data }) {
                answers[frame.stream] = String(decoding: frame.payload, as: UTF8.self)
            }
            #expect(numbers.allSatisfy { answers[$0] == "hello /\($0)" })
            #expect(client.isAlive())
        }
    }

    @Test func answersMayComeInAnyOrderAndFromAnyThread() throws {
        let first = Box<any Responder>()
        try withServer { head, responder in
            if head.path == "/slow" { first.add(responder) } else { responder.respond(text("fast")) }
            return .discard
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, request(path: "/slow")), headers(3))
            #expect(client.answer(3) == Array("fast".utf8))
            first.values[0].respond(text("slow"))
            #expect(client.answer(1) == Array("slow".utf8))
        }
    }

    @Test func aSlowSinkClosesTheWindow() throws {
        let sink = RecordingSink()
        sink.holdsBack = true
        try withServer { _, responder in
            sink.whenFinished = { responder.respond(text("\(sink.count)")) }
            return .stream(bytesMax: 1 << 20, to: sink)
        } _: { server in
            let client = try HTTP2Client(server)
            client.send([headers(1, post, ends: false)] + content(1, 65_535))
            try waitUntil { sink.heldCount > 0 }
            // Whatever window the server gave back would come before the answer to a ping.
            client.send(Frame(.ping, Array("windows?".utf8)))
            let frame = client.next { $0.kind == .windowUpdate && $0.stream == 1 || $0.kind == .ping }
            #expect(frame?.kind == .ping)
            sink.release()
            #expect(client.next { $0.kind == .windowUpdate && $0.stream == 1 } != nil)
            client.send(content(1, 32_768, ends: true))
            #expect(client.answer(1) == Array("\(65_535 + 32_768)".utf8))
        }
    }

    @Test func contentBeyondTheWindowIsAFlowControlError() throws {
        let sink = RecordingSink()
        sink.holdsBack = true
        try withServer { _, _ in
            .stream(bytesMax: 1 << 20, to: sink)
        } _: { server in
            let client = try HTTP2Client(server)
            client.send([headers(1, post, ends: false)] + content(1, 65_536))
            #expect(client.next { $0.kind == .reset || $0.kind == .goAway }?.errorCode == 3)
        }
    }

    @Test func aSlowReaderStopsTheSource() throws {
        let source = ListSource(pieces: Array(repeating: String(repeating: "x", count: 4096), count: 256))
        try withServer { _, responder in
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(headers(1))
            var received = 0
            while received < 65_535, let frame = client.next(where: { $0.kind == .data }) {
                received += frame.payload.count
            }
            #expect(client.isAlive())
            #expect(received == 65_535 && source.taken <= 65_536 / 4096 + 1)
            client.send(Frame(.windowUpdate, be32(1 << 20)), Frame(.windowUpdate, stream: 1, be32(1 << 20)))
            #expect(client.answer(1)?.count == 256 * 4096 - 65_535)
        }
    }

    @Test func aSourceThatFailsResetsItsStream() throws {
        try withServer { _, responder in
            let source = ListSource(pieces: ["half"], fails: true)
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(headers(1))
            #expect(client.next { $0.kind == .reset }?.errorCode == 2)
            #expect(client.isAlive())
        }
    }

    @Test func aFileIsSentPieceByPiece() throws {
        try withServer { _, responder in
            let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
            let content = ResponseContent.file(descriptor: descriptor, offset: 1, length: 50_000)
            responder.respond(Response(status: .ok, content: content))
            return .discard
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(headers(1))
            let answer = client.answer(1)
            #expect(answer?.count == 50_000 && answer?.starts(with: Array("ELF".utf8)) == true)
        }
    }

    @Test func aResetStreamCancelsItsHandlerAndAbortsItsContent() throws {
        let cancelled = Gate()
        let failures = Box<ContentFailure>()
        try withServer { head, responder in
            responder.onCancel { cancelled.open() }
            return .stream(bytesMax: 100, to: RecordingSink(failed: { failures.add($0) }))
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, post, ends: false), Frame(.reset, stream: 1, be32(8)))
            #expect(cancelled.wait())
            #expect(failures.values == [.disconnected])
            #expect(client.isAlive())
            #expect(server.statistics.requestsInFlight == 0)
        }
    }

    @Test func aLostConnectionCancelsEveryHandler() throws {
        let cancelled = (Gate(), Gate())
        try withServer { head, responder in
            let gate = head.path == "/1" ? cancelled.0 : cancelled.1
            responder.onCancel { gate.open() }
            return .discard
        } _: { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, request(path: "/1")), headers(3, request(path: "/3")))
            #expect(client.isAlive())
            client.client.reset()
            #expect(cancelled.0.wait() && cancelled.1.wait())
        }
    }

    @Test func aDrainSaysGoodbyeAndFinishesWhatIsInFlight() throws {
        let responders = Box<any Responder>()
        try withServer { _, responder in
            responders.add(responder)
            return .discard
        } _: { server in
            let (busy, idle) = (try HTTP2Client(server), try HTTP2Client(server))
            busy.send(headers(1))
            try waitUntil { !responders.values.isEmpty }
            let drained = Gate()
            startThread {
                server.drain(seconds: 10)
                drained.open()
            }
            expectTwoGoodbyes(idle, lastStream: 0)
            expectTwoGoodbyes(busy, lastStream: 1)
            responders.values[0].respond(text("last"))
            #expect(busy.answer(1) == Array("last".utf8))
            while busy.next() != nil {}
            #expect(busy.client.hasEnded && drained.wait())
        }
    }

    /// RFC 9113 section 6.8: first no stream is named, and after a round trip the last one is.
    private func expectTwoGoodbyes(_ client: HTTP2Client, lastStream: UInt32) {
        let announcement = client.next { $0.kind == .goAway }
        #expect(announcement?.errorCode == 0 && announcement?.payload.prefix(4) == be32(.max >> 1)[...])
        let ping = client.next { $0.kind == .ping && $0.flags == 0 }
        client.send(Frame(.ping, flags: Frame.ack, ping?.payload ?? []))
        let goodbye = client.next { $0.kind == .goAway }
        #expect(goodbye?.errorCode == 0 && goodbye?.payload.prefix(4) == be32(lastStream)[...])
    }

    @Test func aRequestThatCrossesWithTheAnnouncementOfTheEndIsServed() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            client.send(headers(1))
            #expect(client.answer(1) != nil)
            startThread { server.drain(seconds: 10) }
            #expect(client.next { $0.kind == .goAway } != nil)
            // The ping is left unanswered: the server waits a second for what may be on its way.
            client.send(headers(3, request(path: "/late")))
            #expect(client.answer(3) == Array("hello /late".utf8))
            let goodbye = client.next { $0.kind == .goAway }
            #expect(goodbye?.errorCode == 0 && goodbye?.payload.prefix(4) == be32(3)[...])
            while client.next() != nil {}
            #expect(client.client.hasEnded)
        }
    }

    @Test func contentAfterTheAnswerIsReadALittleAndThenRefused() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, post, ends: false))
            #expect(client.answer(1) == Array("hello /".utf8))
            client.send(content(1, 32_768))
            #expect(client.isAlive())
            client.send(content(1, 32_769))
            #expect(client.next { $0.kind == .reset }?.errorCode == 0)
        }
    }

    @Test(arguments: [
        request("HEAD", [("expect", "x")]), request("HEAD", path: "/" + String(repeating: "a", count: 9_000)),
        request("HEAD", (0..<101).map { ("x\($0)", "") }),
    ])
    func aHeadThatIsRefusedIsAnsweredWithoutContent(_ fields: [(String, String)]) throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, fields))
            let answer = client.next { $0.stream == 1 }
            #expect(answer?.kind == .headers && (answer?.flags ?? 0) & Frame.endStream != 0)
        }
    }

    @Test(arguments: ["ftp", "x"])
    func anotherSchemeIsRefused(_ scheme: String) throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, request().map { $0.0 == ":scheme" ? ($0.0, scheme) : $0 }))
            #expect(client.answer(1).map { String(decoding: $0, as: UTF8.self).contains("scheme") } == true)
        }
    }

    @Test(arguments: [(33, 501), (9_000, 501), (32, 200)])
    func aMethodLongerThanAnyIsNotImplemented(length: Int, status: Int) throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, request(String(repeating: "A", count: length))))
            let text = client.answer(1).map { String(decoding: $0, as: UTF8.self) }
            #expect(status == 200 ? text == "hello /" : text?.contains("\"status\":\(status)") == true)
            #expect(client.isAlive())
        }
    }

    @Test func aQueryIsTakenAsBrowsersSendIt() throws {
        try withServer { server in
            let client = try HTTP2Client(server)
            client.send(headers(1, request(path: "/x?label=[a|b]")))
            #expect(client.answer(1).map { String(decoding: $0, as: UTF8.self).hasPrefix("hello /x") } == true)
        }
    }

    // MARK: Upgrade (RFC 7540 section 3.2)

    private static let upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"

    @Test func aConnectionIsUpgradedAndTheRequestAnsweredAsStream1() throws {
        try withServer { server in
            let client = try HTTP2Client(server, upgradingWith: "GET /up HTTP/1.1\r\nHost: a\r\n\(Self.upgrade)")
            #expect(client.answer(1) == Array("hello /up".utf8))
            client.send(headers(3, request(path: "/next")))
            #expect(client.answer(3) == Array("hello /next".utf8))
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\n\(upgrade)\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\(upgrade)HTTP2-Settings: AAMAAABk\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\(upgrade)HTTP2-Settings: AAMAAAB!\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\(upgrade)HTTP2-Settings: AASAAAAA\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\n\(upgrade)HTTP2-Settings: AAMAAABk\r\nContent-Length: 1\r\n\r\na",
    ])
    func anUpgradeThatIsNotQuiteRightIsAnsweredInHTTP1(_ text: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(client.ask(text)?.body == "hello /")
            #expect(client.get("/again")?.status == 200)
        }
    }

    @Test func whatClosesTheConnectionIsNotUpgraded() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("TRACE / HTTP/1.1\r\nHost: a\r\n\(Self.upgrade)HTTP2-Settings: AAMAAABk\r\n\r\n")
            let answer = client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 ") && !answer.hasPrefix("HTTP/1.1 101"), "\(answer)")
        }
    }
}
