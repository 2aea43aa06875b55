import Glibc
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

@testable import HTTPServer

@Suite struct HTTP1ServerTests {
    @Test func aConnectionIsUsedAgain() throws {
        try withServer { server in
            let client = try TestClient(server)
            for number in 0..<5 {
                let answer = try #require(client.get("/\(number)"))
                #expect(answer.status == 200 && answer.body == "hello /\(number)")
            }
        }
    }

    @Test func anAnswerCarriesDateLengthAndRequestID() throws {
        try withServer { server in
            let client = try TestClient(server)
            let answer = try #require(client.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-7\r\n\r\n"))
            #expect(answer.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.head.contains("\r\nContent-Length: 7\r\n"))
            #expect(answer.head.contains(" GMT\r\n"))
            #expect(answer.head.contains("\r\nX-Request-Id: mine-7\r\n"))
            let other = try #require(client.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\"b\r\n\r\n"))
            #expect(!other.head.contains("a\"b"))
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrderEvenWhenHandlersAreNot() throws {
        let first = Box<any Responder>()
        try withServer { head, responder in
            if head.path == "/slow" { first.add(responder) } else { responder.respond(text("fast")) }
            return .discard
        } _: { server in
            let client = try TestClient(server)
            client.send("GET /fast HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            client.send("GET /fast HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.readAnswer()?.body == "fast")
            try waitUntil { !first.values.isEmpty }
            first.values[0].respond(text("slow"))
            #expect(client.readAnswer()?.body == "slow")
            #expect(client.readAnswer()?.body == "fast")
        }
    }

    @Test func aThousandPipelinedRequestsAreAllAnswered() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(String(repeating: "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000))
            for _ in 0..<1000 { #expect(client.readAnswer()?.body == "hello /x") }
        }
    }

    @Test func headIsAnsweredWithoutContentAndWithItsLength() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.readAnswer(toHead: true)?.head.contains("\r\nContent-Length: 10\r\n") == true)
            #expect(client.get("/x")?.body == "hello /x")
        }
    }

    @Test(arguments: ["Host: a\r\nExpect: x\r\n", "", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n"])
    func aHeadThatIsRefusedIsAnsweredWithoutContentToo(_ fields: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("HEAD / HTTP/1.1\r\n\(fields)\r\n")
            let answer = client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 ") && answer.hasSuffix("\r\n\r\n"))
            #expect(!answer.contains("Content-Length: 0\r\n") && answer.contains("Content-Length: "))
        }
    }

    @Test(arguments: ["HTTP/1.1\r\nConnection: close", "HTTP/1.0"])
    func theConnectionEndsWhenTheClientWantsIt(_ version: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("GET / \(version)\r\nHost: a\r\n\r\n")
            let answer = client.readToEnd()
            #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("hello /"))
            #expect(client.hasEnded)
        }
    }

    @Test func anOldClientMayKeepTheConnection() throws {
        try withServer { server in
            let client = try TestClient(server)
            let request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            #expect(client.ask(request)?.head.contains("\r\nConnection: keep-alive\r\n") == true)
            #expect(client.ask(request)?.status == 200)
        }
    }

