import CNghttp2
import HTTPTypes
import Testing

@testable import HTTPWire

@Suite struct StandingFieldsTests {
    private static let standing = StandingFields([
        .cacheControl: "no-cache", .vary: "Accept", .contentLength: "7", .connection: "close",
    ])

    @Test func inHTTP1TheyFollowTheResponsesOwnFields() {
        let response = Response(
            status: .ok, fields: [.contentType: "text/plain"], standing: Self.standing, content: .bytes([1]))
        var bytes: [UInt8] = []
        HTTP1Serializer.appendHead(
            response, framing: .length(1),
            additions: .init(date: Array("now".utf8), requestID: "r", keepsAlive: true), to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-cache\r\nVary: Accept\r\n"
                + "Content-Length: 1\r\nDate: now\r\nX-Request-Id: r\r\n\r\n")
    }

    @Test func inHTTP2TheyFollowTheResponsesOwnFields() {
        var block = HTTP2FieldBlock()
        for _ in 0..<2 {
            block.begin(status: 200, [.contentType: "text/plain"], standing: Self.standing)
            block.add("date", Array("now".utf8))
            let fields = block.withNameValues { pairs in
                pairs.map { pair in
                    String(decoding: UnsafeBufferPointer(start: pair.name, count: pair.namelen), as: UTF8.self) + "="
                        + String(decoding: UnsafeBufferPointer(start: pair.value, count: pair.valuelen), as: UTF8.self)
                }
            }
            #expect(
                fields == [
                    ":status=200", "content-type=text/plain", "cache-control=no-cache", "vary=Accept", "date=now",
                ])
        }
    }

    @Test func whatTheServerWritesItselfIsLeftOut() {
        #expect(Self.standing.fields == [.cacheControl: "no-cache", .vary: "Accept"])
    }
}
