import Jobs
import Testing

@testable import Datasets

struct PredictionRowsTests {
    private let table = Preprocessing(
        inputs: .columns([
            .init(name: "age", treatment: .numeric(mean: 40, deviation: 10, indicator: true)),
            .init(name: "colour", treatment: .oneHot(categories: ["blue", "red"], missing: false)),
            .init(name: "zip", treatment: .embedded(categories: ["7", "8"], missing: true, width: 2)),
        ]), targets: [.init(task: "t", columns: ["t"], kind: .binary(negative: "no", positive: "yes"))])

    private func value(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    private func problems(_ preprocessing: Preprocessing, _ rows: String) throws -> [Problem] {
        let rows = try value(rows)
        let error = #expect(throws: DatasetError.self) {
            try preprocessing.encode(rows: rows, pointer: "/rows", limits: .standard)
        }
        return error?.problems ?? []
    }

    @Test func rowsAreEncodedAsTheTrainingDataWere() throws {
        let rows = try value(
            """
            [{"age": 50, "colour": "red", "zip": 8}, {"zip": null, "colour": "green", "age": null},
             {"age": 40.0, "colour": null, "zip": "9"}, {"age": true, "colour": "blue", "zip": "7"}]
            """)
        guard
            case .features(let matrix) = try table.encode(rows: rows, pointer: "/rows", limits: .standard)
        else { throw DatasetError("no features") }
        #expect(
            matrix.values == [
                1, 0, 0, 1,
                0, 1, 0, 0,
                0, 0, 0, 0,
                -3.9, 0, 1, 0,
            ])
        #expect(matrix.indices == [2, 3, 0, 1])
        #expect(matrix.embeddings == [ColumnEmbedding(cardinality: 4, width: 2)])
    }

    @Test func everyBadRowIsNamedWithItsNumberAndPointer() throws {
        let found = try problems(
            table,
            """
            [{"age": "old", "colour": 1, "zip": []}, {"age": 1, "colour": "red", "zip": "7"}, 5,
             {"age": 1, "colour": "red", "zip": "7", "size/m": 3}, {"age": 1e300, "colour": "red"}]
            """)
        #expect(
            found.map(\.pointer) == [
                "/rows/0/age", "/rows/0/zip", "/rows/2", "/rows/3/size~1m", "/rows/4/age", "/rows/4/zip",
            ])
        #expect(found.map(\.row) == [1, 1, 3, 4, 5, 5])
        #expect(found[0].detail == "expected a number or null, found a string")
        #expect(found[3].detail.contains("\"age\", \"colour\", \"zip\""))
        #expect(found[5].detail.contains("write null"))
    }

    @Test(arguments: ["[]", "{}", "null", "3"])
    func somethingElseThanRowsIsRefused(rows: String) throws {
        #expect(try problems(table, rows).map(\.pointer) == ["/rows"])
    }

    @Test func tooManyRowsAndTooManyProblemsAreBounded() throws {
        var limits = DatasetLimits.standard
        limits.predictionRowsMax = 2
        let three = try value("[1,2,3]")
        let error = #expect(throws: DatasetError.self) {
            try table.encode(rows: three, pointer: "/rows", limits: limits)
        }
        #expect(error?.kind == .tooLarge)
        limits = .standard
        limits.predictionBytesMax = 20
        let rows = try value("[{},{},{}]")
        let large = #expect(throws: DatasetError.self) {
            try table.encode(rows: rows, pointer: "/rows", limits: limits)
        }
        #expect(large?.kind == .tooLarge)
        let many = "[" + Array(repeating: "1", count: 500).joined(separator: ",") + "]"
        #expect(try problems(table, many).count == 100)
    }

    @Test func imagesAreNestedArraysBareOrNamed() throws {
        let images = Preprocessing(
            inputs: .images(
                .init(
                    column: "x", shape: try #require(ImageShape([2, 2, 1])), storage: .bytes, scale: 1.0 / 255,
                    means: [0.5], deviations: [0.25])), targets: [])
        let rows = try value("[[[0,255],[51,102]],{\"x\":[[1,2],[3,[4]]]}]")
        guard case .images(let tensor) = try images.encode(rows: rows, pointer: "/rows", limits: .standard),
            case .bytes(let bytes) = tensor.pixels
        else { throw DatasetError("no images") }
        #expect(bytes == [0, 255, 51, 102, 1, 2, 3, 4])
        var gathered = [Float](repeating: 9, count: 4)
        gathered.withUnsafeMutableBufferPointer { tensor.gather([0], into: $0) }
        #expect(zip(gathered, [-2, 2, -1.2, -0.4]).allSatisfy { abs($0 - $1) < 1e-6 })
        let found = try problems(images, "[[[0,256],[0,0]],[[0],[0,0]],[[0,0]],{\"y\":1},[[0,0],[0,[1,2]]]]")
        #expect(found.map(\.pointer) == ["/rows/0/0/1", "/rows/1/0", "/rows/2", "/rows/3", "/rows/4/1/1"])
    }

    @Test func textsAreStringsBareOrNamed() throws {
        let options = TextOptions(TextSpec(tokensMax: 4))
        let text = Preprocessing(
            inputs: .text(.init(column: "text", options: options, vocabulary: ["good", "film"])), targets: [])
        let rows = try value("[{\"text\":\"A good FILM\"},\"film\",\"\",{\"text\":null}]")
        guard case .tokens(let matrix) = try text.encode(rows: rows, pointer: "/rows", limits: .standard) else {
            throw DatasetError("no tokens")
        }
        #expect(matrix.ids == [1, 2, 3, 0, 3, 0, 0, 0] + [Int32](repeating: 0, count: 8))
        #expect(matrix.lengths == [3, 1, 0, 0])
        #expect(matrix.idCount == 4)
        let found = try problems(text, "[{\"text\":1},{\"txt\":\"a\"},{},7]")
        #expect(found.map(\.pointer) == ["/rows/0/text", "/rows/1/txt", "/rows/2/text", "/rows/3"])
    }
}
