import Jobs
import Testing

@testable import Datasets

struct CSVParserTests {
    /// Feeds the bytes in the given pieces and collects every record.
    private func records(_ pieces: [[UInt8]], limits: DatasetLimits = .standard) throws -> [[String]] {
        var parser = CSVParser(limits: limits)
        var records: [[String]] = []
        for piece in pieces {
            try piece.withUnsafeBufferPointer { bytes in
                var index = 0
                while try parser.consume(bytes, from: &index) { records.append(fields(parser)) }
                #expect(index == bytes.count)
            }
        }
        if try parser.finish() { records.append(fields(parser)) }
        return records
    }

    private func fields(_ parser: borrowing CSVParser) -> [String] {
        (0..<parser.fieldCount).map { String(decoding: parser.field($0), as: UTF8.self) }
    }

    static let documents: [(String, [[String]])] = [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\n,\n1,", [["a", "b"], ["", ""], ["1", ""]]),
        ("\"a\",\"b\"\n\"1,\"\"x\"\"\",\"2\r\n3\"\n", [["a", "b"], ["1,\"x\"", "2\r\n3"]]),
        ("a\n\"\"\n", [["a"], [""]]),
        ("日本,ö\n\"🎉\",é", [["日本", "ö"], ["🎉", "é"]]),
        ("a, b \n 1,\t2", [["a", " b "], [" 1", "\t2"]]),
        ("", []),
    ]

    @Test(arguments: documents)
    func aDocumentGivesTheSameRecordsWhereverItIsCut(text: String, expected: [[String]]) throws {
        let bytes = Array(text.utf8)
        #expect(try records([bytes]) == expected)
        for cut in 0...bytes.count {
            #expect(try records([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
        #expect(try records(bytes.map { [$0] }) == expected)
    }

    static let faults: [(String, String, Int)] = [
        ("a,b\n1,\"2", "never closed", 2),
        ("a,b\n1,\"2\n\n", "never closed", 2),
        ("a,b\n1,\"2\"x\n", "after the closing quote", 2),
        ("a,b\n1,2\"\n", "inside a field without quotes", 2),
        ("a,b\r1,2", "carriage return", 1),
        ("a,b\n1,2\r", "carriage return", 2),
        ("a,b\n1,\u{0}\n", "NUL", 2),
        ("a,b\n1,\"\n\n\u{0}\"\n", "NUL", 4),
    ]

    @Test(arguments: faults)
    func aFaultIsRefusedWithItsLineWhereverItIsCut(text: String, words: String, line: Int) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            let error = #expect(throws: DatasetError.self) {
                try records([Array(bytes[..<cut]), Array(bytes[cut...])])
            }
            let problem = try #require(error?.problems.first)
            #expect(problem.detail.contains(words), "\(problem.detail)")
            #expect(problem.line == line)
        }
    }

    @Test func aCharacterCutByACommaIsNotUTF8() throws {
        let error = #expect(throws: DatasetError.self) {
            try records([Array("a,b\n".utf8) + [0xC3, UInt8(ascii: ","), 0xA9, 0x0A]])
        }
        #expect(error?.problems.first?.detail.contains("UTF-8") == true)
        #expect(error?.problems.first?.line == 2)
    }

    @Test func brokenUTF8InsideQuotesIsFoundOnItsOwnLine() throws {
        let error = #expect(throws: DatasetError.self) {
            try records([Array("a\n\"x\ny".utf8) + [0xFF, UInt8(ascii: "\""), 0x0A]])
        }
        #expect(error?.problems.first?.line == 3)
    }

    @Test func aHundredThousandColumnsAreTooMany() throws {
        let names = (0..<100_000).map { "c\($0)" }.joined(separator: ",")
        let error = #expect(throws: DatasetError.self) { try inspectFile(Array((names + "\n1\n").utf8), .csv) }
        #expect(error?.kind == .tooLarge)
        #expect(error?.problems.first?.line == 1)
    }

    @Test func sizesBeyondTheLimitsAreRefusedBeforeTheyAreHeld() throws {
        var limits = DatasetLimits.standard
        limits.fieldBytesMax = 8
        limits.recordBytesMax = 20
        limits.columnsMax = 3
        for text in ["123456789", "\"123456789\"", "a,b,c,d\n", "12345678,12345678,12345678\n"] {
            let error = #expect(throws: DatasetError.self) { try records([Array(text.utf8)], limits: limits) }
            #expect(error?.kind == .tooLarge)
        }
        #expect(try records([Array("12345678,1,2\n".utf8)], limits: limits).count == 1)
    }
}
