import HTTPTypes

/// Writes HTTP/1.1 responses: a pure machine, heads and pieces in, bytes out (RFC 9112).
package struct HTTP1Serializer {
    /// How the end of a response's content is told to the reader, RFC 9112 section 6.3.
    package enum Framing: Sendable, Hashable {
        /// There is no content whatever the fields say: HEAD, 204 and 304.
        case none
        case length(Int)
        case chunked
        /// The end of the connection ends the content: for HTTP/1.0 readers of content of unknown length.
        case untilClose
    }

    /// What the server adds to a response's own fields.
    package struct Additions: Sendable {
        /// An IMF-fixdate, see `HTTPDate`.
        package var date: [UInt8]
        package var requestID: String
        package var keepsAlive: Bool
        /// Whether the reader speaks HTTP/1.0 and must be told that the connection stays.
        package var namesKeepAlive: Bool
        /// For HEAD: the length a GET would have. For `Framing.none` only.
        package var lengthOfGet: Int?
        /// The lifetime of Strict-Transport-Security, on TLS connections.
        package var strictTransportSeconds: Int?

        package init(
            date: [UInt8], requestID: String, keepsAlive: Bool, namesKeepAlive: Bool = false, lengthOfGet: Int? = nil,
            strictTransportSeconds: Int? = nil
        ) {
            self.date = date
            self.requestID = requestID
            self.keepsAlive = keepsAlive
            self.namesKeepAlive = namesKeepAlive
            self.lengthOfGet = lengthOfGet
            self.strictTransportSeconds = strictTransportSeconds
        }
    }

    package static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
    package static let switchToHTTP2 = Array(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n".utf8)
    package static let lastChunk = Array("0\r\n\r\n".utf8)

    /// How the content of a response must be delimited for this reader.
    package static func framing(
        status: Int, length: Int?, isHead: Bool, version: HTTPVersion
    ) -> Framing {
        if isHead || status == 204 || status == 304 { return .none }
        if let length { return .length(length) }
        return version == .http1_0 ? .untilClose : .chunked
    }

    /// Appends the head, its empty line included, to `bytes`.
    package static func appendHead(
        _ response: borrowing Response, framing: Framing, additions: Additions, to bytes: inout [UInt8]
    ) {
        appendStatusLine(response.status, to: &bytes)
        for field in response.fields where !isFraming(field.name) { append(field, to: &bytes) }
        if let standing = response.standing { bytes.append(contentsOf: standing.lines) }
        appendFraming(framing, lengthOfGet: additions.lengthOfGet, to: &bytes)
        append("Date: ", to: &bytes)
        bytes.append(contentsOf: additions.date)
        append("\r\nX-Request-Id: ", to: &bytes)
        bytes.append(contentsOf: additions.requestID.utf8)
        if let seconds = additions.strictTransportSeconds {
            append("\r\nStrict-Transport-Security: max-age=", to: &bytes)
            appendDecimal(seconds, to: &bytes)
        }
        if !additions.keepsAlive {
            append("\r\nConnection: close", to: &bytes)
        } else if additions.namesKeepAlive {
            append("\r\nConnection: keep-alive", to: &bytes)
        }
        append("\r\n\r\n", to: &bytes)
    }

    /// Appends one chunk. Empty pieces write nothing: an empty chunk would end the content.
    package static func appendChunk(_ piece: [UInt8], to bytes: inout [UInt8]) {
        guard !piece.isEmpty else { return }
        appendHexadecimal(piece.count, to: &bytes)
        appendLineEnd(to: &bytes)
        bytes.append(contentsOf: piece)
        appendLineEnd(to: &bytes)
    }

    private static func appendStatusLine(_ status: HTTPResponse.Status, to bytes: inout [UInt8]) {
        if status.code == 200 {
            append("HTTP/1.1 200 OK\r\n", to: &bytes)
            return
        }
        append("HTTP/1.1 ", to: &bytes)
        appendDecimal(status.code, to: &bytes)
        bytes.append(Byte.space)
        bytes.append(contentsOf: status.reasonPhrase.utf8)
        appendLineEnd(to: &bytes)
    }

    private static func appendFraming(_ framing: Framing, lengthOfGet: Int?, to bytes: inout [UInt8]) {
        switch framing {
        case .none:
            guard let lengthOfGet else { return }
            append("Content-Length: ", to: &bytes)
            appendDecimal(lengthOfGet, to: &bytes)
            appendLineEnd(to: &bytes)
        case .length(let length):
            append("Content-Length: ", to: &bytes)
            appendDecimal(length, to: &bytes)
            appendLineEnd(to: &bytes)
        case .chunked:
            append("Transfer-Encoding: chunked\r\n", to: &bytes)
        case .untilClose:
            break
        }
    }

    /// Whether a field is the server's own business, in HTTP/1 (framing, connection) and HTTP/2 (RFC 9113 section 8.2.2).
    static func isFraming(_ name: HTTPField.Name) -> Bool {
        var text = name.canonicalName
        return text.withUTF8 { isFraming(UnsafeRawBufferPointer($0)) }
    }

    /// The same of a name in lower case.
    static func isFraming(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 4: name.equals("date")
        case 7: name.equals("upgrade")
        case 10: name.equals("connection") || name.equals("keep-alive")
        case 12: name.equals("x-request-id")
        case 14: name.equals("content-length")
        case 16: name.equals("proxy-connection")
        case 17: name.equals("transfer-encoding")
        default: false
        }
    }

    static func append(_ field: HTTPField, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: field.name.rawName.utf8)
        bytes.append(Byte.colon)
        bytes.append(Byte.space)
        field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
        appendLineEnd(to: &bytes)
    }

    static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func appendLineEnd(to bytes: inout [UInt8]) {
        bytes.append(Byte.carriageReturn)
        bytes.append(Byte.lineFeed)
    }

    /// Appends a non-negative number without building a string.
    static func appendDecimal(_ number: Int, to bytes: inout [UInt8]) {
        withDecimal(number) { bytes.append(contentsOf: $0) }
    }

    /// Lends the digits of a non-negative number.
    static func withDecimal<Result>(_ number: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: decimalDigitsMax, alignment: 1) { digits in
            var start = digits.count
            var rest = UInt(max(0, number))
            repeat {
                start -= 1
                digits[start] = Byte.zero + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            return body(UnsafeRawBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Of `Int.max`.
    private static let decimalDigitsMax = 19

    private static func appendHexadecimal(_ number: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        var rest = max(0, number)
        repeat {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            bytes.append(digit < 10 ? Byte.zero + digit : 0x57 + digit)
            rest >>= 4
        } while rest > 0
        bytes[start...].reverse()
    }
}
