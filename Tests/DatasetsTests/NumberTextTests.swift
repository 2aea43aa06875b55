import Testing

@testable import Datasets

struct NumberTextTests {
    private func read(_ text: String) -> NumberText {
        Array(text.utf8).withUnsafeBufferPointer { NumberText($0) }
    }

    @Test(
        arguments: [
            ("0", .integer(0)), ("-0", .integer(0)), ("+7", .integer(7)), (" 12\t", .integer(12)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .digits(0x1p63)), ("007", .digits(7)), ("-01", .digits(-1)),
            ("0.5", .decimal(0.5)), (".5", .decimal(0.5)), ("5.", .decimal(5)), ("-1e3", .decimal(-1000)),
            ("1E+2", .decimal(100)), ("00.25", .decimal(0.25)), ("1e-400", .decimal(0)),
            ("nan", .notANumber), ("NaN", .notANumber), (" ", .blank), ("\t", .blank),
            ("", .blank), ("-", .text), (".", .text), ("e5", .text), ("1e", .text), ("1e+", .text), ("1.2.3", .text),
            ("0x10", .text), ("inf", .text), ("1e999", .text), ("1,5", .text), ("1 2", .text), ("--1", .text),
            ("-nan", .text),
            ("٣", .text),
        ] as [(String, NumberText)])
    func aTextIsReadForWhatItSays(text: String, expected: NumberText) {
        #expect(read(text) == expected)
    }

    /// The language's own conversion is correctly rounded; ours takes a shorter way for short numbers.
    @Test func decimalsAreTheNearestDoubles() {
        var generator = SplitGenerator(seed: 3)
        for _ in 0..<20_000 {
            let digits = (0...generator.next(below: 20)).map { _ in "\(generator.next(below: 10))" }.joined()
            let point = generator.next(below: digits.count + 1)
            var text = String(digits.prefix(point)) + "." + String(digits.dropFirst(point))
            if generator.next(below: 3) == 0 { text += "e\(generator.next(below: 40) - 20)" }
            guard let expected = Double(text.hasPrefix(".") ? "0" + text : text) else { continue }
            #expect(read(text) == .decimal(expected), "\(text)")
        }
    }

    @Test func aVeryLongNumberIsAText() {
        #expect(read(String(repeating: "1", count: 401)) == .text)
        #expect(read("0." + String(repeating: "3", count: 300)) == .decimal(1.0 / 3))
    }

    @Test func everyHalfIsReadExactly() throws {
        let type = try #require(ElementType("<f2"))
        let big = try #require(ElementType(">f2"))
        for bits in UInt16.min...UInt16.max {
            let expected = Double(Float16(bitPattern: bits))
            let value = withUnsafeBytes(of: bits.littleEndian) { type.number($0, at: 0) }
            let swapped = withUnsafeBytes(of: bits.bigEndian) { big.number($0, at: 0) }
            guard value.bitPattern != expected.bitPattern || swapped.bitPattern != expected.bitPattern else { continue }
            #expect(value.isNaN && expected.isNaN && swapped.isNaN, "\(bits)")
        }
    }
}
