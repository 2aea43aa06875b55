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
        self.kind = kind
        description = Self.text(kind, high, low)
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
        let prefix = kind.rawValue.utf8
        let bytes = text.utf8
        guard bytes.count == prefix.count + 37, bytes.starts(with: prefix) else { return nil }
        for (index, byte) in bytes.dropFirst(prefix.count).enumerated() {
            switch index {
            case 0:
                guard byte == UInt8(ascii: "_") else { return nil }
            case 9, 14, 19, 24:
                guard byte == UInt8(ascii: "-") else { return nil }
            default:
                guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) else { return nil }
            }
        }
        self.kind = kind
        description = text
    }

    /// A UUID as RFC 9562 section 4 writes it, behind its prefix.
    private static func text(_ kind: Kind, _ high: UInt64, _ low: UInt64) -> String {
        let prefix = kind.rawValue.utf8
        return String(unsafeUninitializedCapacity: prefix.count + 37) { buffer in
            var count = 0
            func append(_ byte: UInt8) {
                buffer[count] = byte
                count += 1
            }
            prefix.forEach(append)
            append(UInt8(ascii: "_"))
            for place in 0..<32 {
                if [8, 12, 16, 20].contains(place) { append(UInt8(ascii: "-")) }
                append(UInt8(hexadecimalDigit: UInt8((place < 16 ? high : low) >> (60 - place % 16 * 4) & 15)))
            }
            return count
        }
    }
}
