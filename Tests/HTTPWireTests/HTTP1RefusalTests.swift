import HTTPTypes
import Testing

@testable import HTTPWire

/// A request no strict server accepts: the bytes, the status, and the rule.
struct Refusal: Sendable, CustomTestStringConvertible {
    let rule: String
    let status: Int
    let bytes: [UInt8]

    init(_ rule: String, _ status: Int, _ text: String) {
        self.rule = rule
        self.status = status
        bytes = Array(text.utf8)
    }

    /// A well-formed request but for the line in question.
    init(_ rule: String, _ status: Int, line: String) {
        self.init(rule, status, "POST / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n")
    }

    init(_ rule: String, chunks: String) {
        self.init(rule, 400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)")
    }

    var testDescription: String { rule }

    static let requestLines = [
        Refusal("9112 2.2: bare LF ends the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        Refusal("9112 2.2: bare CR in the request line", 400, "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.2: three empty lines first", 400, "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.2: a bare LF first", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.2: a space first", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.2: a tab first", 400, "\tGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.2: a space after an empty line", 400, "\r\n GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.2: white space between request line and fields", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        Refusal("9112 3: two spaces before the target", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3: two spaces before the version", 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3: a tab as separator", 400, "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3: a space after the version", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        Refusal("9112 3: no target", 400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3: an empty target", 400, "GET  HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3: no version (HTTP/0.9)", 400, "GET /\r\n\r\n"),
        Refusal("9112 3: only a method", 400, "GET\r\n\r\n"),
        Refusal("9112 3: a method longer than any", 501, "\(String(repeating: "A", count: 33)) / HTTP/1.1\r\n\r\n"),
        Refusal(
            "9112 3: a method longer than any, in a line longer than any", 501,
            "\(String(repeating: "A", count: 20_000)) / HTTP/1.1\r\n\r\n"),
        Refusal(
            "9112 3: a method longer than any, with a control character behind it", 501,
            "\(String(repeating: "A", count: 40))\u{1} / HTTP/1.1\r\n\r\n"),
        Refusal(
            "9112 2.3: more bytes than a version has", 400,
            "GET / HTTP/1.1\(String(repeating: "x", count: 20_000))\r\nHost: a\r\n\r\n"),
        Refusal(
            "9112 2.3: 17 bytes after the longest target", 400,
            "GET /\(String(repeating: "a", count: 8_191)) HTTP/1.1xxxxxxxxx\r\nHost: a\r\n\r\n"),
        Refusal("3986 3.3: a raw bracket in the path", 400, "GET /[ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("3986 3.4: a raw caret in the query", 400, "GET /?a=^ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9110 9.1: a method that is no token", 400, "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9110 9.1: a control character in the method", 400, "GE\u{1}T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.3: a lower-case version", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.3: a version without minor", 400, "GET / HTTP/1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.3: two digits", 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.3: a leading zero", 400, "GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.3: a comma", 400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n"),
        Refusal("9112 2.3: another protocol", 400, "GET / HTTQ/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9110 2.5: major version 2", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        Refusal("9110 2.5: major version 0", 505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2: a relative target", 400, "GET index HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2: a fragment", 400, "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2: a NUL in the target", 400, "GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2: a DEL in the target", 400, "GET /\u{7F} HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("3986 3.3: bytes beyond ASCII in the target", 400, "GET /é HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("3986 2.1: a percent sign without digits", 400, "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("3986 2.1: a percent sign with other letters", 400, "GET /%4g HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("3986 3.4: a quote in the query", 400, "GET /?\" HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2.3: authority-form without CONNECT", 400, "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2.3: CONNECT without port", 400, "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2.3: CONNECT with a path", 400, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2.4: asterisk without OPTIONS", 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3.2.2: another scheme", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9110 4.2.1: an empty host in the target", 400, "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9110 4.2.4: user information in the target", 400, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        Refusal("9112 3: a target beyond the limit", 414, "GET /\(String(repeating: "a", count: 8192)) HTTP/1.1\r\n"),
        Refusal("9112 3: a target without end", 414, "GET /\(String(repeating: "a", count: 9000))"),
    ]

    static let fields = [
        Refusal("9112 3.2: no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
        Refusal("9112 3.2: no Host with an absolute target", 400, "GET http://a/ HTTP/1.1\r\n\r\n"),
        Refusal("9112 3.2: two Hosts", 400, line: "Host: a"),
        Refusal("9112 3.2: an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        Refusal("9112 3.2: a Host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        Refusal("9112 3.2: a Host with a space", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        Refusal("9112 3.2: a list of Hosts", 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
        Refusal("9112 3.2: user information in Host", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        Refusal("9112 3.2: a port that is no number", 400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
        Refusal("9112 3.2: a port beyond 65535", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
        Refusal("9112 3.2: an open bracket", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        Refusal("9112 3.2: two Hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
        Refusal("9112 5.1: a space before the colon", 400, line: "X : a"),
        Refusal("9112 5.1: a tab before the colon", 400, line: "X\t: a"),
        Refusal("9112 5: no colon", 400, line: "X"),
        Refusal("9112 5: an empty name", 400, line: ": a"),
        Refusal("9112 5: a name that is no token", 400, line: "X(y): a"),
        Refusal("9112 5: a name beyond ASCII", 400, line: "Xé: a"),
        Refusal("9112 5.2: obs-fold with a space", 400, line: "X: a\r\n b"),
        Refusal("9112 5.2: obs-fold with a tab", 400, line: "X: a\r\n\tb"),
        Refusal("9110 5.5: a NUL in a value", 400, line: "X: a\u{0}b"),
        Refusal("9110 5.5: a control character in a value", 400, line: "X: a\u{1}b"),
        Refusal("9110 5.5: a DEL in a value", 400, line: "X: a\u{7F}b"),
        Refusal("9110 5.5: a NUL in a name", 400, line: "X\u{0}: a"),
        Refusal("9112 2.2: a bare CR in a value", 400, line: "X: a\rb"),
        Refusal("9112 2.2: a bare LF after a value", 400, line: "X: a\nY: b"),
        Refusal("9112 2.2: CR CR LF", 400, line: "X: a\r"),
        Refusal("9112 2.2: a bare LF ends the head", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        Refusal("9110 5.4: a field beyond the limit", 431, line: "X: \(String(repeating: "a", count: 16_384))"),
        Refusal("9110 5.4: a field without end", 431, "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 17_000))"),
        Refusal("9110 5.4: many fields", 431, line: String(repeating: "X: a\r\n", count: 100) + "Y: b"),
        Refusal("9110 10.1.1: an unknown expectation", 417, line: "Expect: 200-ok"),
        Refusal("9110 10.1.1: an unknown expectation beside a known one", 417, line: "Expect: 100-continue, 200-ok"),
    ]

    static let framing = [
        Refusal(
            "9112 6.3: Content-Length with Transfer-Encoding", 400,
            line: "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        Refusal("9112 6.3: the same in the other order", 400, line: "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        Refusal("9112 6.3: unequal Content-Lengths", 400, line: "Content-Length: 5\r\nContent-Length: 6"),
        Refusal("9112 6.3: equal Content-Lengths", 400, line: "Content-Length: 5\r\nContent-Length: 5"),
        Refusal("9112 6.3: a list of Content-Lengths", 400, line: "Content-Length: 5, 5"),
        Refusal("9110 8.6: a plus sign", 400, line: "Content-Length: +5"),
        Refusal("9110 8.6: a minus sign", 400, line: "Content-Length: -5"),
        Refusal("9110 8.6: hexadecimal", 400, line: "Content-Length: 0x5"),
        Refusal("9110 8.6: letters after digits", 400, line: "Content-Length: 5a"),
        Refusal("9110 8.6: a space within", 400, line: "Content-Length: 5 5"),
        Refusal("9110 8.6: an empty value", 400, line: "Content-Length:"),
        Refusal("9110 8.6: a decimal point", 400, line: "Content-Length: 5.0"),
        Refusal("9110 8.6: 2^63", 400, line: "Content-Length: 9223372036854775808"),
        Refusal("9110 8.6: far beyond 64 bits", 400, line: "Content-Length: 99999999999999999999999999"),
        Refusal("9112 6.1: another coding alone", 400, line: "Transfer-Encoding: gzip"),
        Refusal("9112 6.1: identity", 400, line: "Transfer-Encoding: identity"),
        Refusal("9112 6.1: chunked not last", 400, line: "Transfer-Encoding: chunked, gzip"),
        Refusal("9112 6.1: chunked twice", 400, line: "Transfer-Encoding: chunked, chunked"),
        Refusal(
            "9112 6.1: chunked twice in two fields", 400,
            line: "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        Refusal("9112 6.1: another coding before chunked", 501, line: "Transfer-Encoding: gzip, chunked"),
        Refusal("9112 6.1: a coding like chunked", 400, line: "Transfer-Encoding: xchunked"),
        Refusal("9112 7: chunked with a parameter", 400, line: "Transfer-Encoding: chunked;q=1"),
        Refusal("9112 6.1: an empty value", 400, line: "Transfer-Encoding:"),
        Refusal("9112 6.1: an empty element", 400, line: "Transfer-Encoding: , chunked"),
        Refusal("9112 6.1: a vertical tab", 400, line: "Transfer-Encoding: \u{0B}chunked"),
        Refusal("9112 6.1: in HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ]

    static let chunks = [
        Refusal("9112 7.1: an empty size", chunks: "\r\n"),
        Refusal("9112 7.1: a size that is no number", chunks: "g\r\n"),
        Refusal("9112 7.1: a minus sign", chunks: "-1\r\n"),
        Refusal("9112 7.1: a plus sign", chunks: "+1\r\na\r\n"),
        Refusal("9112 7.1: 0x", chunks: "0x1\r\na\r\n"),
        Refusal("9112 7.1: an underscore", chunks: "1_0\r\n"),
        Refusal("9112 7.1: a space before", chunks: " 1\r\na\r\n"),
        Refusal("9112 7.1: a space after", chunks: "1 \r\na\r\n"),
        Refusal("9112 7.1: a size beyond 60 bits", chunks: "1000000000000000\r\n"),
        Refusal("9112 7.1: a size beyond 64 bits", chunks: "10000000000000001\r\na\r\n"),
        Refusal("9112 7.1: many zeros", chunks: "00000000000000000001\r\na\r\n"),
        Refusal("9112 7.1: a bare LF after the size", chunks: "1\na\r\n"),
        Refusal("9112 7.1: a bare CR after the size", chunks: "1\ra\r\n"),
        Refusal("9112 7.1: a chunk longer than its size", chunks: "1\r\nab\r\n"),
        Refusal("9112 7.1: no CRLF after a chunk", chunks: "1\r\na0\r\n\r\n"),
        Refusal("9112 7.1: a bare LF after a chunk", chunks: "1\r\na\n0\r\n\r\n"),
        Refusal("9112 7.1.1: an extension without name", chunks: "1;\r\na\r\n"),
        Refusal("9112 7.1.1: an extension without value", chunks: "1;a=\r\na\r\n"),
        Refusal("9112 7.1.1: an open quote", chunks: "1;a=\"b\r\na\r\n"),
        Refusal("9112 7.1.1: a bare LF in an extension", chunks: "1;a\nb\r\na\r\n"),
        Refusal("9112 7.1.1: a NUL in an extension", chunks: "1;a=\"\u{0}\"\r\na\r\n"),
        Refusal("9112 7.1.1: a long extension", chunks: "1;a=\(String(repeating: "b", count: 600))\r\na\r\n"),
        Refusal(
            "9112 7.1.1: many extensions",
            chunks: String(repeating: "1;\(String(repeating: "b", count: 400))\r\na\r\n", count: 50)),
        Refusal("9112 7.1.2: a malformed trailer", chunks: "0\r\nX : a\r\n\r\n"),
        Refusal("9112 7.1.2: obs-fold in a trailer", chunks: "0\r\nX: a\r\n b\r\n\r\n"),
        Refusal("9112 7.1.2: a bare LF in the trailers", chunks: "0\r\nX: a\n\r\n"),
    ]
}

@Suite struct HTTP1RefusalTests {
    @Test(arguments: Refusal.requestLines + Refusal.fields + Refusal.framing + Refusal.chunks)
    func itIsRefusedWithTheRightStatus(_ refusal: Refusal) {
        #expect(read(refusal.bytes).problem?.status == refusal.status)
    }

    @Test(arguments: Refusal.requestLines + Refusal.fields + Refusal.framing + Refusal.chunks)
    func itIsRefusedTheSameHoweverItIsCut(_ refusal: Refusal) {
        let whole = read(refusal.bytes)
        // The long ones are cut at every byte at once, and at some places; the others at every place.
        let step = max(1, refusal.bytes.count / 200)
        for cut in stride(from: 1, to: refusal.bytes.count, by: step) {
            #expect(read(refusal.bytes, cuts: [cut]) == whole, "cut at \(cut)")
        }
        #expect(read(refusal.bytes, cuts: Array(1..<max(2, refusal.bytes.count))) == whole)
    }

    @Test func trailersBeyondTheirLimitAreRefused() {
        let trailers = String(repeating: "X: a\r\n", count: 1400)
        let refusal = Refusal("", chunks: "0\r\n\(trailers)\r\n")
        #expect(read(refusal.bytes).problem?.status == 431)
    }

    @Test func nothingIsReadAfterARefusal() {
        var parser = HTTP1Parser(limits: HTTP1Limits())
        let bytes = Array("BAD\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        bytes.withUnsafeBytes { buffer in
            var input = buffer
            for _ in 0..<3 {
                guard case .failed = parser.next(&input) else {
                    Issue.record("an event after the refusal")
                    return
                }
            }
        }
    }
}
