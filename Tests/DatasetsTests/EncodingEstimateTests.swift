import Jobs
import Testing

@testable import Datasets

struct EncodingEstimateTests {
    private func makeColumn(
        _ name: String, _ type: ColumnProfile.ValueType, distinct: Int? = nil, missing: Int = 0, shape: [Int] = []
    ) -> ColumnProfile {
        ColumnProfile(name: name, type: type, missing: missing, distinct: distinct, shape: shape, storage: "f4")
    }

    @Test func theEstimateIsAnUpperBoundCloseToTheTruth() throws {
        let words = ["red", "green", "blue", ""]
        let rows = (0..<400).map { row in
            "\(row % 7 == 0 ? "" : "\(row)"),\(words[row % 4]),c\(row % 90),\(row % 3),\(row % 2),\(row)"
        }
        let data = try TestDataset("a,b,c,y,l,r\n" + rows.joined(separator: "\n"))
        let tasks = [
            classification("y"), TaskSpec(name: "l", targets: ["l"], kind: .multilabel), regression("r"),
        ]
        let request = try makeRequest(tasks, test: .fraction(0.1, seed: 3, stratifyBy: "y"))
        let estimate = EncodingEstimate(try EncodingPlan(request, schema: data.schema))
        let dataset = try data.encode(request)
        #expect(estimate.inputs == .features(6, embeddings: [ColumnEmbedding(cardinality: 91, width: 45)]))
        #expect(estimate.outputs == [3, 1, 1])
        #expect(estimate.bytes >= dataset.bytes)
        #expect(Double(estimate.bytes) < Double(dataset.bytes) * 1.25)
        #expect(estimate.peakBytes > estimate.bytes)
    }

    @Test func rowsOfOtherDatasetsCount() throws {
        let data = try TestDataset("x,y\n1,a\n2,b\n")
        let plan = try EncodingPlan(try makeRequest([classification("y")]), schema: data.schema)
        #expect(EncodingEstimate(plan, holdouts: [data.schema, data.schema]).rows == 6)
    }

    @Test func sizesThatDoNotFitAreTheLargestNumber() throws {
        let schema = DatasetSchema(
            format: .npz, rows: .max,
            columns: [makeColumn("x", .array, shape: [1 << 40, 1 << 40, 3]), makeColumn("y", .integer, distinct: 2)])
        let request = try makeRequest([classification("y")])
        let estimate = EncodingEstimate(try EncodingPlan(request, schema: schema), holdouts: [schema])
        #expect(estimate.bytes == .max)
        #expect(estimate.peakBytes == .max)
        #expect(estimate.rows == .max)
        let source = DatasetSource(path: "/nonexistent", sha256: "", schema: schema)
        let error = #expect(throws: DatasetError.self) {
            try EncodedDataset.encode(source, request: request, limits: .standard)
        }
        #expect(error?.kind == .tooLarge, "refused before the file is opened")
    }

    @Test func aStratifiedSplitKeepsTheProportionsOfItsColumn() throws {
        let rows = (0..<200).map { "\($0),\($0 % 10 == 0 ? "rare" : "common")" }
        let data = try TestDataset("x,y\n" + rows.joined(separator: "\n"))
        let request = try makeRequest(
            [classification("y")], validation: .fraction(0.2, seed: 4, stratifyBy: "y"))
        let dataset = try data.encode(request)
        guard case .classes(let labels) = dataset.targets[0] else { throw DatasetError("no classes") }
        #expect(dataset.validation.count == 40)
        #expect(dataset.validation.count { labels.ids[Int($0)] == 1 } == 4)
    }
}
