import Glibc

/// An address of IPv4 (4 bytes) or IPv6 (16 bytes); an IPv4 address written in IPv6 counts as IPv4.
package struct IPAddress: Sendable, Hashable {
    package let bytes: [UInt8]

    package var isVersion6: Bool { bytes.count == 16 }

    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool { isVersion6 ? bytes == Array(repeating: 0, count: 15) + [1] : bytes.first == 127 }

    private static let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]

    init(bytes: [UInt8]) {
        self.bytes = bytes.count == 16 && bytes.starts(with: Self.mappedPrefix) ? Array(bytes.suffix(4)) : bytes
    }

    /// Reads `192.0.2.1` or `2001:db8::1`, nothing else: no leading zeros, no short forms, no zone.
    package init?(_ text: String) {
        var four = in_addr()
        var sixteen = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(bytes: withUnsafeBytes(of: four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &sixteen) == 1 {
            self.init(bytes: withUnsafeBytes(of: sixteen) { Array($0) })
        } else {
            return nil
        }
    }

    /// Whether the first `bits` bits are those of `other`.
    package func shares(_ bits: Int, with other: IPAddress) -> Bool {
        guard bytes.count == other.bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
        let whole = bits / 8
        guard bytes.prefix(whole) == other.bytes.prefix(whole) else { return false }
        let rest = bits % 8
        return rest == 0 || (bytes[whole] ^ other.bytes[whole]) >> (8 - rest) == 0
    }
}
