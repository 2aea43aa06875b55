/// Makes request ids that are unique and tell nothing, short enough to need no allocation. Confined to one loop.
struct RequestIdentifiers {
    private var counter: UInt64 = .random(in: .min ... .max)

    private static let lengthMax = 128
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The client's own id when it sent one that is fit to be logged and echoed, else a new one.
    mutating func identifier(given: String?) -> String {
        if let given, Self.isFit(given) { return given }
        return next()
    }

    /// 13 characters: a 64-bit counter from a random start, mixed by a bijection, in base 32.
    mutating func next() -> String {
        counter &+= 0x9E37_79B9_7F4A_7C15
        var bits = counter
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        return String(unsafeUninitializedCapacity: 13) { buffer in
            for index in 0..<13 {
                buffer[index] = Self.alphabet[Int(bits & 31)]
                bits >>= 5
            }
            return 13
        }
    }

    private static func isFit(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= lengthMax else { return false }
        return text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }
}
