/// Reads CSV (RFC 4180) as a pure machine: bytes in, one record after the other out. It never reads ahead of the bytes it is
/// given, so a file may be cut anywhere.
///
/// Lines end with CRLF or LF, also within quotes; fields are separated by commas; a quote inside a quoted field is doubled.
/// Whatever else stands there is an error, never a guess.
struct CSVParser: ~Copyable {
    private enum State {
        case fieldStart, unquoted, quoted, quoteInQuoted, carriageReturn
    }

    private let limits: DatasetLimits
    private var state = State.fieldStart
    private var content = ByteBuffer()
    /// Where each finished field of the record ends in `content`.
    private var ends: [Int] = []
    private var isComplete = false
    private var hasQuotes = false
    private var highBits: UInt8 = 0
    /// The physical line being read, from 1.
    private var line = 1
    /// Where the open quoted field began.
    private var quoteLine = 1

    /// The physical line on which the record began.
    private(set) var recordLine = 1
    /// Records finished so far, the header among them.
    private(set) var records = 0
    /// The names of the header, for errors.
    var columnNames: [String] = []

    init(limits: DatasetLimits) {
        self.limits = limits
    }

    // MARK: The finished record

    var fieldCount: Int { ends.count }

    /// The bytes of a field after unquoting, valid until the next call of `consume`.
    func field(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        content.view((index == 0 ? 0 : ends[index - 1])..<ends[index])
    }

    /// Whether the record is an empty line.
    var isBlank: Bool { ends.count == 1 && content.count == 0 && !hasQuotes }

    // MARK: Reading

    /// Reads `bytes` from `index` on until a record is complete; true when it is, and `index` is then just behind it.
    mutating func consume(
        _ bytes: UnsafeBufferPointer<UInt8>, from index: inout Int
    ) throws(DatasetError) -> Bool {
        if isComplete { beginRecord() }
        while index < bytes.count {
            switch state {
            case .unquoted: copy(bytes, from: &index, until: Self.unquotedEnds)
            case .quoted: copy(bytes, from: &index, until: Self.quotedEnds)
            default: break
            }
            guard index < bytes.count else { break }
            let byte = bytes[index]
            index += 1
            if try step(byte) { return true }
        }
        try checkSizes()
        return false
    }

    /// Tells that the input has ended; true when that completes a record.
    mutating func finish() throws(DatasetError) -> Bool {
        if isComplete { beginRecord() }
        switch state {
        case .fieldStart where ends.isEmpty: return false
        case .quoted:
            line = quoteLine
            throw failure("the quoted field that begins here is never closed; end it with a double quote")
        case .carriageReturn: throw bareCarriageReturn
        default: return try endRecord()
        }
    }

    private mutating func beginRecord() {
        content.removeAll()
        ends.removeAll(keepingCapacity: true)
        highBits = 0
        hasQuotes = false
        isComplete = false
        recordLine = line
        state = .fieldStart
    }

    /// Bit b is set when byte b (below 64) ends a run of plain content: NUL, LF, CR, quote, comma.
    private static let unquotedEnds: UInt64 = 1 | 1 << 10 | 1 << 13 | 1 << 34 | 1 << 44
    /// NUL, LF (to count lines) and quote.
    private static let quotedEnds: UInt64 = 1 | 1 << 10 | 1 << 34

    private mutating func copy(
        _ bytes: UnsafeBufferPointer<UInt8>, from index: inout Int, until ends: UInt64
    ) {
        let rest = bytes.count - index
        let target = content.tail(room: rest)
        var count = 0
        var high: UInt8 = 0
        while count < rest {
            let byte = bytes[index + count]
            if byte < 64, ends >> UInt64(byte) & 1 == 1 { break }
            target[count] = byte
            high |= byte
            count += 1
        }
        highBits |= high
        content.advance(by: count)
        index += count
    }

    private mutating func append(_ byte: UInt8) {
        content.tail(room: 1).pointee = byte
        highBits |= byte
        content.advance(by: 1)
    }

    /// Takes one byte; true when it completes the record.
    private mutating func step(_ byte: UInt8) throws(DatasetError) -> Bool {
        guard byte != 0 else { throw failure("a NUL byte; the file must be text in UTF-8") }
        switch (state, byte) {
        case (.fieldStart, UInt8(ascii: "\"")):
            state = .quoted
            hasQuotes = true
            quoteLine = line
        case (.quoted, UInt8(ascii: "\"")):
            state = .quoteInQuoted
        case (.quoted, _):
            if byte == UInt8(ascii: "\n") { line += 1 }
            append(byte)
        case (.quoteInQuoted, UInt8(ascii: "\"")):
            append(byte)
            state = .quoted
        case (.carriageReturn, UInt8(ascii: "\n")), (.fieldStart, UInt8(ascii: "\n")),
            (.unquoted, UInt8(ascii: "\n")), (.quoteInQuoted, UInt8(ascii: "\n")):
            return try endRecord()
        case (.carriageReturn, _):
            throw bareCarriageReturn
        case (_, UInt8(ascii: "\r")):
            state = .carriageReturn
        case (_, UInt8(ascii: ",")):
            try endField()
            state = .fieldStart
        case (.quoteInQuoted, _):
            throw failure("text after the closing quote of a field; expected a comma or the end of the line")
        case (.unquoted, UInt8(ascii: "\"")):
            throw failure("a double quote inside a field without quotes; put the field in quotes and double the quote")
        default:
            append(byte)
            state = .unquoted
        }
        return false
    }

    private mutating func endField() throws(DatasetError) {
        try checkSizes()
        ends.append(content.count)
        guard ends.count <= limits.columnsMax else {
            throw failure("more than \(limits.columnsMax) columns", kind: .tooLarge)
        }
    }

    private mutating func endRecord() throws(DatasetError) -> Bool {
        try endField()
        if highBits >= 0x80 { try checkUTF8() }
        line += 1
        records += 1
        isComplete = true
        return true
    }

    private func checkSizes() throws(DatasetError) {
        guard content.count - (ends.last ?? 0) <= limits.fieldBytesMax else {
            throw failure("a field of more than \(limits.fieldBytesMax) bytes", kind: .tooLarge)
        }
        guard content.count <= limits.recordBytesMax else {
            throw failure("a record of more than \(limits.recordBytesMax) bytes", kind: .tooLarge)
        }
    }

    private func checkUTF8() throws(DatasetError) {
        for index in ends.indices {
            let bytes = field(index)
            do {
                _ = try UTF8Span(validating: bytes.span)
            } catch {
                let before = bytes[..<min(error.byteOffsets.lowerBound, bytes.count)]
                let lines = before.reduce(into: 0) { count, byte in if byte == UInt8(ascii: "\n") { count += 1 } }
                throw failure(
                    "bytes that are not UTF-8; the file must be text in UTF-8", field: index, line: recordLine + lines)
            }
        }
    }

    // MARK: Errors

    private var bareCarriageReturn: DatasetError {
        failure("a carriage return without a line feed; lines must end with CRLF or LF, or the field must be quoted")
    }

    private func failure(
        _ detail: String, field: Int? = nil, line: Int? = nil, kind: DatasetError.Kind = .invalid
    ) -> DatasetError {
        let field = field ?? ends.count
        return DatasetError(
            detail, kind: kind, row: records == 0 ? nil : records, line: line ?? self.line,
            column: columnNames.indices.contains(field) ? columnNames[field] : nil)
    }
}
