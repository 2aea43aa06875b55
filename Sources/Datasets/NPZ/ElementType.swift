/// The type of an array's elements, from NumPy's type string: byte order, kind, size.
struct ElementType: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case boolean, unsigned, signed, float
        /// Code points of 32 bits, padded with zeros.
        case unicode
        /// Bytes in UTF-8, padded with zeros.
        case bytes
    }

    let kind: Kind
    /// Bytes of one element.
    let size: Int
    let isBigEndian: Bool

    /// Longest text of one element, in bytes as stored.
    private static let textBytesMax = 1 << 20

    /// Reads `<f4`, `|u1`, `<U12`, …; nil for a type that cannot be read.
    init?(_ description: String) {
        var text = Substring(description)
        guard let order = text.first else { return nil }
        if "<>|=".contains(order) { text = text.dropFirst() }
        isBigEndian = order == ">"
        guard let letter = text.first, let count = Int(text.dropFirst()), count > 0, count <= Self.textBytesMax else {
            return nil
        }
        switch (letter, count) {
        case ("b", 1): kind = .boolean
        case ("u", 1), ("u", 2), ("u", 4), ("u", 8): kind = .unsigned
        case ("i", 1), ("i", 2), ("i", 4), ("i", 8): kind = .signed
        case ("f", 2), ("f", 4), ("f", 8): kind = .float
        case ("U", _): kind = .unicode
        case ("S", _): kind = .bytes
        default: return nil
        }
        size = kind == .unicode ? count * 4 : count
    }

    var isText: Bool { kind == .unicode || kind == .bytes }
    var isInteger: Bool { kind == .unsigned || kind == .signed }

    /// The type without its byte order: `u1`, `f4`, `U12`.
    var name: String {
        switch kind {
        case .boolean: "b1"
        case .unsigned: "u\(size)"
        case .signed: "i\(size)"
        case .float: "f\(size)"
        case .unicode: "U\(size / 4)"
        case .bytes: "S\(size)"
        }
    }

    /// The number at `offset`; of a text, NaN.
    func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Double {
        let bits = bits(bytes, at: offset)
        switch kind {
        case .boolean: return bits == 0 ? 0 : 1
        case .unsigned: return Double(bits)
        case .signed:
            let unused = UInt64(64 - size * 8)
            return Double(Int64(bitPattern: bits << unused) >> Int64(unused))
        case .float:
            switch size {
            case 2: return Self.half(UInt16(truncatingIfNeeded: bits))
            case 4: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
            default: return Double(bitPattern: bits)
            }
        case .unicode, .bytes: return .nan
        }
    }

    /// The whole number at `offset`, exact; nil when it is none or does not fit.
    func integer(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int64? {
        switch kind {
        case .unsigned, .boolean: Int64(exactly: bits(bytes, at: offset))
        case .signed:
            Int64(bitPattern: bits(bytes, at: offset) << UInt64(64 - size * 8)) >> Int64(64 - size * 8)
        case .float: Int64(exactly: number(bytes, at: offset))
        case .unicode, .bytes: nil
        }
    }

    /// The text at `offset` without its padding; nil when it is no valid Unicode.
    func text(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> String? {
        let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size])
        guard kind == .unicode else {
            let end = element.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
            return String(validating: element[..<end], as: UTF8.self)
        }
        var scalars = String.UnicodeScalarView()
        var pendingZeros = 0
        for position in stride(from: 0, to: size, by: 4) {
            var value = element.loadUnaligned(fromByteOffset: position, as: UInt32.self)
            value = isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
            guard value != 0 else {
                pendingZeros += 1
                continue
            }
            guard pendingZeros == 0, let scalar = Unicode.Scalar(value) else { return nil }
            scalars.append(scalar)
        }
        return String(scalars)
    }

    /// The element as an unsigned number of its size.
    func bits(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        switch size {
        case 1: return UInt64(bytes[offset])
        case 2:
            let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            return UInt64(isBigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value))
        case 4:
            let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            return UInt64(isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value))
        default:
            let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            return isBigEndian ? UInt64(bigEndian: value) : UInt64(littleEndian: value)
        }
    }

    /// IEEE 754 binary16.
    private static func half(_ bits: UInt16) -> Double {
        let sign: Double = bits >> 15 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }
}
