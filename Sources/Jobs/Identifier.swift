/// The name of a resource: a prefix that tells its kind, and a UUID of version 7 (RFC 9562 section 5.7), so that
/// identifiers sort by the time they were made.
package struct Identifier: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case dataset = "ds"
        case job = "job"
        case model = "mdl"
        case comparison = "cmp"
        case apiKey = "key"
    }

    package let kind: Kind
    /// The whole identifier, `job_0192f3c4-…`.
    package let description: String

    /// A new identifier from the clock and 74 random bits.
    package init(_ kind: Kind, at now: Timestamp, using generator: inout some RandomNumberGenerator) {
        let time = UInt64(bitPattern: now.milliseconds) & 0xFFFF_FFFF_FFFF
        let high = time << 16 | 0x7000 | generator.next() & 0x0FFF
        let low = 0x8000_0000_0000_0000 | generator.next() >> 2
        let digits = Self.hexadecimal(high) + Self.hexadecimal(low)
        self.kind = kind
        description = kind.rawValue + "_" + Self.grouped(digits)
    }

    /// The identifier with the nil UUID (RFC 9562 section 5.9), which names nothing.
    package static func none(_ kind: Kind) -> Identifier {
        Identifier(kind: kind, description: kind.rawValue + "_00000000-0000-0000-0000-000000000000")
    }

    private init(kind: Kind, description: String) {
        self.kind = kind
        self.description = description
    }

    /// Reads an identifier of the given kind as it stands in a path or a body; nil when it cannot be one.
    package init?(_ text: String, kind: Kind) {
        let prefix = kind.rawValue + "_"
        guard text.hasPrefix(prefix) else { return nil }
        let uuid = Array(text.utf8.dropFirst(prefix.utf8.count))
        guard uuid.count == 36 else { return nil }
        for (index, byte) in uuid.enumerated() {
            switch index {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return nil }
            default:
                guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) else { return nil }
            }
        }
        self.kind = kind
        description = text
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func grouped(_ digits: String) -> String {
        var text = ""
        for (index, character) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(character)
        }
        return text
    }
}
