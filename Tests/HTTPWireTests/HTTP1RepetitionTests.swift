import HTTPTypes
import Testing

@testable import HTTPWire

/// A head that equals the last one of its connection is not read again; nobody may notice.
@Suite struct HTTP1RepetitionTests {
    private static let requests = [
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\n",
        "GET /b HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabd",
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;x=\"y\"\r\nab\r\n0\r\nT: u\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\nX-Request-Id: r\r\n\r\nz",
        "GET /" + String(repeating: "l", count: 3_000) + " HTTP/1.1\r\nHost: h\r\n\r\n",
    ]

    private static let pairs = requests.indices.flatMap { first in requests.indices.map { (first, $0) } }

    /// Each request as a connection of its own reads it.
    private static let alone = requests.map { read($0).requests }

    @Test(arguments: pairs)
    func requestsOfOneConnectionAreWhatEachIsByItself(_ first: Int, _ second: Int) {
        let order = [first, first, second, first, second, second]
        let bytes = Array(order.map { Self.requests[$0] }.joined().utf8)
        let reading = read(bytes)
        #expect(reading.problem == nil)
        #expect(reading.requests == order.flatMap { Self.alone[$0] })
    }

    @Test func whereTheBytesAreCutMakesNoDifference() {
        let order = [0, 0, 4, 4, 0, 6, 6, 1, 1, 0, 3, 3]
        let bytes = Array(order.map { Self.requests[$0] }.joined().utf8)
        let expected = order.flatMap { Self.alone[$0] }
        for cut in 1..<bytes.count {
            #expect(read(bytes, cuts: [cut]).requests == expected, "cut at \(cut)")
        }
        #expect(read(bytes, cuts: Array(1..<bytes.count)).requests == expected)
    }

    @Test func whatFollowsARepeatedHeadIsStillHeldAgainstTheRules() {
        let head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        let reading = read(head + "0\r\n\r\n" + head + "zz\r\n")
        #expect(reading.requests.count == 2)
        #expect(reading.problem != nil)
        #expect(read(head + "0\r\n\r\n" + head + "0\r\n\r\n" + "\u{1}").problem != nil)
    }

    @Test func trailersOfOneRequestDoNotCountAgainstTheNext() {
        let limits = HTTP1Limits()
        let trailer = "T: " + String(repeating: "u", count: limits.trailerBytesMax - 20) + "\r\n"
        let request = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + trailer + "\r\n"
        let reading = read(request + request + request, limits: limits)
        #expect(reading.problem == nil)
        #expect(reading.requests.count == 3)
    }
}
