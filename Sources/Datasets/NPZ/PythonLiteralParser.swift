/// Reads the few Python literals that an array's header may hold: a dictionary of texts, flags and tuples of whole numbers.
struct PythonLiteralParser {
    enum Literal: Hashable {
        case text(String)
        case flag(Bool)
        case tuple([Int])
        /// A list, which only the type of a structured array is; its content is passed over.
        case list
    }

    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The whole text as a dictionary; nil when it is none, or when a key stands twice.
    mutating func dictionary() -> [String: Literal]? {
        guard skip("{") else { return nil }
        var members: [String: Literal] = [:]
        while !skip("}") {
            guard let key = text(), skip(":"), let value = literal(),
                members.updateValue(value, forKey: key) == nil
            else { return nil }
            guard skip(",") || peek == UInt8(ascii: "}") else { return nil }
        }
        skipSpace()
        return index == bytes.count ? members : nil
    }

    private mutating func literal() -> Literal? {
        skipSpace()
        switch peek {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return text().map(Literal.text)
        case UInt8(ascii: "("): return tuple().map(Literal.tuple)
        case UInt8(ascii: "["): return skipList() ? .list : nil
        default:
            if skip("True") { return .flag(true) }
            return skip("False") ? .flag(false) : nil
        }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    private mutating func skip(_ word: String) -> Bool {
        skipSpace()
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        skipSpace()
        return true
    }

    /// A text in single or double quotes, without escapes.
    private mutating func text() -> String? {
        skipSpace()
        guard let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        let start = index + 1
        guard let end = bytes[start...].firstIndex(of: quote), !bytes[start..<end].contains(UInt8(ascii: "\\")) else {
            return nil
        }
        index = end + 1
        skipSpace()
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private mutating func tuple() -> [Int]? {
        guard skip("(") else { return nil }
        var values: [Int] = []
        while !skip(")") {
            guard let value = number() else { return nil }
            values.append(value)
            // Python 2 wrote long numbers with an L.
            _ = skip("L")
            guard skip(",") || peek == UInt8(ascii: ")") else { return nil }
        }
        return values
    }

    private mutating func number() -> Int? {
        let start = index
        while let byte = peek, (0x30...0x39).contains(byte) { index += 1 }
        return Int(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func skipList() -> Bool {
        var depth = 0
        while let byte = peek {
            index += 1
            if byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: "]") { depth -= 1 }
            if depth == 0 {
                skipSpace()
                return true
            }
        }
        return false
    }
}
