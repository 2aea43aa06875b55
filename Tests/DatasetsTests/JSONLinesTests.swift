import Jobs
import Testing

@testable import Datasets

struct JSONLinesTests {
    private func problem(_ text: String, limits: DatasetLimits = .standard) throws -> Problem {
        let error = #expect(throws: DatasetError.self) { try inspectFile(text.utf8, .jsonLines, limits: limits) }
        return try #require(error?.problems.first)
    }

    @Test func columnsAreTheMembersOfAllRows() throws {
        let schema = try TestDataset(
            """
            {"text": "a \\"b\\" é", "fine": 2, "ok": true, "v": [1, 2.5]}
            {"fine": null, "text": "", "late": 1.5, "v": null}\r

            {"ok": false, "fine": 3, "text": "a", "late": 2, "v": [0, null]}
            """, .jsonLines
        ).schema
        #expect(schema.rows == 3)
        #expect(schema.columns.map(\.name) == ["text", "fine", "ok", "v", "late"])
        #expect(schema.columns.map(\.type) == [.string, .integer, .boolean, .array, .number])
        #expect(schema.columns.map(\.missing) == [0, 1, 1, 1, 1])
        #expect(schema.columns.map(\.distinct) == [3, 2, 2, nil, 2])
        #expect(schema.columns[3].shape == [2])
        #expect(schema.columns[1].mean == 2.5)
        #expect(schema.columns[2].topValues.map(\.value) == ["false", "true"])
    }

    @Test(
        arguments: [
            ("", "empty", nil, 1), ("\n \n", "empty", nil, 1), ("{}\n", "no members", 1, nil),
            ("{\"a\":1}\n{\"a\":1,}\n", "not JSON at byte 8", 2, 2), ("{\"a\":1}\n\n[1]\n", "found an array", 2, 3),
            ("{\"a\":1}\n{\"a\":\"x\"}\n", "a string, where rows before have numbers", 2, 2),
            ("{\"a\":{}}\n", "expected a string, a number", 1, 1),
            ("{\"a\":[[1]]}\n", "expected numbers in the array", 1, 1),
            ("{\"a\":[1,2]}\n{\"a\":[1]}\n", "an array of 1 elements, before 2", 2, 2),
            ("{\"a\":[]}\n", "expected at least one", 1, 1),
            ("{\"a\":1,\"a\":2}\n", "stands twice", 1, 1), ("{\"\":1}\n", "name must have", 1, 1),
            ("[\n{\"a\":1}\n]\n", "not JSON", 1, 1), ("{\"a\":1e999}\n", "range of double", 1, 1),
        ] as [(String, String, Int?, Int?)])
    func whatIsNoTableIsRefusedWithRowAndLine(text: String, words: String, row: Int?, line: Int?) throws {
        let found = try problem(text)
        #expect(found.detail.contains(words), "\(found.detail)")
        #expect(found.row == row)
        #expect(found.line == line)
    }

    @Test func wholeNumbersAndFractionsMixButOtherKindsDoNot() throws {
        let data = try TestDataset("{\"a\":1}\n{\"a\":2.0}\n{\"a\":0.5}\n{\"a\":7}\n", .jsonLines)
        #expect(data.schema.columns[0].type == .number)
        #expect(data.schema.columns[0].distinct == 4)
        #expect(try problem("{\"a\":true}\n{\"a\":1}\n").column == "a")
    }

    @Test func longLinesAndManyMembersAreRefused() throws {
        var limits = DatasetLimits.standard
        limits.recordBytesMax = 30
        limits.columnsMax = 2
        #expect(try problem("{\"a\":\"0123456789012345678901234567890\"}", limits: limits).line == 1)
        #expect(try problem("{\"a\":1,\"b\":1}\n{\"c\":1}\n", limits: limits).row == 2)
    }

    @Test func textAndMissingLabelsAreEncoded() throws {
        let rows = ["good film", "bad film", "a good good film", "film", "so bad"]
        let lines = rows.enumerated().map { index, text in
            "{\"text\":\"\(text)\",\"y\":\(index == 3 ? "null" : String(index % 2)),\"z\":\(index % 2 == 0)}"
        }
        let data = try TestDataset(lines.joined(separator: "\n"), .jsonLines)
        let encoder = EncoderSpec.text(TextSpec(tokensMax: 3))
        let dataset = try data.encode(try makeRequest([classification("y"), classification("z")], encoder: encoder))
        guard case .tokens(let tokens) = dataset.inputs, case .text(let text) = dataset.preprocessing.inputs,
            case .classes(let labels) = dataset.targets[0]
        else { throw DatasetError("not what was asked for") }
        #expect(labels.ids == [0, 1, 0, -1, 0])
        #expect(dataset.preprocessing.targets[1].classes == ["false", "true"])
        #expect(tokens.lengths == [2, 2, 3, 1, 2])
        let training = dataset.training.map { rows[Int($0)] }
        #expect(Set(text.vocabulary) == Set(training.flatMap { $0.split(separator: " ").map(String.init) }))
        #expect(tokens.idCount == text.vocabulary.count + 2)
    }

    @Test func arraysOfNumbersAreFeaturesWithUnknownElementsAtTheMean() throws {
        let text = "{\"v\":[1,10],\"y\":0}\n{\"v\":[3,null],\"y\":1}\n{\"v\":null,\"y\":1}\n{\"v\":[2,20],\"y\":0}\n"
        let data = try TestDataset(text, .jsonLines)
        let other = try TestDataset("{\"v\":[2,15],\"y\":0}\n", .jsonLines)
        let dataset = try data.encode(
            try makeRequest([classification("y")], validation: .dataset(try makeSpec([]).dataset)), validation: other)
        guard case .features(let matrix) = dataset.inputs else { throw DatasetError("no features") }
        let first = Float(1 / (2.0 / 3).squareRoot())
        #expect(matrix.values == [-first, -1, first, 0, 0, 0, 0, 1, 0, 0])
        let short = try TestDataset("{\"v\":[2],\"y\":0}\n", .jsonLines)
        let request = try makeRequest([classification("y")], validation: .dataset(try makeSpec([]).dataset))
        #expect(throws: DatasetError.self) { try data.encode(request, validation: short) }
    }
}
