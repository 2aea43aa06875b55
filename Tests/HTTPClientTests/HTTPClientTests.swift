import Glibc
import Locks
import Testing

@testable import HTTPClient

/// The client over plain TCP: connections that are kept, limits, deadlines, and where connections come from.
@Suite(.timeLimit(.minutes(5))) struct HTTPClientTests {
    private static func client(
        _ port: UInt16, _ limits: HTTPClient.Limits = .init(readSeconds: 10)
    ) throws -> HTTPClient {
        HTTPClient(try ServerURL("http://127.0.0.1:\(port)"), .init(limits: limits))
    }

    private static func get(_ client: HTTPClient) throws -> String {
        String(decoding: try client.send("GET", "/", fields: [], content: .none).body, as: UTF8.self)
    }

    /// Says without end what it has to say.
    private static func endless(_ head: String, _ piece: String) throws -> ScriptedServer {
        try ScriptedServer { _, _, connection in
            ScriptedServer.say(head, connection)
            while ScriptedServer.say(piece, connection) {}
        }
    }

    @Test(arguments: [
        ("", String(repeating: "x", count: 10_000)),
        ("Transfer-Encoding: chunked\r\n", "2710\r\n" + String(repeating: "x", count: 10_000) + "\r\n"),
        ("Content-Length: 999999999999\r\n", String(repeating: "x", count: 10_000)),
    ])
    func anEndlessAnswerIsCutAtTheLimit(field: String, piece: String) throws {
        let server = try Self.endless("HTTP/1.1 200 OK\r\n\(field)\r\n", piece)
        let client = try Self.client(server.port, .init(readSeconds: 10, bodyBytesMax: 1_000_000))
        #expect(throws: ClientError.tooLarge(bytesMax: 1_000_000)) { try Self.get(client) }
    }

    @Test func whatIsReceivedPieceByPieceHasTheReceiversLimit() throws {
        let server = try Self.endless("HTTP/1.1 200 OK\r\n\r\n", String(repeating: "x", count: 10_000))
        let client = try Self.client(server.port, .init(readSeconds: 10, bodyBytesMax: 10))
        var bytes = 0
        #expect(throws: ClientError.notSendable("enough")) {
            try client.download("/", fields: [], quietSeconds: nil) { piece throws(ClientError) in
                bytes += piece.count
                if bytes > 100_000 { throw .notSendable("enough") }
            }
        }
        #expect(bytes > 100_000)
    }

    @Test func aServerThatFallsSilentIsNotWaitedFor() throws {
        let server = try ScriptedServer { _, _, connection in
            ScriptedServer.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", connection)
            var byte: UInt8 = 0
            _ = recv(connection, &byte, 1, 0)
        }
        let client = try Self.client(server.port, .init(readSeconds: 0.1))
        #expect(throws: ClientError.timedOut("the server sends nothing")) { try Self.get(client) }
    }

    @Test func aServerThatDripsIsCutWhenTheTotalIsOver() throws {
        let server = try ScriptedServer { _, _, connection in
            ScriptedServer.say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", connection)
            while ScriptedServer.say("x", connection) { usleep(10_000) }
        }
        let client = try Self.client(server.port, .init(readSeconds: 10, totalSeconds: 0.3))
        #expect(throws: ClientError.timedOut("the server sends nothing")) { try Self.get(client) }
    }

    @Test func aClosedConnectionIsReplacedAndNothingIsPostedTwice() throws {
        // Answers once a connection, says nothing of closing, and closes.
        let server = try ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let client = try Self.client(server.port)
        for _ in 0..<3 {
            #expect(try client.send("GET", "/", fields: [], content: .none).status == 200)
        }
        #expect(server.requests.count == 3)
        let silent = try ScriptedServer { number, _, connection in
            // The second request comes over the kept connection and is read, but never answered.
            ScriptedServer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", connection)
            _ = ScriptedServer.readHead(connection)
        }
        let other = try Self.client(silent.port)
        #expect(try other.send("POST", "/", fields: [], content: .none).status == 200)
        #expect(throws: ClientError.closed) { try other.send("POST", "/", fields: [], content: .none) }
        #expect(silent.requests.count == 1)
    }

    @Test func anAnswerThatNobodyAskedForIsNotTakenForTheNext() throws {
        let server = try ScriptedServer(
            answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        let client = try Self.client(server.port)
        #expect(try Self.get(client) == "ok")
        #expect(try Self.get(client) == "ok")
    }

    @Test func aRedirectIsAnAnswer() throws {
        let server = try ScriptedServer(
            answering: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        let client = try Self.client(server.port)
        #expect(try client.send("GET", "/", fields: [], content: .none).status == 302)
        #expect(server.requests.count == 1)
    }

    @Test func whoMakesTheConnectionDecidesWhereItGoes() throws {
        let server = try ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let asked = Lock<[HTTPClient.Address]>([])
        let port = server.port
        let configuration = HTTPClient.Configuration(connect: { (address, deadline) throws(ClientError) in
            asked.withLock { $0.append(address) }
            guard address == .tcp(host: "pinned.example", port: 80) else { throw .cannotConnect("not allowed") }
            let found = try Sockets.resolve(host: "127.0.0.1", port: port)
            guard let first = found.first, first.ip == IPAddress("127.0.0.1") else { throw .closed }
            return try Sockets.connect(to: first, before: deadline, named: "pinned")
        })
        let client = HTTPClient(try ServerURL("http://pinned.example"), configuration)
        #expect(try Self.get(client) == "ok")
        #expect(server.requests.first?.contains("\r\nHost: pinned.example\r\n") == true)
        let refused = HTTPClient(try ServerURL("http://other.example:81"), configuration)
        #expect(throws: ClientError.cannotConnect("not allowed")) { try Self.get(refused) }
        #expect(asked.withLock { $0.count } == 2)
    }

    @Test func nothingThatBreaksTheSyntaxIsSent() throws {
        let server = try ScriptedServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let url = try ServerURL("http://127.0.0.1:\(server.port)")
        let injected = HTTPClient(url, .init(bearer: "x\r\nEvil: 1"))
        #expect(throws: ClientError.self) { try injected.send("GET", "/", fields: [], content: .none) }
        let client = HTTPClient(url)
        for target in ["", "x", "/a b", "/a\r\nEvil: 1", "/é"] {
            #expect(throws: ClientError.self) { try client.send("GET", target, fields: [], content: .none) }
        }
        #expect(throws: ClientError.self) {
            try client.send("GET", "/", fields: [("If-Match", "\"a\"\nEvil: 1")], content: .none)
        }
        #expect(server.requests.isEmpty)
    }

    @Test func aFolderOrAFileThatIsNotThereIsNotSent() throws {
        let client = try Self.client(9)
        #expect(throws: ClientError.unreadable(path: "/", EISDIR)) {
            try client.send("POST", "/", fields: [], content: .file(path: "/", type: "text/csv"))
        }
        #expect(throws: ClientError.unreadable(path: "/nowhere", ENOENT)) {
            try client.send("POST", "/", fields: [], content: .file(path: "/nowhere", type: "text/csv"))
        }
    }
}

