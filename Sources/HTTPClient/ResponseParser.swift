/// Reads one response (RFC 9112 sections 4 to 7): bytes in, events out. However the bytes are cut into pieces, the events
/// say the same.
package struct ResponseParser {
    package enum Event: Equatable {
        case head(ResponseHead)
        case content(ArraySlice<UInt8>)
        /// - Parameter keepsOpen: whether the connection can be used again.
        case end(keepsOpen: Bool)
    }

    /// What the response answers: some have no content whatever their fields say.
    package enum Question {
        case head, connect, other
    }

    private enum State {
        case statusLine, fields
        case counted(left: Int)
        case chunkSize, chunkContent(left: Int), chunkEnd, trailers
        case untilClose
        case over
    }

    /// Bytes of all heads together, interim ones counted, and of the trailers.
    static let headBytesMax = 65_536
    static let fieldsMax = 1_000
    /// Bytes of the line before a chunk.
    static let chunkLineBytesMax = 1_024

    private let question: Question
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var lineBytesLeft = Self.headBytesMax
    private var head = ResponseHead()
    private var fieldCount = 0
    private var keepsOpen = false

    package init(to question: Question) {
        self.question = question
    }

    /// The next event; nil when all of `input` is used up and more is needed, or when the response is over.
    package mutating func next(_ input: inout ArraySlice<UInt8>) throws(ClientError) -> Event? {
        while true {
            switch state {
            case .statusLine:
                guard let text = try takeLine(&input) else { return nil }
                head = try ResponseHead(statusLine: text)
                (state, fieldCount) = (.fields, 0)
            case .fields:
                guard let text = try takeLine(&input) else { return nil }
                if let event = try takeField(text) { return event }
            case .counted(let left):
                if left == 0 { return end() }
                guard let piece = take(left, &input) else { return nil }
                state = .counted(left: left - piece.count)
                return .content(piece)
            case .chunkSize:
                guard let text = try takeLine(&input) else { return nil }
                let size = try Self.chunkSize(text)
                lineBytesLeft = Self.headBytesMax
                state = size == 0 ? .trailers : .chunkContent(left: size)
            case .chunkContent(let left):
                guard left > 0 else {
                    (state, lineBytesLeft) = (.chunkEnd, 2)
                    continue
                }
                guard let piece = take(left, &input) else { return nil }
                state = .chunkContent(left: left - piece.count)
                return .content(piece)
            case .chunkEnd:
                guard let text = try takeLine(&input) else { return nil }
                guard text.isEmpty else { throw .notHTTP("a chunk is longer than its size") }
                (state, lineBytesLeft) = (.chunkSize, Self.chunkLineBytesMax)
            case .trailers:
                guard let text = try takeLine(&input) else { return nil }
                if text.isEmpty { return end() }
            case .untilClose:
                guard let piece = take(.max, &input) else { return nil }
                return .content(piece)
            case .over:
                return nil
            }
        }
    }

    /// The connection has ended.
    ///
    /// - Throws: `ClientError.closed` unless the response's content may end so.
    package mutating func close() throws(ClientError) -> Event {
        guard case .untilClose = state else { throw .closed }
        return end()
    }

    private mutating func end() -> Event {
        state = .over
        return .end(keepsOpen: keepsOpen)
    }

    private func take(_ count: Int, _ input: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !input.isEmpty else { return nil }
        let piece = input.prefix(count)
        input = input.dropFirst(piece.count)
        return piece
    }

    /// A line without its end; nil while it is not complete.
    private mutating func takeLine(_ input: inout ArraySlice<UInt8>) throws(ClientError) -> String? {
        let end = input.firstIndex(of: 0x0A)
        let piece = input[..<(end ?? input.endIndex)]
        let used = piece.count + (end == nil ? 0 : 1)
        guard used <= lineBytesLeft else { throw .notHTTP("the head, or a line between chunks, is too long") }
        lineBytesLeft -= used
        line += piece
        input = input.dropFirst(used)
        guard end != nil else { return nil }
        if line.last == 0x0D { line.removeLast() }
        defer { line.removeAll(keepingCapacity: true) }
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .notHTTP("a control character stands in the head")
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Takes a field, or the empty line behind the last.
    private mutating func takeField(_ text: String) throws(ClientError) -> Event? {
        if text.isEmpty { return try headIsComplete() }
        fieldCount += 1
        guard fieldCount <= Self.fieldsMax else { throw .notHTTP("more than \(Self.fieldsMax) fields") }
        try head.take(field: text)
        return nil
    }

    private mutating func headIsComplete() throws(ClientError) -> Event? {
        guard head.status >= 200 else {
            // Interim responses come before the one that counts; other protocols are not asked for.
            guard head.status != 101 else { throw .notHTTP("the server switches to another protocol") }
            state = .statusLine
            return nil
        }
        let hasNone =
            switch question {
            case .head: true
            case .connect: (200..<300).contains(head.status)
            case .other: head.status == 204 || head.status == 304
            }
        let length = try head.contentLength()
        if hasNone {
            state = .counted(left: 0)
        } else if let coding = head.fields["transfer-encoding"] {
            guard coding.lowercased() == "chunked" else {
                throw .notHTTP("the transfer coding is \(coding.prefix(100))")
            }
            (state, lineBytesLeft) = (.chunkSize, Self.chunkLineBytesMax)
        } else if let length {
            state = .counted(left: length)
        } else {
            state = .untilClose
        }
        var isDelimited = true
        if case .untilClose = state { isDelimited = false }
        // Both lengths at once are somebody's mistake, or somebody's trick (RFC 9112 section 6.3).
        let isDoubtful = head.fields["transfer-encoding"] != nil && length != nil
        keepsOpen = isDelimited && !isDoubtful && head.allowsAnother
        return .head(head)
    }

    private static func chunkSize(_ text: String) throws(ClientError) -> Int {
        let digits = text.prefix { $0 != ";" && $0 != " " && $0 != "\t" }
        guard (1...15).contains(digits.utf8.count), digits.utf8.allSatisfy({ isHexadecimal($0) }),
            let size = Int(digits, radix: 16)
        else { throw .notHTTP("a chunk's size is \"\(text.prefix(40))\"") }
        return size
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}

/// A response's status and fields.
package struct ResponseHead: Equatable, Sendable {
    package private(set) var status = 0
    /// Names in lower case; a repeated field's values joined with `, `.
    package private(set) var fields: [String: String] = [:]
    private var isVersion1_1 = false

    fileprivate init() {}

    fileprivate init(statusLine text: String) throws(ClientError) {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, ["HTTP/1.0", "HTTP/1.1"].contains(parts[0]), parts[1].utf8.count == 3,
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let status = Int(parts[1]),
            (100...599).contains(status)
        else { throw .notHTTP("the status line is \"\(text.prefix(100))\"") }
        self.status = status
        isVersion1_1 = parts[0] == "HTTP/1.1"
    }

    fileprivate mutating func take(field text: String) throws(ClientError) {
        guard let colon = text.firstIndex(of: ":") else { throw .notHTTP("a field has no colon") }
        let name = text[..<colon].lowercased()
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
            throw .notHTTP("a field's name is \"\(name.prefix(40))\"")
        }
        var value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        fields[name] = fields[name].map { "\($0), \(value)" } ?? String(value)
    }

    /// RFC 9110 section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// - Throws: for one that is no length, or several that differ.
    fileprivate func contentLength() throws(ClientError) -> Int? {
        guard let text = fields["content-length"] else { return nil }
        // A list of the same number is that number; spaces may stand around the commas only.
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        let values = Set(items.map { $0.drop { $0 == " " || $0 == "\t" } })
        guard values.count == 1, let value = values.first, (1...18).contains(value.utf8.count),
            value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(value)
        else { throw .notHTTP("Content-Length is \(text.prefix(40))") }
        return length
    }

    /// Whether the server lets the connection be used again.
    fileprivate var allowsAnother: Bool {
        let options = (fields["connection"] ?? "").lowercased().split { $0 == "," || $0 == " " }
        return isVersion1_1 && !options.contains("close")
    }
}
