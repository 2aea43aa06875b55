/// Why a text is no JSON: what, and where (1-based line and column, in bytes).
package struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    package var detail: String
    package var line: Int
    package var column: Int

    package var description: String { "line \(line), column \(column): \(detail)" }
}

extension JSONValue {
    /// Nesting beyond this is refused, so that no document can exhaust the stack.
    package static let depthMax = 64

    /// Reads one JSON text (RFC 8259), strictly: UTF-8 only, no duplicate member names, nothing behind the value.
    package init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        self = try bytes.withUnsafeBufferPointer { buffer throws(JSONSyntaxError) in
            try JSONValue(parsing: buffer)
        }
    }

    package init(parsing buffer: UnsafeBufferPointer<UInt8>) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: buffer)
        self = try parser.document()
    }

    /// Reads a long JSON text within an allowance.
    ///
    /// - Throws: `JSONSyntaxError`, `TooManyValues`, or what the allowance throws.
    package init(parsing buffer: UnsafeBufferPointer<UInt8>, within allowance: JSONAllowance) throws {
        var parser = JSONParser(bytes: buffer, within: allowance)
        let result = Result { () throws(JSONSyntaxError) in try parser.document() }
        if let refusal = parser.refusal { throw refusal }
        self = try result.get()
    }
}

/// How many values a JSON text may have, and who is asked before they are stored. A text of a few bytes a value becomes a
/// tree many times its length.
package struct JSONAllowance {
    /// Values of one document.
    package static let valuesMaxStandard = 4_000_000
    /// What one value takes, with the room that arrays leave for growing.
    package static let valueBytes = 48
    fileprivate static let pieceValues = 4_096

    fileprivate var valuesMax: Int
    fileprivate var take: (_ values: Int) throws -> Void

    /// - Parameter take: called before each few thousand values are stored; what it throws ends the reading.
    package init(valuesMax: Int = valuesMaxStandard, take: @escaping (_ values: Int) throws -> Void) {
        self.valuesMax = valuesMax
        self.take = take
    }
}

/// A JSON text has more values than are taken.
package struct TooManyValues: Error, Sendable, Hashable {
    package var valuesMax: Int
}

/// The names that an object has so far. Few are compared one by one; a set is made for many.
private struct MemberNames {
    private static let fewMax = 16
    private var set: Set<String> = []

    /// - Returns: false for a name that stands there already.
    mutating func insert(_ name: String, after members: [JSONValue.Member]) -> Bool {
        if members.count < Self.fewMax { return !members.contains { $0.name == name } }
        if set.isEmpty { set = Set(members.map(\.name)) }
        return set.insert(name).inserted
    }
}

