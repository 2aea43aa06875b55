extension String {
    /// Bytes as lower-case hexadecimal, two digits each.
    package init(hexadecimal bytes: some Sequence<UInt8>) {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            text.append(UInt8(hexadecimalDigit: byte >> 4))
            text.append(UInt8(hexadecimalDigit: byte & 15))
        }
        self.init(decoding: text, as: UTF8.self)
    }
}

extension UInt8 {
    /// The ASCII digit of a number below 16.
    init(hexadecimalDigit value: UInt8) {
        self = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }
}
