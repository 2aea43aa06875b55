import HTTPTypes

extension HTTP1Parser {
    /// The request line, RFC 9112 section 3, or an empty line before it, section 2.2.
    mutating func readStartLine(_ line: UnsafeRawBufferPointer, emptyLines: Int) throws(TransportProblem) {
        if line.isEmpty {
            guard emptyLines < 2 else { throw .malformed("More than two empty lines before the request line.") }
            state = .start(emptyLines: emptyLines + 1)
            return
        }
        guard let methodEnd = line.firstIndex(of: Byte.space), methodEnd > 0 else {
            throw .malformed("The request line has no method or no target.")
        }
        let method = line.part(0..<methodEnd)
        guard ByteClass.token.containsAll(method) else { throw .malformed("The method is not a token.") }
        guard method.count <= limits.methodBytesMax else { throw .methodNotImplemented }
        let rest = line.part(methodEnd + 1..<line.count)
        guard let targetEnd = rest.firstIndex(of: Byte.space) else {
            throw .malformed("The request line has no version.")
        }
        draft.version = try Self.version(rest.part(targetEnd + 1..<rest.count))
        guard targetEnd <= limits.targetBytesMax else { throw .targetTooLong(bytesMax: limits.targetBytesMax) }
        try readTarget(rest.part(0..<targetEnd), method: method)
        sectionBytes = 0
        state = .fields
    }

    private mutating func readTarget(
        _ bytes: UnsafeRawBufferPointer, method: UnsafeRawBufferPointer
    ) throws(TransportProblem) {
        guard let parsedMethod = HTTPRequest.Method(bytes: method) else {
            throw .malformed("The method is not a token.")
        }
        guard let target = RequestTarget(bytes, method: parsedMethod.rawValue) else {
            throw .malformed("The request target is malformed.")
        }
        draft.method = parsedMethod
        draft.target = target
    }

    /// `HTTP/` and two digits around a dot, case-sensitive, RFC 9112 section 2.3. Any minor version of 1 from 1.1 on is
    /// taken as 1.1.
    private static func version(_ bytes: UnsafeRawBufferPointer) throws(TransportProblem) -> HTTPVersion {
        let isWellFormed =
            bytes.count == 8 && bytes.part(0..<5).elementsEqual("HTTP/".utf8) && bytes[6] == 0x2E
            && (0x30...0x39).contains(bytes[5]) && (0x30...0x39).contains(bytes[7])
        guard isWellFormed else { throw .malformed("The request line has no well-formed version.") }
        guard bytes[5] == 0x31 else { throw .versionNotSupported }
        return bytes[7] == Byte.zero ? .http1_0 : .http1_1
    }

    /// One field line of the head, or the empty line that ends it.
    mutating func readHeadFieldLine(_ line: UnsafeRawBufferPointer) throws(TransportProblem) {
        if line.isEmpty {
            try finishHead()
            return
        }
        draft.fieldCount += 1
        guard draft.fieldCount <= limits.fieldsMax else {
            throw .fieldsTooLarge("A request may have at most \(limits.fieldsMax) header fields.")
        }
        let (name, value) = try Self.field(line)
        try draft.add(name: name, value: value)
    }

    /// Splits a field line, RFC 9112 section 5: no white space before the name (obs-fold, section 5.2) or the colon
    /// (section 5.1).
    static func field(
        _ line: UnsafeRawBufferPointer
    ) throws(TransportProblem) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard line[0] != Byte.space, line[0] != Byte.tab else {
            throw .malformed("A header field line starts with white space.")
        }
        guard let colon = line.firstIndex(of: Byte.colon) else { throw .malformed("A header field has no colon.") }
        let name = line.part(0..<colon)
        guard !name.isEmpty, ByteClass.token.containsAll(name) else {
            throw .malformed("The name of a header field is not a token.")
        }
        return (name, line.part(colon + 1..<line.count).trimmed)
    }

    private mutating func finishHead() throws(TransportProblem) {
        beginContent(of: try draft.finish(defaultScheme: scheme))
    }

    mutating func beginContent(of head: HTTP1Head) {
        extensionBytes = 0
        switch head.framing {
        case .none: state = .ended
        case .length(let length): state = .content(remaining: length)
        case .chunked: state = .chunkSize
        }
    }
}
