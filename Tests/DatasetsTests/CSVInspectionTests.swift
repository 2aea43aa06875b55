import Foundation
import Jobs
import Testing

@testable import Datasets

struct CSVInspectionTests {
    private func problem(_ text: String) throws -> Problem {
        let error = #expect(throws: DatasetError.self) { try inspectFile(text.utf8, .csv) }
        return try #require(error?.problems.first)
    }

    @Test func theExampleDigitsAreWhatTheyShouldBe() throws {
        let schema = try DatasetFile.inspect(Examples.digits, format: .csv, limits: .standard)
        #expect(schema.rows == 1797)
        #expect(schema.columns.count == 67)
        #expect(schema.columns.allSatisfy { $0.type == .integer && $0.missing == 0 })
        let digit = try #require(schema.column(named: "digit"))
        #expect(digit.distinct == 10)
        #expect(digit.topValues.first == .init(value: "3", count: 183))
        let pixel = try #require(schema.column(named: "p2"))
        #expect(pixel.minimum == 0 && pixel.maximum == 16)
        #expect(abs(try #require(pixel.mean) - 5.2047857540344) < 1e-9)
    }

    @Test func columnsAreTypedByAllTheirValues() throws {
        let text = """
            whole,written_whole,fraction,padded,zip,name,gaps,none,nan
            1,1.0,0.5,01.5,01234,x,,,1
            -2,3e2,2,2.5,99999,"y, z",2.5,,nan
            +3,,1e-3,3,00001,,,,
            """
        let schema = try TestDataset(text).schema
        #expect(schema.rows == 3)
        #expect(
            schema.columns.map(\.type) == [
                .integer, .integer, .number, .number, .string, .string, .number, .integer, .integer,
            ])
        #expect(schema.columns.map(\.missing) == [0, 1, 0, 0, 0, 1, 2, 3, 2])
        #expect(schema.columns.map(\.distinct) == [3, 2, 3, 3, 3, 2, 1, 0, 1])
        #expect(schema.columns[0].mean == 2.0 / 3)
        #expect(schema.columns[1].maximum == 300)
        #expect(schema.columns[5].topValues.map(\.value) == ["x", "y, z"])
    }

    /// The values are those that a task would have as classes.
    @Test func spellingsOfOneNumberAreOneValue() throws {
        let data = try TestDataset("y,x\n1,0\n+1,1\n1.0,2\n 1,3\nnan,4\n300,5\n3e2,6\n")
        let column = data.schema.columns[0]
        #expect(column.topValues == [.init(value: "1", count: 4), .init(value: "300", count: 2)])
        #expect(column.distinct == 2 && column.missing == 1)
        let names = try data.encode(try makeRequest([classification("y")])).preprocessing.targets[0].classes
        #expect(Set(names) == ["1", "300"])
    }

    @Test func aByteOrderMarkAndBlankLinesAtTheEndAreNoContent() throws {
        let schema = try TestDataset("\u{FEFF}a,b\r\n1,2\r\n\r\n\n").schema
        #expect(schema.columns.map(\.name) == ["a", "b"])
        #expect(schema.rows == 1)
    }

    @Test func aRaggedRowIsRefusedWithItsNumberLineAndColumn() throws {
        let short = try problem("a,b,c\n1,2,3\n\"x\ny\",2,3\n1,2\n")
        #expect(short.row == 3)
        #expect(short.line == 5)
        #expect(short.column == "c")
        #expect(short.detail == "the row has 2 fields, the header has 3")
        let long = try problem("a,b\n1,2\n1,2,3\n")
        #expect(long.row == 2)
        #expect(long.line == 3)
    }

    @Test(
        arguments: [
            ("", "empty"), ("\n1\n", "empty"), ("a,b\n", "no rows"),
            ("a,,c\n1,2,3\n", "column 2 of the header has no name"),
            ("a,b,a\n1,2,3\n", "columns 1 and 3"), ("a;b\n1;2\n", "separated by commas"), ("a\tb\n1\t2\n", "tabs"),
            ("a,b\n1,2\n\n3,4\n", "an empty line"),
        ])
    func aFileThatIsNoTableIsRefusedInWords(text: String, words: String) throws {
        #expect(try problem(text).detail.contains(words))
    }

    @Test func aFaultInARowNamesRowAndColumn() throws {
        let found = try problem("a,b\n1,2\n3,x\"y\n")
        #expect(found.row == 2)
        #expect(found.line == 3)
        #expect(found.column == "b")
    }

    @Test func utf16AndMissingFilesAreToldApart() throws {
        let error = #expect(throws: DatasetError.self) { try inspectFile([0xFF, 0xFE, 0x61, 0x00], .csv) }
        #expect(error?.problems[0].detail.contains("UTF-16") == true)
        let missing = #expect(throws: DatasetError.self) {
            try DatasetFile.inspect("/nonexistent/file", format: .csv, limits: .standard)
        }
        #expect(missing?.kind == .unreadable(2))
    }

    @Test func countingStopsAtTheLimitOfDifferentValues() throws {
        let rows = (0..<ColumnProfile.distinctMax + 5).map { "v\($0),\($0 + 1000),\($0 % 3)" }
        let schema = try TestDataset("text,number,few\n" + rows.joined(separator: "\n")).schema
        #expect(schema.columns[0].distinct == ColumnProfile.distinctMax)
        #expect(schema.columns[0].topValues.isEmpty)
        #expect(schema.columns[1].distinct == ColumnProfile.distinctMax)
        #expect(schema.columns[2].distinct == 3)
        #expect(schema.columns[2].topValues.map(\.value) == ["0", "1", "2"])
    }
}
