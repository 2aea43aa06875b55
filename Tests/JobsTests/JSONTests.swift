import Jobs
import Testing

struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "0", "-1", "9223372036854775807", "0.5", "1e-07", "\"\"", "[1,[2,[3]]]",
        #"{"a":1,"b":{"c":[null,false]}}"#, #""\"\\\n\t\u0001é😀""#,
    ])
    func aDocumentSurvivesReadingAndWriting(text: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(try JSONValue(parsing: value.encoded) == value)
        if !text.contains("\\") { #expect(String(decoding: value.encoded, as: UTF8.self) == text) }
    }

    @Test(arguments: [
        (#""\u0041\ud83d\ude00\/""#, "A😀/"), (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
    ])
    func escapesAreDecoded(text: String, expected: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .string(expected))
    }

    @Test(arguments: [
        "", " ", "nul", "tru e", "[1,]", "[1 2]", "{\"a\"}", "{a:1}", "{\"a\":1,}", "01", "-", "1.", ".5", "1e", "+1",
        "NaN", "1e999", "\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\u{1}\"", "1 2", "[1]]", "'a'",
        "{\"a\":1,\"a\":2}", "\u{feff}1", "/**/1",
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [2, 16, 17, 18, 300])
    func aNameThatStandsTwiceIsRefusedAmongAnyNumberOfMembers(count: Int) throws {
        func object(_ names: [Int]) -> [UInt8] {
            Array("{\(names.map { "\"n\($0)\":\($0)" }.joined(separator: ","))}".utf8)
        }
        let names = Array(0..<count)
        #expect(try JSONValue(parsing: object(names)).members?.map(\.name) == names.map { "n\($0)" })
        for twice in [0, count / 2, count - 1] {
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: object(names + [twice])) }
        }
    }

    @Test(arguments: [
        ("", #""""#), ("plain é😀", #""plain é😀""#), ("\"\\", #""\"\\""#), ("a\nb\r\tc", #""a\nb\r\tc""#),
        ("\u{1}x\u{1f}\u{7f}", #""\u0001x\u001f\u007f""#),
    ])
    func whatATextMayNotHoldIsEscapedAndTheRestIsNot(text: String, expected: String) {
        #expect(String(decoding: JSONValue.string(text).encoded, as: UTF8.self) == expected)
    }

    @Test func anErrorSaysWhere() {
        let error = #expect(throws: JSONSyntaxError.self) {
            try JSONValue(parsing: Array("{\n  \"epochs\": 3,\n  \"seed\": x\n}".utf8))
        }
        #expect(error?.line == 3)
        #expect(error?.column == 11)
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xC3, 0x28, 0x22]) }
    }

    @Test func nestingIsBounded() {
        let depth = JSONValue.depthMax
        let fits = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(throws: Never.self) { try JSONValue(parsing: Array(fits.utf8)) }
        let hostile = String(repeating: "[", count: 1_000_000)
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(hostile.utf8)) }
    }

    @Test(arguments: [0.1, 1.0 / 3, 1e22, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 1e15, 123_456_789.0])
    func numbersAreWrittenSoThatTheyReadBackTheSame(number: Double) throws {
        let value = try JSONValue(parsing: JSONValue.number(number).encoded)
        #expect(value.double?.bitPattern == number.bitPattern)
    }

    @Test func notANumberIsWrittenAsNull() {
        #expect(JSONValue.number(.nan).encoded == Array("null".utf8))
        #expect(JSONValue(Double.infinity) == .null)
    }
}