/// Where a server is said to be.
struct ServerURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, false, ""), ("https://tenbin", "tenbin", 443, true, ""),
        ("HTTP://Tenbin:/", "tenbin", 80, false, ""), ("http://[::1]:81/", "::1", 81, false, ""),
        ("https://lab.example/tenbin/v/", "lab.example", 443, true, "/tenbin/v"),
        ("https://a_b.example:1/%7Ex", "a_b.example", 1, true, "/%7Ex"),
    ])
    func aURLNamesAServer(text: String, host: String, port: UInt16, isSecure: Bool, base: String) throws {
        let url = try ServerURL(text)
        #expect(url == ServerURL(.tcp(host: host, port: port), isSecure: isSecure, basePath: base))
    }

    @Test func aSocketIsNamedByItsPath() throws {
        #expect(try ServerURL("unix:/run/ä b.sock") == ServerURL(.unix(path: "/run/ä b.sock")))
    }

    @Test(arguments: [
        ("http://tenbin", "tenbin"), ("http://tenbin:443", "tenbin:443"), ("https://tenbin:443", "tenbin"),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443"), ("unix:/x", "localhost"),
    ])
    func theHostIsNamedAsItsURLDoes(text: String, authority: String) throws {
        #expect(try ServerURL(text).authority == authority)
    }

    @Test(arguments: [
        "", "tenbin", "tenbin:8080", "ftp://tenbin", "http:/tenbin", "http://", "http:///x", "http://tenbin:99999",
        "http://tenbin:0", "http://tenbin:-1", "http://tenbin:+1", "http://tenbin:1x", "unix:", "http://user@tenbin",
        "https://user:secret@tenbin", "http://tenbin/?a=b", "http://tenbin/#a", "http://tenbin?x", "http://ten bin",
        "http://tenbin/a b", "http://tenbin/%zz", "http://tenbin/%4", "http://[::1", "http://[::1]x", "http://[x]",
        "http://[127.0.0.1]", "http://tenbin\\@evil", "http://é.example", "http://tenbin\r\nEvil: 1", "http://a,b",
    ])
    func anythingElseNamesNone(text: String) {
        #expect(throws: ServerURL.Fault.self) { try ServerURL(text) }
    }
}
