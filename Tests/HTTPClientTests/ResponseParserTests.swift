import Testing

@testable import HTTPClient

/// Responses as bytes: what they come to, however they are cut.
struct ResponseParserTests {
    /// What is left of a response once the pieces are put together.
    struct Reading: Equatable {
        var status = 0
        var fields: [String: String] = [:]
        var body = ""
        var keepsOpen: Bool?
        var left = ""
        var failure: ClientError?
    }

    private static func read(_ pieces: [ArraySlice<UInt8>], to question: ResponseParser.Question) -> Reading {
        var (parser, reading) = (ResponseParser(to: question), Reading())
        var body: [UInt8] = []
        func take(_ event: ResponseParser.Event) {
            switch event {
            case .head(let head): (reading.status, reading.fields) = (head.status, head.fields)
            case .content(let piece): body += piece
            case .end(let keepsOpen): reading.keepsOpen = keepsOpen
            }
        }
        do throws(ClientError) {
            for piece in pieces {
                var input = piece
                while let event = try parser.next(&input) { take(event) }
                reading.left += String(decoding: input, as: UTF8.self)
            }
            if reading.keepsOpen == nil { take(try parser.close()) }
        } catch {
            reading.failure = error
        }
        reading.body = String(decoding: body, as: UTF8.self)
        return reading
    }

    /// Reads it whole, byte by byte, and cut in two at every place, and expects the same each time.
    private static func readings(_ text: String, to question: ResponseParser.Question = .other) -> Reading {
        let bytes = Array(text.utf8)
        let whole = read([bytes[...]], to: question)
        #expect(read(bytes.indices.map { bytes[$0...$0] }, to: question) == whole, "byte by byte")
        for place in bytes.indices {
            let cut = read([bytes[..<place], bytes[place...]], to: question)
            #expect(cut == whole, "cut at \(place)")
        }
        return whole
    }

    @Test func countedChunkedAndCloseDelimitedContentIsRead() {
        let counted = Self.readings("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: 1\r\na:  2 \r\n\r\nhello")
        #expect(counted.fields == ["content-length": "5", "a": "1, 2"])
        #expect(counted.status == 200 && counted.body == "hello" && counted.keepsOpen == true)
        let chunked = Self.readings(
            "HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nhel\r\n02\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n")
        #expect(chunked.body == "hello" && chunked.keepsOpen == true && chunked.failure == nil)
        let open = Self.readings("HTTP/1.1 200 OK\r\n\r\nhello")
        #expect(open.body == "hello" && open.keepsOpen == false && open.failure == nil)
        let bare = Self.readings("HTTP/1.1 200 OK\nContent-Length: 1\n\nx")
        #expect(bare.body == "x" && bare.keepsOpen == true)
    }

    @Test func someResponsesHaveNoContent() {
        for status in [204, 304] {
            let reading = Self.readings("HTTP/1.1 \(status) X\r\nContent-Length: 5\r\n\r\n")
            #expect(reading.failure == nil && reading.keepsOpen == true && reading.body.isEmpty)
        }
        #expect(Self.readings("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", to: .head).failure == nil)
        #expect(Self.readings("HTTP/1.1 200 OK\r\n\r\n", to: .connect).keepsOpen == true)
    }

    @Test func interimResponsesComeBeforeTheOneThatCounts() {
        let reading = Self.readings(
            "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n"
        )
        #expect(reading.status == 201 && reading.fields == ["content-length": "0"] && reading.failure == nil)
    }

    @Test(arguments: [
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func afterSomeTheConnectionIsNotUsedAgain(text: String) {
        let reading = Self.readings(text)
        #expect(reading.failure == nil && reading.keepsOpen == false)
    }

    @Test func whatStandsBehindAResponseIsLeftAlone() {
        let reading = Self.readings("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n")
        #expect(reading.body == "x" && reading.left == "HTTP/1.1 200 OK\r\n\r\n")
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\n",
    ])
    func aResponseThatIsCutOffIsNoResponse(text: String) {
        #expect(Self.readings(text).failure == .closed)
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n", "HTTP/1.1 101 Other\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "HTTP/1.1 200 OK\r\nA : x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: x\r\n folded\r\n\r\n", "HTTP/1.1 200 OK\r\nA: x\u{0}y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: x\ry\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
    ])
    func whatIsNoResponseIsRefused(text: String) {
        guard case .notHTTP = Self.readings(text).failure else {
            Issue.record("taken")
            return
        }
    }

    /// The same value twice is one, RFC 9110 section 8.6.
    @Test func theSameLengthTwiceIsALength() {
        #expect(Self.readings("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx").body == "x")
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", "A: 1\r\n"), ("HTTP/1.1 200 OK\r\nA: ", "a"), ("", "HTTP/1.1 100 Go on\r\n\r\n"),
        ("HTTP/1.1 200 ", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: 1\r\n"),
    ])
    func headsWithoutEndAreGivenUp(beginning: String, rest: String) {
        var parser = ResponseParser(to: .other)
        var fed = 0
        func feed(_ text: String) throws {
            var input = Array(text.utf8)[...]
            fed += input.count
            while try parser.next(&input) != nil {}
        }
        #expect(throws: ClientError.self) {
            try feed(beginning)
            while fed < 1 << 20 { try feed(rest) }
        }
        #expect(fed <= ResponseParser.headBytesMax + 100)
    }
}
