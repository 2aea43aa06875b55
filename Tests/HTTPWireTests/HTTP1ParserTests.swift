import HTTPTypes
import Testing

@testable import HTTPWire

@Suite struct HTTP1ParserTests {
    /// Valid requests of every shape, several in a row where that matters.
    static let valid: [String] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a/b?c=d&e=%20f HTTP/1.1\r\nhost: example.com:8080\r\nX-A:  b \r\nX-A:\tc\t\r\nEmpty:\r\n\r\n",
        "GET http://example.com/a HTTP/1.1\r\nHost: other\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "PURGE / HTTP/1.9\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\nA\r\n 123456789\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;a;b=c ; d = \"e\\\"\\\\;\" \t;f\r\nhello\r\n000\r\nX-T: u\r\nY: z\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /jobs?label=[a|b]&c=%7C HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
        "GET /?a='(b)*;,:@!$~ HTTP/1.1\r\nHost: a\r\nX: \u{E9}\u{4E2D}\r\n\r\n",
    ]

    @Test(arguments: valid)
    func aValidRequestIsReadTheSameHoweverItIsCut(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = read(bytes)
        #expect(whole.problem == nil)
        #expect(!whole.requests.isEmpty && whole.requests.allSatisfy(\.isComplete))
        for first in 1..<bytes.count {
            #expect(read(bytes, cuts: [first]) == whole, "cut at \(first)")
            for second in stride(from: first + 1, to: bytes.count, by: 7) {
                #expect(read(bytes, cuts: [first, second]) == whole, "cut at \(first) and \(second)")
            }
        }
        #expect(read(bytes, cuts: Array(1..<bytes.count)) == whole)
    }

    @Test func theHeadHoldsMethodTargetHostAndFields() throws {
        let head = try #require(read(Self.valid[2]).requests.first?.head)
        #expect(head.message.method == .get)
        #expect(head.message.path == "/a/b?c=d&e=%20f")
        #expect(head.message.authority == "example.com:8080")
        #expect(head.message.scheme == "http")
        #expect(head.message.fields.map(\.value) == ["b", "c", ""])
        #expect(head.version == .http1_1 && head.keepsAlive && head.framing == .none)
    }

    @Test func theAuthorityOfAnAbsoluteTargetReplacesHost() throws {
        let head = try #require(read(Self.valid[3]).requests.first?.head)
        #expect(head.message.authority == "example.com")
        #expect(head.message.path == "/a")
    }

    @Test(arguments: [
        ("GET http://a HTTP/1.1", "/"), ("OPTIONS http://a HTTP/1.1", "*"), ("GET http://a?b HTTP/1.1", "/?b"),
        ("GET HTTPS://a:1/b?c HTTP/1.1", "/b?c"), ("GET //a HTTP/1.1", "//a"),
    ])
    func theTargetBecomesAPath(_ line: String, _ path: String) {
        #expect(read("\(line)\r\nHost: a\r\n\r\n").requests.first?.head.message.path == path)
    }

    @Test(arguments: [
        ("HTTP/1.1", "X: y", true), ("HTTP/1.1", "Connection: close", false),
        ("HTTP/1.1", "Connection: x, CLOSE", false),
        ("HTTP/1.0", "X: y", false), ("HTTP/1.0", "Connection: Keep-Alive", true),
        ("HTTP/1.0", "Connection: keep-alive, close", false), ("HTTP/1.5", "X: y", true),
    ])
    func theConnectionStaysAsVersionAndFieldsSay(_ version: String, _ field: String, _ stays: Bool) {
        #expect(read("GET / \(version)\r\nHost: a\r\n\(field)\r\n\r\n").requests.first?.head.keepsAlive == stays)
    }

    @Test(arguments: ["TRACE / HTTP/1.1", "CONNECT a:1 HTTP/1.1"])
    func traceAndConnectEndTheConnection(_ line: String) {
        #expect(read("\(line)\r\nHost: a\r\n\r\n").requests.first?.head.keepsAlive == false)
    }

    @Test func contentComesByLengthAndByChunks() {
        #expect(read(Self.valid[9]).requests.map(\.content) == [Array("hello".utf8), []])
        #expect(read(Self.valid[10]).requests.first?.content == Array("hello 123456789".utf8))
        #expect(read(Self.valid[11]).requests.map(\.head.message.path) == ["/", "/2"])
    }

    @Test func theEndOfARequestCarriesItsTrailersHoweverTheyAreCut() {
        let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
        let bytes = Array((request + "T: 1\r\nU:2\r\n\r\n" + request + "\r\n").utf8)
        for cut in bytes.indices {
            let requests = read(bytes, cuts: [cut]).requests
            #expect(requests.map { $0.trailers.map { "\($0.name): \($0.value)" } } == [["T: 1", "U: 2"], []])
        }
    }

    @Test func trailersAreNoFields() {
        #expect(read(Self.valid[11]).requests.first?.head.message.fields.count == 1)
    }

    @Test(arguments: [
        ("POST / HTTP/1.1", "Content-Length: 1\r\nExpect: 100-Continue", true),
        ("POST / HTTP/1.1", "Content-Length: 1\r\nExpect: 100-continue, ,100-continue", true),
        ("POST / HTTP/1.1", "Content-Length: 1\r\nExpect:", false),
        ("POST / HTTP/1.1", "Expect: 100-continue", false),
        ("POST / HTTP/1.0", "Content-Length: 1\r\nExpect: 100-continue", false),
    ])
    func anExpectationCountsWhereContentFollows(_ line: String, _ fields: String, _ expects: Bool) {
        #expect(read("\(line)\r\nHost: a\r\n\(fields)\r\n\r\n").requests.first?.head.expectsContinue == expects)
    }

    @Test func atTheLimitsARequestIsStillRead() {
        let limits = HTTP1Limits()
        let target = "/" + String(repeating: "a", count: limits.targetBytesMax - 1)
        #expect(read("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n").problem == nil)
        let fields = String(repeating: "X: a\r\n", count: limits.fieldsMax - 1)
        #expect(read("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n").problem == nil)
        let overhead = "Host: a\r\nX: \r\n\r\n".utf8.count
        let value = String(repeating: "a", count: limits.fieldBytesMax - overhead)
        #expect(read("GET / HTTP/1.1\r\nHost: a\r\nX: \(value)\r\n\r\n").problem == nil)
        #expect(read("GET / HTTP/1.1\r\nHost: a\r\nX: \(value)a\r\n\r\n").problem?.status == 431)
    }

    @Test(arguments: [
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__", true),
        ("Upgrade: websocket, h2c\r\nConnection: http2-settings\r\nConnection: upgrade\r\nHTTP2-Settings:", true),
        ("Upgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AAMAAABkAAQAAP__", false),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings", false),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP_", false),
        (
            "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nHTTP2-Settings: AAMAAABk",
            false
        ),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 1", false),
        ("Upgrade: h2\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__", false),
        // ENABLE_PUSH 2, INITIAL_WINDOW_SIZE 2^31, MAX_FRAME_SIZE 0 and 2^24, ENABLE_CONNECT_PROTOCOL 2.
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAIAAAAC", false),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AASAAAAA", false),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAUAAAAA", false),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAUBAAAA", false),
        ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAgAAAAC", false),
        (
            "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: "
                + String(repeating: "AAMAAABk", count: 33), false
        ),
    ])
    func anUpgradeToHTTP2CountsOnlyWhenItIsWhole(_ fields: String, _ isWhole: Bool) {
        let head = read("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n").requests.first?.head
        #expect(head != nil)
        #expect((head?.upgradeSettings != nil) == isWhole)
    }

    @Test(arguments: ["[::1]", "[::ffff:1.2.3.4]:80", "[1:2:3:4:5:6:7:8]", "[2001:DB8::1]:", "[v1.a:b]", "[vF.!$]:1"])
    func anAddressInBracketsIsAHost(_ host: String) {
        #expect(read("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").requests.first?.head.message.authority == host)
        #expect(read("GET http://\(host)/ HTTP/1.1\r\nHost: a\r\n\r\n").requests.first?.head.message.authority == host)
    }

    @Test(arguments: [
        "[]", "[...]", "[:::]", "[1234]", "[1.2.3.4]", "[::1::2]", "[12345::]", "[1:2:3:4:5:6:7:8:9]", "[::999.1.1.1]",
        "[::1%25lo]", "[v.a]", "[v1.]", "[vg.a]", "[v1.a/]", "[::1]a", "[::1", "[\(String(repeating: ":", count: 60))]",
    ])
    func whatIsNoAddressInBracketsIsNoHost(_ host: String) {
        #expect(read("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").problem?.status == 400)
    }

    @Test(arguments: [
        "HEAD / HTTP/2.0\r\n", "HEAD / HTTP/1.1\r\nHost: a b\r\n", "HEAD /\(String(repeating: "a", count: 9_000))",
        "HEAD /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n",
        "HEAD \u{1}",
    ])
    func whatIsRefusedIsKnownToBeAHead(_ text: String) {
        let bytes = Array(text.utf8)
        for cut in [0, 1, 4, 5, 6, bytes.count / 2] {
            var parser = HTTP1Parser(limits: HTTP1Limits())
            var event: HTTP1Event?
            for part in [bytes[..<cut], bytes[cut...]] where event == nil {
                Array(part).withUnsafeBytes { part in
                    var input = part
                    while event == nil, let next = parser.next(&input) { event = next }
                }
            }
            guard case .failed? = event else {
                Issue.record("\(text.prefix(20)) was not refused")
                return
            }
            #expect(parser.isHead)
        }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SystemRandomNumberGenerator()
        let seeds = Self.valid.map { Array($0.utf8) }
        for _ in 0..<3000 {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            let cut = Int.random(in: 0..<bytes.count, using: &generator)
            #expect(read(bytes, cuts: [cut]) == read(bytes), "\(bytes)")
        }
    }
}
