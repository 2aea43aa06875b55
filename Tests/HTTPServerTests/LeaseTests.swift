import Glibc
import HTTPTypes
import HTTPWire
import Locks
import TestSupport
import Testing

@testable import HTTPServer

/// The right to send an answer is taken back while the content is on its way.
struct LeaseTests {
    private final class TestLease: AnswerLease {
        private let cut = Lock<(@Sendable () -> Void)?>(nil)
        private let gone: Gate

        init(gone: Gate) { self.gone = gone }
        deinit { gone.open() }

        func onRevocation(_ cut: @escaping @Sendable () -> Void) { self.cut.withLock { $0 = cut } }
        func revoke() { cut.withLock { $0 }?() }
    }

    private static let length = 32 << 20

    /// More than the socket's buffers take. `/small` is answered at once.
    private static func content(_ kind: String) -> ResponseContent {
        switch kind {
        case "file":
            var path = Array("/tmp/tenbin-lease-XXXXXX".utf8CString)
            let descriptor = mkstemp(&path)
            unlink(path)
            ftruncate(descriptor, off_t(length))
            return .file(descriptor: descriptor, offset: 0, length: length)
        case "bytes": return .bytes([UInt8](repeating: 1, count: length))
        default:
            let piece = String(repeating: "x", count: 16_000)
            return .stream(ListSource(pieces: Array(repeating: piece, count: length / 16_000)))
        }
    }

    private static func answering(
        _ kind: String, _ leases: Box<TestLease>, gone: Gate
    ) -> @Sendable (RequestHead, any Responder) -> ContentPlan {
        { head, responder in
            var response = head.path == "/small" ? text("small") : Response(status: .ok, content: content(kind))
            let lease = TestLease(gone: gone)
            response.lease = lease
            leases.add(lease)
            responder.respond(response)
            return .discard
        }
    }

    @Test(arguments: ["file", "bytes", "stream"])
    func anAnswerOfHTTP1IsCut(kind: String) throws {
        let (leases, gone) = (Box<TestLease>(), Gate())
        try withServer(handler: Self.answering(kind, leases, gone: gone)) { server in
            let client = try TestClient(server, receiveBuffer: 16_384)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.receiveMore())
            leases.values.first?.revoke()
            // Nothing is read meanwhile, so that what is sent until then is what the socket's buffers take.
            try waitUntil { server.statistics.connections == 0 }
            var count = 0
            while client.receiveMore() { count += client.takeReceived().count }
            #expect(client.hasEnded && count < 8 << 20)
        }
    }

    private static func next(_ kind: Frame.Kind, on stream: UInt32, from client: HTTP2Client) -> Frame? {
        client.next { $0.kind == kind && $0.stream == stream }
    }

    @Test(arguments: ["file", "bytes", "stream"])
    func anAnswerOfHTTP2IsCutAndTheOthersGoOn(kind: String) throws {
        let (leases, gone) = (Box<TestLease>(), Gate())
        try withServer(handler: Self.answering(kind, leases, gone: gone)) { server in
            let client = try HTTP2Client(server)
            client.send(headers(1))
            #expect(Self.next(.data, on: 1, from: client) != nil)
            leases.values.first?.revoke()
            #expect(Self.next(.reset, on: 1, from: client)?.errorCode == 8)
            client.send(Frame(.windowUpdate, be32(100_000)), headers(3, request(path: "/small")))
            #expect(client.answer(3) == Array("small".utf8))
        }
    }

    @Test(arguments: [true, false])
    func aLeaseIsLetGoOfWithTheLastByte(isHTTP2: Bool) throws {
        let gone = Gate()
        try withServer { _, responder in
            var response = text("small")
            response.lease = TestLease(gone: gone)
            responder.respond(response)
            return .discard
        } _: { server in
            if isHTTP2 {
                let client = try HTTP2Client(server)
                client.send(headers(1))
                #expect(client.answer(1) != nil)
                #expect(gone.wait())
                #expect(client.isAlive())
            } else {
                let client = try TestClient(server)
                #expect(client.get("/")?.body == "small")
                #expect(gone.wait())
                #expect(client.get("/")?.body == "small")
            }
        }
    }
}