    @Test func aMalformedRequestIsAnsweredAndTheConnectionCloses() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("GET / HTTP/1.1\r\nHost : a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.contains("\r\nContent-Type: application/problem+json\r\n"))
            #expect(answer.contains("\"type\":\"/v1/errors/malformed-request\""))
            #expect(!answer.contains("200 OK"))
            #expect(client.hasEnded)
        }
    }

    @Test func connectIsRefusedWithTheMethodsThereAre() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")
            let answer = client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 405 ") && answer.contains("\r\nAllow: GET, "))
        }
    }

    @Test func aContinueIsSentWhenTheContentIsWanted() throws {
        try withServer { _, responder in
            .collect(bytesMax: 10) { responder.respond(text(String(decoding: $0, as: UTF8.self))) }
        } _: { server in
            let client = try TestClient(server)
            let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
            #expect(client.ask(head + "Content-Length: 4\r\n\r\n")?.status == 100)
            #expect(client.ask("abcd")?.body == "abcd")
            #expect(client.ask(head + "Content-Length: 11\r\n\r\n")?.status == 413)
            #expect(client.readToEnd().isEmpty)
        }
    }

    @Test(arguments: [
        "Content-Length: 11\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n78901\r\n",
    ])
    func contentBeyondTheBoundIsRefused(_ rest: String) throws {
        let failures = Box<ContentFailure>()
        for plan in ["collect", "stream"] {
            try withServer { _, responder in
                if plan == "collect" { return .collect(bytesMax: 10) { _ in failures.add(.malformed) } }
                return .stream(bytesMax: 10, to: RecordingSink(failed: { failures.add($0) }))
            } _: { server in
                let client = try TestClient(server)
                #expect(client.ask("POST / HTTP/1.1\r\nHost: a\r\n\(rest)")?.status == 413)
                #expect(client.readToEnd().isEmpty)
            }
        }
        #expect(failures.values == [.tooLarge(bytesMax: 10)])
    }

    @Test func aStreamIsReadAtThePaceOfItsSink() throws {
        let sink = RecordingSink()
        let total = 8 << 20
        try withServer { _, responder in
            sink.whenFinished = { responder.respond(text("\(sink.count)")) }
            return .stream(bytesMax: total, to: sink)
        } _: { server in
            let client = try TestClient(server)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 1 << 20)
            sink.holdsBack = true
            // The sink holds the first piece back, so the server must stop reading: the kernel's buffers fill and a
            // sender that does not wait is told to come back later.
            var sent = 0
            while sent < total {
                let count = piece.withUnsafeBytes {
                    Glibc.send(
                        client.descriptor, $0.baseAddress, min(piece.count, total - sent),
                        Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
                }
                if count > 0 { sent += count } else if sink.heldCount > 0 { break }
            }
            #expect(sent < total)
            #expect(sink.count <= 65_536)
            sink.release()
            client.send([UInt8](repeating: 1, count: total - sent))
            #expect(client.readAnswer()?.body == "\(total)")
        }
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
    func contentThatStopsHalfWayIsAborted(_ rest: String) throws {
        let aborted = Gate()
        let failures = Box<ContentFailure>()
        try withServer { _, _ in
            .stream(
                bytesMax: 100,
                to: RecordingSink(failed: {
                    failures.add($0)
                    aborted.open()
                }))
        } _: { server in
            let client = try TestClient(server)
            client.send("POST / HTTP/1.1\r\nHost: a\r\n\(rest)")
            client.endSending()
            #expect(client.readToEnd().hasPrefix("HTTP/1.1 400 "))
            #expect(aborted.wait())
        }
        #expect(failures.values == [.disconnected])
    }

    @Test func malformedContentIsAbortedAndAnswered() throws {
        let failures = Box<ContentFailure>()
        try withServer { _, _ in
            .stream(bytesMax: 100, to: RecordingSink(failed: { failures.add($0) }))
        } _: { server in
            let client = try TestClient(server)
            let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"
            #expect(client.ask(request)?.status == 400)
        }
        #expect(failures.values == [.malformed])
    }

    @Test func contentNobodyWantsIsDroppedWhenSmallAndEndsTheConnectionWhenLarge() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(client.ask("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")?.body == "hello /a")
            #expect(client.get("/b")?.body == "hello /b")
            client.send("POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
            client.send([UInt8](repeating: 1, count: 1_000_000))
            client.endSending()
            #expect(client.readToEnd().hasSuffix("hello /c"))
        }
    }

    @Test func chunkedContentNobodyWantsIsDroppedAsFarAsItIsLittle() throws {
        try withServer { server in
            let client = try TestClient(server)
            let head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.send(head + "3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.readAnswer()?.body == "hello /a" && client.readAnswer()?.body == "hello /b")
            client.send(head)
            #expect(client.readAnswer()?.body == "hello /a")
            let chunk = "4000\r\n" + String(repeating: "a", count: 0x4000) + "\r\n"
            // The server stops reading somewhere behind 64 KiB, and says so by ending the connection.
            for _ in 0..<64 { client.send(chunk) }
            client.endSending()
            #expect(client.readToEnd().isEmpty && client.hasEnded)
        }
    }

    @Test func aSourceIsSentInChunksAndItsFailureCutsTheConnection() throws {
        try withServer { head, responder in
            let fails = head.path == "/fails"
            let source = ListSource(pieces: ["one", "", "two"], fails: fails)
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try TestClient(server)
            #expect(client.get("/")?.body == "onetwo")
            client.send("GET / HTTP/1.0\r\n\r\n")
            #expect(client.readToEnd().hasSuffix("\r\n\r\nonetwo"))
            let other = try TestClient(server)
            #expect(other.get("/fails") == nil)
            #expect(other.hasEnded)
        }
    }

    @Test func aSlowReaderHoldsLittleOfAStream() throws {
        let source = ListSource(pieces: Array(repeating: String(repeating: "x", count: 16_384), count: 4096))
        try withServer { _, responder in
            responder.respond(Response(status: .ok, content: .stream(source)))
            return .discard
        } _: { server in
            let client = try TestClient(server, receiveBuffer: 4096)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            // The kernel takes some megabytes at most; asking must stop long before all 64 MiB are produced.
            try waitUntil { source.taken > 0 }
            var (last, unchanged) = (source.taken, 0)
            try waitUntil {
                unchanged = source.taken == last ? unchanged + 1 : 0
                last = source.taken
                return unchanged == 100
            }
            #expect(last < 1024)
        }
        #expect(source.isCancelled)
    }

    @Test func aHandlerLearnsThatNobodyWaits() throws {
        let (arrived, cancelled) = (Gate(), Gate())
        try withServer { _, responder in
            responder.onCancel { cancelled.open() }
            arrived.open()
            return .discard
        } _: { server in
            let client = try TestClient(server)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(arrived.wait())
            client.reset()
            #expect(cancelled.wait())
        }
    }

    @Test func aSecondAnswerIsIgnored() throws {
        try withServer { _, responder in
            responder.respond(text("first"))
            responder.respond(text("second"))
            return .discard
        } _: { server in
            let client = try TestClient(server)
            #expect(client.get("/")?.body == "first")
            #expect(client.get("/")?.body == "first")
        }
    }

    @Test func anAnsweredRequestIsLoggedWithRouteAndPrincipal() throws {
        let records = Box<AccessRecord>()
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try withServer(records: records) { _, responder in
            responder.respond(
                Response(
                    status: .created, content: .bytes([1, 2, 3]), route: "/v1/{x}", principal: "ann"
                ))
            return .discard
        } _: { server in
            let client = try TestClient(server)
            #expect(client.ask("GET /v1/7?a HTTP/1.1\r\nHost: a\r\ntraceparent: \(trace)\r\n\r\n")?.status == 201)
            _ = client.ask("BAD\r\n\r\n")
            try waitUntil { records.values.count >= 2 }
        }
        let record = try #require(records.values.first)
        #expect(record.method == "GET" && record.target == "/v1/7?a" && record.route == "/v1/{x}")
        #expect(record.status == 201 && record.bytes == 3 && record.principal == "ann" && record.traceParent == trace)
        #expect(record.seconds > 0 && record.seconds < 10 && record.peer == "127.0.0.1" && record.isComplete)
        #expect(records.values[1].status == 400)
    }
}
