import Crypto
import Foundation
import Glibc
import Jobs
import Locks
import Testing

@testable import Datasets

/// Files that are not what was uploaded any more, and reading that is called off.
struct StoredFileTests {
    private static let csv = "x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n"
    private static let lines = "{\"x\":1,\"y\":\"a\"}\n{\"x\":2,\"y\":\"b\"}\n{\"x\":3,\"y\":\"a\"}\n"
    private static let npz = NPZWriter.archive([
        ("x", "|u1", [4, 1], [1, 2, 3, 4]), ("y", "|u1", [4], [0, 1, 0, 1]), ("unused", "|u1", [4], [9, 9, 9, 9]),
    ])
    static let files: [(DatasetFormat, [UInt8], from: [UInt8], to: [UInt8])] = [
        (.csv, Array(csv.utf8), Array("5,a".utf8), Array("6,a".utf8)),
        // No longer a number: the file is at fault, and not the spec that asks for one.
        (.csv, Array(csv.utf8), Array("5,a".utf8), Array("z,a".utf8)),
        (.jsonLines, Array(lines.utf8), Array("3".utf8), Array("4".utf8)),
        (.jsonLines, Array(lines.utf8), Array("}\n{".utf8), Array("}\n[".utf8)),
        // Nobody reads that array.
        (.npz, npz, [9, 9, 9, 9], [9, 9, 9, 8]),
    ]

    private func source(_ file: TemporaryFile, _ format: DatasetFormat, _ bytes: [UInt8]) throws -> DatasetSource {
        let schema = try DatasetFile.inspect(file.path, format: format, limits: .standard)
        return DatasetSource(
            path: file.path, sha256: String(hexadecimal: SHA256.hash(data: bytes)), schema: schema)
    }

    private func load(_ source: DatasetSource) throws -> DataTable {
        let role: ColumnRole = source.schema.format == .npz ? .array : .number(missing: nil)
        return try DataTable.load(source, uses: [ColumnUse(name: "x", role: role)], limits: .standard)
    }

    private func change(_ file: TemporaryFile, _ bytes: [UInt8], from: [UInt8], to: [UInt8]) throws {
        let start = try #require(bytes.indices.last { bytes[$0...].starts(with: from) })
        let handle = try FileHandle(forWritingTo: URL(filePath: file.path))
        try handle.seek(toOffset: UInt64(start))
        try handle.write(contentsOf: Data(to))
        try handle.close()
    }

    @Test(arguments: files) func aChangedFileIsNeitherReadNorShown(
        format: DatasetFormat, bytes: [UInt8], from: [UInt8], to: [UInt8]
    ) throws {
        let file = try TemporaryFile(bytes)
        let source = try source(file, format, bytes)
        try change(file, bytes, from: from, to: to)
        let name = try #require(file.path.split(separator: "/").last)
        for _ in 0..<2 {
            let loading = #expect(throws: DatasetError.self) { try load(source) }
            #expect(loading?.kind == .damaged)
            #expect(loading?.description.contains(name) == true)
            let showing = #expect(throws: DatasetError.self) {
                try DatasetFile.rows(source, limit: 1, limits: .standard)
            }
            #expect(showing?.kind == .damaged)
        }
    }

    @Test(arguments: files) func aSoundFileIsReadToItsDigestOnce(
        format: DatasetFormat, bytes: [UInt8], from: [UInt8], to: [UInt8]
    ) throws {
        let file = try TemporaryFile(bytes)
        let source = try source(file, format, bytes)
        #expect(!StoredFile.isChecked(source))
        _ = try load(source)
        #expect(StoredFile.isChecked(source))
        _ = try DatasetFile.rows(source, limit: 1, limits: .standard)
        // A later change is seen as well.
        try change(file, bytes, from: from, to: to)
        #expect(!StoredFile.isChecked(source))
        #expect(throws: DatasetError.self) { try load(source) }
    }

    @Test(arguments: [DatasetFormat.csv, .jsonLines, .npz]) func inspectionEndsWhenItIsNotWanted(
        format: DatasetFormat
    ) throws {
        let bytes = try #require(Self.files.first { $0.0 == format }).1
        let file = try TemporaryFile(bytes)
        let error = #expect(throws: DatasetError.self) {
            try DatasetFile.inspect(file.path, format: format, limits: .standard, isWanted: { false })
        }
        #expect(error?.kind == .interrupted)
    }

    @Test func aLongLineTakesItsMemoryFromTheBudget() throws {
        let line = "{\"x\":[" + String(repeating: "1,", count: 1_000_000) + "1]}\n"
        let file = try TemporaryFile(line.utf8)
        func inspect(_ memory: MemoryBudget?) throws -> DatasetSchema {
            try DatasetFile.inspect(file.path, format: .jsonLines, limits: .standard, memory: memory)
        }
        let error = #expect(throws: DatasetError.self) { try inspect(MemoryBudget(bytesMax: 10 << 20)) }
        #expect(error?.kind == .busy)
        let large = MemoryBudget(bytesMax: 100 << 20)
        #expect(try inspect(large).rows == 1)
        #expect(large.bytesTaken == 0)
    }

    @Test func aFileForPredictionMustNotBecomeLargerThanItMay() throws {
        let dataset = try TestDataset("c,y\na,0\nb,1\n")
        let preprocessing = Preprocessing(
            inputs: .columns([.init(name: "c", treatment: .oneHot(categories: ["a", "b"], missing: false))]),
            targets: [])
        let limits = DatasetLimits(predictionBytesMax: 8)
        let error = #expect(throws: DatasetError.self) { try preprocessing.encode(dataset.source, limits: limits) }
        #expect(error?.kind == .tooLarge)
        _ = try preprocessing.encode(dataset.source, limits: .standard)
    }
}
