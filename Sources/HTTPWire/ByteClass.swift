/// Sets of bytes that the grammars of RFC 9110, 9112 and 3986 name, looked up in one 256-entry table.
package struct ByteClass: Sendable, Hashable {
    private let bit: UInt8

    /// `tchar` of RFC 9110 section 5.6.2: what methods and field names are made of.
    package static let token = ByteClass(bit: 1 << 0)
    /// What a field value may hold, RFC 9110 section 5.5: HTAB, SP, visible characters and obs-text.
    package static let fieldText = ByteClass(bit: 1 << 1)
    /// What a path or query may hold unescaped, RFC 3986 section 3.3 and 3.4; `%` is checked apart.
    package static let target = ByteClass(bit: 1 << 2)
    /// What a query may hold unescaped: as `target`, and the `|`, `[` and `]` that browsers send as they are (WHATWG URL,
    /// query percent-encode set).
    package static let query = ByteClass(bit: 1 << 6)
    /// What a registered host name may hold here: letters, digits, `-._~`. Sub-delimiters have no use in a host name and a
    /// record in request smuggling, so they are left out.
    package static let hostName = ByteClass(bit: 1 << 3)
    /// Digits, letters and colons between the brackets of an IP literal; the dots of an embedded IPv4 address too.
    package static let addressLiteral = ByteClass(bit: 1 << 4)
    /// Hexadecimal digits of either case.
    package static let hexDigit = ByteClass(bit: 1 << 5)

    package func contains(_ byte: UInt8) -> Bool {
        Self.table[Int(byte)] & bit != 0
    }

    /// Whether every byte belongs to the set; true for none.
    package func containsAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        Self.table.withUnsafeBufferPointer { table in
            for byte in bytes where table[Int(byte)] & bit == 0 { return false }
            return true
        }
    }

    private static let table: [UInt8] = (0...255).map { number in
        let byte = UInt8(number)
        var bits: UInt8 = 0
        let isDigit = (0x30...0x39).contains(byte)
        let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        let isHexadecimal = isDigit || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
        if isDigit || isLetter || "!#$%&'*+-.^_`|~".utf8.contains(byte) { bits |= token.bit }
        if byte == 0x09 || (byte >= 0x20 && byte != 0x7F) { bits |= fieldText.bit }
        if isDigit || isLetter || "-._~!$&'()*+,;=:@/?%".utf8.contains(byte) { bits |= target.bit | query.bit }
        if "|[]".utf8.contains(byte) { bits |= query.bit }
        if isDigit || isLetter || "-._~".utf8.contains(byte) { bits |= hostName.bit }
        if isHexadecimal || ":.".utf8.contains(byte) { bits |= addressLiteral.bit }
        if isHexadecimal { bits |= hexDigit.bit }
        return bits
    }
}

/// The bytes that frame HTTP/1.1, by their names in the grammar.
enum Byte {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let asterisk: UInt8 = 0x2A
    static let comma: UInt8 = 0x2C
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let question: UInt8 = 0x3F
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let percent: UInt8 = 0x25

    /// The value of a hexadecimal digit.
    static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte &- 0x30)
        case 0x41...0x46: Int(byte &- 0x41) + 10
        case 0x61...0x66: Int(byte &- 0x61) + 10
        default: nil
        }
    }
}
