/// What a text in a table says when it is read as a number.
enum NumberText: Equatable {
    /// A whole number within 64 bits, written without leading zeros.
    case integer(Int64)
    /// Digits that are no plain integer, `007` or more than 64 bits: a number among fractions, a name otherwise.
    case digits(Double)
    /// A number with a fraction or an exponent, finite in double precision.
    case decimal(Double)
    /// `nan` in any case: a missing value among numbers, a text otherwise.
    case notANumber
    /// Spaces only: a missing value among numbers, a text otherwise.
    case blank
    case text

    /// Reads `[+-] digits [. digits] [e [+-] digits]`; spaces and tabs around it are allowed. Locale plays no part.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        var start = 0
        var end = bytes.count
        while start < end, Self.isSpace(bytes[start]) { start += 1 }
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        guard start < end else {
            self = .blank
            return
        }
        self = Self.scan(UnsafeBufferPointer(rebasing: bytes[start..<end]))
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// Beyond this a text is no number, so that nothing long is copied for conversion.
    private static let bytesMax = 400
    /// Powers of ten that a double holds exactly.
    private static let powers: [Double] = (0...22).map { exponent in
        (0..<exponent).reduce(into: 1.0) { power, _ in power *= 10 }
    }

    private static func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> NumberText {
        let isNegative = bytes[0] == UInt8(ascii: "-")
        let first = isNegative || bytes[0] == UInt8(ascii: "+") ? 1 : 0
        var index = first
        var mantissa: UInt64 = 0
        while index < bytes.count, isDigit(bytes[index]) {
            mantissa = mantissa &* 10 &+ UInt64(bytes[index] &- 0x30)
            index += 1
        }
        let wholeDigits = index - first
        if index == bytes.count, wholeDigits > 0 {
            let isPadded = wholeDigits > 1 && bytes[first] == UInt8(ascii: "0")
            if wholeDigits <= 18, !isPadded { return .integer(isNegative ? -Int64(mantissa) : Int64(mantissa)) }
            return longDigits(bytes, isPadded: isPadded)
        }
        return fraction(bytes, at: index, isNegative: isNegative, mantissa: mantissa, wholeDigits: wholeDigits)
    }

    private static func longDigits(_ bytes: UnsafeBufferPointer<UInt8>, isPadded: Bool) -> NumberText {
        if !isPadded, bytes.count <= 20, let value = Int64(text(bytes)) { return .integer(value) }
        guard let value = converted(bytes) else { return .text }
        return .digits(value)
    }

    private static func fraction(
        _ bytes: UnsafeBufferPointer<UInt8>, at start: Int, isNegative: Bool, mantissa: UInt64, wholeDigits: Int
    ) -> NumberText {
        var index = start
        var mantissa = mantissa
        var fractionDigits = 0
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            let begin = index
            while index < bytes.count, isDigit(bytes[index]) {
                mantissa = mantissa &* 10 &+ UInt64(bytes[index] &- 0x30)
                index += 1
            }
            fractionDigits = index - begin
        }
        guard wholeDigits + fractionDigits > 0 else { return isNaN(bytes) ? .notANumber : .text }
        if index == bytes.count, wholeDigits + fractionDigits <= 18, mantissa <= 1 << 53, fractionDigits <= 22 {
            // Both numbers are exact in double precision, so their quotient is the nearest double (Clinger 1990).
            let value = Double(mantissa) / powers[fractionDigits]
            return .decimal(isNegative ? -value : value)
        }
        guard isExponent(bytes[index...]), let value = converted(bytes) else { return .text }
        return .decimal(value)
    }

    /// Whether the rest is empty or `e [+-] digits`.
    private static func isExponent(_ rest: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard let letter = rest.first else { return true }
        guard letter | 0x20 == UInt8(ascii: "e") else { return false }
        var digits = rest.dropFirst()
        if let sign = digits.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            digits = digits.dropFirst()
        }
        return !digits.isEmpty && digits.allSatisfy(isDigit)
    }

    private static func isNaN(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count == 3 && bytes[0] | 0x20 == UInt8(ascii: "n") && bytes[1] | 0x20 == UInt8(ascii: "a")
            && bytes[2] | 0x20 == UInt8(ascii: "n")
    }

    /// The nearest double; nil when it is beyond the range or too long.
    private static func converted(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        guard bytes.count <= bytesMax, let value = Double(text(bytes)), value.isFinite else { return nil }
        return value
    }

    private static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}

extension NumberText {
    /// The name of the class that a number stands for; nil for what is none.
    var className: String? {
        switch self {
        case .integer(let whole): String(whole)
        case .digits(let value), .decimal(let value): Datasets.className(value)
        case .notANumber, .blank, .text: nil
        }
    }
}

/// The one spelling of a number as the name of a class: `7` for 7, 7.0 and +7.
func className(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 0x1p63 { return String(Int64(value)) }
    return value.description
}
