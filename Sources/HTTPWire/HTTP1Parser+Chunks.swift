import HTTPTypes

extension HTTP1Parser {
    /// `chunk-size [chunk-ext]`, RFC 9112 section 7.1.
    mutating func readChunkSize(_ line: UnsafeRawBufferPointer) throws(TransportProblem) {
        var size = 0
        var digits = 0
        while digits < line.count, let digit = Byte.hexadecimal(line[digits]) {
            // 15 digits are 60 bits: no size within them overflows.
            guard digits < 15 else { throw .malformed("A chunk size has too many digits.") }
            size = size << 4 | digit
            digits += 1
        }
        guard digits > 0 else { throw .malformed("A chunk has no size.") }
        let extensions = line.part(digits..<line.count)
        extensionBytes += extensions.count
        guard extensionBytes <= limits.chunkExtensionBytesMax else {
            throw .malformed("Chunk extensions of more than \(limits.chunkExtensionBytesMax) bytes.")
        }
        guard Self.areChunkExtensions(extensions) else { throw .malformed("A chunk size or extension is malformed.") }
        if size == 0 {
            sectionBytes = 0
            state = .trailers
        } else {
            state = .chunkContent(remaining: size)
        }
    }

    /// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, RFC 9112 section 7.1.1.
    static func areChunkExtensions(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            skipSpace(bytes, &index)
            guard index < bytes.count, bytes[index] == Byte.semicolon else { return false }
            index += 1
            skipSpace(bytes, &index)
            guard skipToken(bytes, &index) else { return false }
            let afterName = index
            skipSpace(bytes, &index)
            guard index < bytes.count, bytes[index] == Byte.equals else {
                // White space here belongs to the next extension, or is an error at the line's end.
                index = afterName
                continue
            }
            index += 1
            skipSpace(bytes, &index)
            guard skipToken(bytes, &index) || skipQuotedString(bytes, &index) else { return false }
        }
        return true
    }

    private static func skipSpace(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) {
        while index < bytes.count, bytes[index] == Byte.space || bytes[index] == Byte.tab { index += 1 }
    }

    private static func skipToken(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Bool {
        let start = index
        while index < bytes.count, ByteClass.token.contains(bytes[index]) { index += 1 }
        return index > start
    }

    /// A quoted-string, RFC 9110 section 5.6.4. Control characters were refused with the line.
    private static func skipQuotedString(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Bool {
        guard index < bytes.count, bytes[index] == Byte.quote else { return false }
        index += 1
        while index < bytes.count {
            switch bytes[index] {
            case Byte.quote:
                index += 1
                return true
            case Byte.backslash:
                index += 2
            default:
                index += 1
            }
        }
        return false
    }

    /// A trailer field or the empty line that ends the request.
    mutating func readTrailerLine(_ line: UnsafeRawBufferPointer) throws(TransportProblem) {
        if line.isEmpty {
            state = .ended
            return
        }
        let (name, value) = try Self.field(line)
        guard let fieldName = HTTPField.Name(name.text) else {
            throw .malformed("The name of a trailer field is not a token.")
        }
        trailers.append(HTTPField(name: fieldName, bytes: value))
    }
}
