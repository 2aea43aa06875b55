/// A member's header in a tar archive (POSIX.1-1988 ustar, with GNU's binary sizes from 8 GiB on).
struct TarHeader: Hashable {
    static let blockBytes = 512
    static let nameBytesMax = 100

    var name: String
    /// Of the content, which is padded to whole blocks.
    var size: Int

    /// The header as a block. The name must not be longer than `nameBytesMax`.
    var block: [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        put(name.utf8.prefix(Self.nameBytesMax), at: 0)
        put("0000600\u{0}0000000\u{0}0000000\u{0}".utf8, at: 100)
        put(Self.sizeField(size), at: 124)
        put("00000000000\u{0}".utf8, at: 136)
        block[156] = UInt8(ascii: "0")
        put("ustar\u{0}00".utf8, at: 257)
        put(Self.octal(Self.checksum(of: block), digits: 6) + [0, UInt8(ascii: " ")], at: 148)
        return block
    }

    init(name: String, size: Int) {
        self.name = name
        self.size = size
    }

    /// Reads a block; nil when it is no header of a plain file.
    init?(_ block: [UInt8]) {
        guard block.count == Self.blockBytes, block[257..<262].elementsEqual("ustar".utf8),
            block[156] == UInt8(ascii: "0"), block[345] == 0,
            Self.number(octal: block[148..<156]) == Self.checksum(of: block),
            let size = Self.size(block[124..<136]),
            let name = String(validating: block[0..<Self.nameBytesMax].prefix { $0 != 0 }, as: UTF8.self)
        else { return nil }
        self.name = name
        self.size = size
    }

    /// How many bytes of padding follow content of that size.
    static func padding(after size: Int) -> Int {
        (blockBytes - size % blockBytes) % blockBytes
    }

    /// The sum of all bytes, those of the checksum itself taken for spaces.
    private static func checksum(of block: [UInt8]) -> Int {
        block.enumerated().reduce(0) { sum, byte in
            sum + (148..<156 ~= byte.offset ? Int(UInt8(ascii: " ")) : Int(byte.element))
        }
    }

    private static let octalSizeMax = 0o77_777_777_777

    private static func sizeField(_ size: Int) -> [UInt8] {
        if size <= octalSizeMax { return octal(size, digits: 11) + [0] }
        // The first bit says that the rest is a big-endian number.
        var field = [UInt8](repeating: 0, count: 12)
        for index in 0..<8 { field[11 - index] = UInt8(truncatingIfNeeded: size >> (8 * index)) }
        field[0] = 0x80
        return field
    }

    private static func size(_ field: ArraySlice<UInt8>) -> Int? {
        guard field.first == 0x80 else { return number(octal: field) }
        let value = field.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard field.dropFirst().prefix(3).allSatisfy({ $0 == 0 }) else { return nil }
        return Int(exactly: value)
    }

    private static func octal(_ value: Int, digits: Int) -> [UInt8] {
        let text = Array(String(value, radix: 8).utf8)
        return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
    }

    private static func number(octal field: ArraySlice<UInt8>) -> Int? {
        let digits = field.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        // Twelve octal digits are 36 bits.
        guard !digits.isEmpty, digits.count <= 12 else { return nil }
        var value = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "7") ~= digit else { return nil }
            value = value << 3 | Int(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
