import Dispatch
import Glibc
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

@testable import HTTPServer

@Suite struct TimeLimitTests {
    private func makeLimits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    @Test func aHeadThatTakesTooLongIsAnswered408() throws {
        try withServer(limits: makeLimits { $0.headerSeconds = 0.2 }) { server in
            let client = try TestClient(server)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n")
            let answer = client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains("/v1/errors/request-timeout"))
        }
    }

    /// What may still become the preface of HTTP/2 is an unfinished request all the same.
    @Test func aStartOfThePrefaceThatTakesTooLongIsAnswered408() throws {
        try withServer(limits: makeLimits { $0.headerSeconds = 0.2 }) { server in
            for (text, status) in [("P", 408), ("PRI * HTT", 408), ("PRI * HTTP/2.0\r\n", 505)] {
                let client = try TestClient(server)
                client.send(text)
                let answer = client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
                #expect(answer.ranges(of: "\r\nDate: ").count == 1)
            }
        }
    }

    @Test func aStartOfThePrefaceThatEndsIsAnswered400() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("PRI")
            shutdown(client.descriptor, Int32(SHUT_WR))
            #expect(client.readToEnd().hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func pingsDoNotKeepAConnectionThatAsksForNothing() throws {
        let limits = makeLimits {
            $0.idleSeconds = 0.3
            $0.http2.pings = .init(burst: 10_000_000, perSecond: 1)
        }
        try withServer(limits: limits) { server in
            let client = try HTTP2Client(server)
            // Each one is sent when the last was answered, so they come all the time.
            var end: Frame?
            while end == nil, client.send(Frame(.ping, Array("alive?!?".utf8))) {
                guard let frame = client.next(where: { $0.kind == .goAway || $0.kind == .ping }) else { break }
                if frame.kind == .goAway { end = frame }
            }
            #expect(end?.errorCode == 0)
        }
    }

    @Test func anIdleConnectionIsClosedWithoutAWord() throws {
        try withServer(limits: makeLimits { $0.idleSeconds = 0.2 }) { server in
            let fresh = try TestClient(server)
            #expect(fresh.readToEnd().isEmpty && fresh.hasEnded)
            let used = try TestClient(server)
            #expect(used.get("/")?.status == 200)
            #expect(used.readToEnd().isEmpty && used.hasEnded)
        }
    }

    @Test func contentThatComesTooSlowlyIsAnswered408() throws {
        let failures = Box<ContentFailure>()
        let limits = makeLimits {
            $0.bodyWindowSeconds = 0.2
            $0.bodyBytesPerSecondMin = 1000
        }
        try withServer(limits: limits) { _, _ in
            .stream(bytesMax: 1000, to: RecordingSink(failed: { failures.add($0) }))
        } _: { server in
            let client = try TestClient(server)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
            #expect(client.readToEnd().hasPrefix("HTTP/1.1 408 "))
        }
        #expect(failures.values == [.tooSlow])
    }

    @Test func aSlowSinkIsNotHeldAgainstTheClient() throws {
        let sink = RecordingSink()
        sink.holdsBack = true
        let limits = makeLimits {
            $0.bodyWindowSeconds = 0.1
            $0.idleSeconds = 0.1
        }
        try withServer(limits: limits) { _, responder in
            sink.whenFinished = { responder.respond(text("done")) }
            return .stream(bytesMax: 1000, to: sink)
        } _: { server in
            let client = try TestClient(server)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            try waitUntil { sink.heldCount > 0 }
            // Another connection idles out meanwhile: the time of several windows has passed for both.
            for _ in 0..<3 { #expect(try TestClient(server).readToEnd().isEmpty) }
            sink.release()
            #expect(client.readAnswer()?.body == "done")
        }
    }

    @Test func aReaderThatTakesAlmostNothingIsCut() throws {
        let ended = Box<AccessRecord>()
        let limits = makeLimits {
            $0.drainWindowSeconds = 0.5
            $0.drainBytesPerSecondMin = 1_000_000
        }
        let source = ListSource(pieces: Array(repeating: String(repeating: "x", count: 16_384), count: 4096))
        try withServer(limits: limits, records: ended) { _, responder in
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try TestClient(server, receiveBuffer: 4096)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let end = DispatchTime.now() + 20
            while ended.values.isEmpty, DispatchTime.now() < end {
                _ = client.receiveMore()
                _ = client.takeReceived()
                usleep(10_000)
            }
            #expect(ended.values.first?.isComplete == false)
        }
    }

    /// An answer that comes in small pieces with pauses has nothing waiting, however little it is.
    @Test func aStreamWithNothingToSendIsNotTooSlow() throws {
        let limits = makeLimits {
            $0.drainWindowSeconds = 0.1
            $0.drainBytesPerSecondMin = 1_000_000
            $0.idleSeconds = 0.2
        }
        let source = HeldSource()
        try withServer(limits: limits) { _, responder in
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try TestClient(server)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.readAnswer(toHead: true)?.status == 200)
            // Other connections idle out meanwhile: the time of several windows passes.
            for _ in 0..<2 { #expect(try TestClient(server).readToEnd().isEmpty) }
            source.release("a")
            #expect(client.readToEnd().contains("1\r\na\r\n0\r\n"))
        }
    }

    /// Whether a client that ended its side is still there shows only when something is written.
    @Test func aClientThatLeftWhileItsAnswerIsPendingIsNoticed() throws {
        let (arrived, cancelled) = (Gate(), Gate())
        try withServer { _, responder in
            responder.onCancel { cancelled.open() }
            arrived.open()
            return .discard
        } _: { server in
            var client: TestClient? = try TestClient(server)
            client?.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(arrived.wait())
            client = nil
            #expect(cancelled.wait())
            try waitUntil { server.statistics.connections == 0 }
        }
    }

    @Test func aClientThatEndsItsSideGetsItsAnswerAfterInterimOnes() throws {
        let responders = Box<any Responder>()
        try withServer { _, responder in
            responders.add(responder)
            return .discard
        } _: { server in
            let client = try TestClient(server)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try waitUntil { !responders.values.isEmpty }
            client.endSending()
            #expect(client.readAnswer(toHead: true)?.status == 100)
            #expect(client.readAnswer(toHead: true)?.status == 100)
            responders.values[0].respond(text("late"))
            #expect(client.readAnswer()?.body == "late")
            #expect(client.readToEnd().isEmpty)
        }
    }

    @Test func aReaderThatTakesNothingIsCut() throws {
        let ended = Box<AccessRecord>()
        let limits = makeLimits { $0.writeStallSeconds = 0.3 }
        let source = ListSource(pieces: Array(repeating: String(repeating: "x", count: 16_384), count: 4096))
        try withServer(limits: limits, records: ended) { _, responder in
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try TestClient(server, receiveBuffer: 4096)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try waitUntil { !ended.values.isEmpty }
            #expect(ended.values.first?.isComplete == false)
        }
    }

    @Test func aDrainLetsTheRequestInFlightFinish() throws {
        let responders = Box<any Responder>()
        try withServer { _, responder in
            responders.add(responder)
            return .discard
        } _: { server in
            let busy = try TestClient(server)
            let idle = try TestClient(server)
            busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try waitUntil { !responders.values.isEmpty }
            let drained = Gate()
            startThread {
                server.drain(seconds: 10)
                drained.open()
            }
            #expect(idle.readToEnd().isEmpty && idle.hasEnded)
            #expect(throws: TestClient.Failure.self) { try TestClient(server) }
            responders.values[0].respond(text("last"))
            let answer = busy.readToEnd()
            #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("last"))
            #expect(drained.wait())
        }
    }

    @Test func aDrainCutsWhatOutlastsIt() throws {
        let responders = Box<any Responder>()
        try withServer { _, responder in
            responders.add(responder)
            return .discard
        } _: { server in
            let client = try TestClient(server)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try waitUntil { !responders.values.isEmpty }
            server.drain(seconds: 0.1)
            #expect(client.readToEnd().isEmpty && client.hasEnded)
        }
    }
}