/// A recursive-descent parser over borrowed bytes.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0
    /// Values that may be stored before the allowance is asked again.
    private var valuesGranted = Int.max
    /// Values that may be asked for after those.
    private var valuesLeft = 0
    private var allowance: JSONAllowance?
    /// Why reading ended where the text is not at fault.
    private(set) var refusal: (any Error)?

    init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    init(bytes: UnsafeBufferPointer<UInt8>, within allowance: JSONAllowance) {
        self.bytes = bytes
        self.allowance = allowance
        valuesGranted = 0
        valuesLeft = allowance.valuesMax
    }

    private mutating func askForValues() throws(JSONSyntaxError) {
        let count = min(valuesLeft, JSONAllowance.pieceValues)
        do {
            guard count > 0 else { throw TooManyValues(valuesMax: allowance?.valuesMax ?? 0) }
            try allowance?.take(count)
        } catch {
            refusal = error
            throw JSONSyntaxError(detail: "reading was ended", line: 0, column: 0)
        }
        valuesLeft -= count
        valuesGranted = count
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        guard index == bytes.count else { throw failure("expected the end of the text") }
        return value
    }

    private func failure(_ detail: String, at position: Int? = nil) -> JSONSyntaxError {
        let position = position ?? index
        var line = 1
        var column = 1
        for offset in 0..<min(position, bytes.count) {
            if bytes[offset] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return JSONSyntaxError(detail: detail, line: line, column: column)
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth <= JSONValue.depthMax else {
            throw failure("nested deeper than \(JSONValue.depthMax) levels")
        }
        if valuesGranted == 0 { try askForValues() }
        valuesGranted -= 1
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case nil: throw failure("the text ends where a value was expected")
        case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): return try number()
        default: throw failure("expected a value")
        }
    }

    private mutating func literal(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let start = index
        for byte in word.utf8 {
            guard current == byte else { throw failure("expected '\(word)'", at: start) }
            index += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        index += 1
        var members: [JSONValue.Member] = []
        var names = MemberNames()
        skipWhitespace()
        if skip("}") { return .object([]) }
        while true {
            skipWhitespace()
            let start = index
            guard current == UInt8(ascii: "\"") else { throw failure("expected a member name in double quotes") }
            let name = try string()
            guard names.insert(name, after: members) else {
                throw failure("the member \"\(name)\" stands twice", at: start)
            }
            skipWhitespace()
            guard skip(":") else { throw failure("expected ':' after the member name") }
            skipWhitespace()
            members.append(.init(name, try value(depth: depth + 1)))
            skipWhitespace()
            if skip(",") { continue }
            guard skip("}") else { throw failure("expected ',' or '}'") }
            return .object(members)
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        index += 1
        var values: [JSONValue] = []
        skipWhitespace()
        if skip("]") { return .array([]) }
        while true {
            skipWhitespace()
            values.append(try value(depth: depth + 1))
            skipWhitespace()
            if skip(",") { continue }
            guard skip("]") else { throw failure("expected ',' or ']'") }
            return .array(values)
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = index
        var isWhole = true
        _ = skip("-")
        if skip("0") {
            if let next = current, (0x30...0x39).contains(next) { throw failure("a number has a leading zero") }
        } else {
            try digits()
        }
        if skip(".") {
            isWhole = false
            try digits()
        }
        if skip("e") || skip("E") {
            isWhole = false
            if !skip("+") { _ = skip("-") }
            try digits()
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<index]), as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw failure("a number beyond the range of double precision", at: start)
        }
        return .number(value)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = index
        while let byte = current, (0x30...0x39).contains(byte) { index += 1 }
        guard index > start else { throw failure("expected a digit") }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        let opening = index
        index += 1
        let start = index
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
        if current == UInt8(ascii: "\"") {
            index += 1
            return try text(bytes[start..<(index - 1)], opening: opening)
        }
        var content = Array(bytes[start..<index])
        while true {
            guard let byte = current else { throw failure("a string is not closed", at: opening) }
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                return try text(content, opening: opening)
            case UInt8(ascii: "\\"):
                try escape(into: &content)
            case ..<0x20:
                throw failure("a control character in a string must be escaped", at: index - 1)
            default:
                content.append(byte)
            }
        }
    }

    private func text(_ content: some Sequence<UInt8>, opening: Int) throws(JSONSyntaxError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw failure("a string is not valid UTF-8", at: opening)
        }
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = current else { throw failure("a string is not closed") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: String(try scalar()).utf8)
        default: throw failure("an unknown escape", at: index - 2)
        }
    }

    /// The scalar after `\u`, joining a surrogate pair; a lone surrogate is no text and is refused.
    private mutating func scalar() throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = index - 2
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), skip("\\"), skip("u") else {
            throw failure("a lone surrogate", at: start)
        }
        let second = try codeUnit()
        guard UTF16.isTrailSurrogate(second) else { throw failure("a lone surrogate", at: start) }
        let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw failure("a lone surrogate", at: start) }
        return scalar
    }

    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("expected four hexadecimal digits after \\u")
            }
            value = value << 4 | UInt16(digit)
            index += 1
        }
        return value
    }
}
