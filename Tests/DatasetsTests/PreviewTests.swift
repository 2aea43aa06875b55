import Jobs
import Testing

@testable import Datasets

struct PreviewTests {
    private func rows(_ data: TestDataset, _ limit: Int, limits: DatasetLimits = .standard) throws -> [String] {
        try withExtendedLifetime(data) {
            try DatasetFile.rows(data.source, limit: limit, limits: limits).map {
                String(decoding: $0.encoded, as: UTF8.self)
            }
        }
    }

    @Test func aTableShowsItsValuesByTheirColumnsTypes() throws {
        let data = try TestDataset("n,f,s\n1,0.5,7x\n,nan,\n3,2,\"a,\"\"b\"\n4,4,c\n")
        #expect(
            try rows(data, 3) == [
                "{\"n\":1,\"f\":0.5,\"s\":\"7x\"}", "{\"n\":null,\"f\":null,\"s\":null}",
                "{\"n\":3,\"f\":2,\"s\":\"a,\\\"b\"}",
            ])
        #expect(try rows(data, 100).count == 4)
        #expect(try rows(data, 0).isEmpty)
        #expect(try rows(data, -1).isEmpty)
    }

    @Test func jsonLinesShowEveryColumnInEveryRow() throws {
        let data = try TestDataset("{\"a\":[1,null]}\n{\"b\":\"x\",\"a\":null}\n", .jsonLines)
        #expect(try rows(data, 5) == ["{\"a\":[1,null],\"b\":null}", "{\"a\":null,\"b\":\"x\"}"])
    }

    @Test func arraysAreNestedByTheirShape() throws {
        let rows = try DatasetFile.rows(try Arrays.source("stored"), limit: 2, limits: .standard)
        #expect(rows.count == 2)
        #expect(
            rows[1]["x"]
                == .array(
                    [[12, 13, 14], [15, 16, 17], [18, 19, 20], [21, 22, 23]].map { .array($0.map(JSONValue.integer)) }))
        #expect(rows[1]["digit"] == .integer(1))
        #expect(rows[1]["name"] == .string("bob"))
        let types = try DatasetFile.rows(try Arrays.source("types"), limit: 9, limits: .standard)
        #expect(types.map { $0["f2"] } == [.number(0.5), .null, .number(-65504)])
        #expect(types[2]["u8"] == .number(0x1p64))
        #expect(types[0]["grid"] == .array([.number(1.5), .null]))
    }

    @Test func aPreviewIsBoundedByItsValuesButShowsARow() throws {
        var limits = DatasetLimits.standard
        limits.previewValuesMax = 5
        #expect(try rows(try TestDataset("a,b\n1,2\n3,4\n5,6\n7,8\n"), 4, limits: limits).count == 2)
        #expect(try DatasetFile.rows(try Arrays.source("stored"), limit: 6, limits: limits).count == 1)
        let long = "{\"t\":\"\(String(repeating: "x", count: 1000))\"}\n"
        #expect(try rows(try TestDataset(long + long, .jsonLines), 2, limits: limits).count == 1)
    }
}
