import Jobs
import Testing

@testable import Datasets

/// Archives whose directory says something else than their members.
struct HostileArchiveTests {
    private static let arrays: [(name: String, type: String, shape: [Int], content: [UInt8])] = [
        ("x", "|u1", [3, 1], [1, 2, 3]), ("y", "|u1", [3], [0, 1, 0]),
    ]
    private static let local = Array("PK\u{3}\u{4}".utf8)
    private static let directory = Array("PK\u{1}\u{2}".utf8)
    private static let end = Array("PK\u{5}\u{6}".utf8)

    /// A sound archive with some bytes of its first record of a kind replaced.
    private static func archive(_ changes: [(record: [UInt8], offset: Int, bytes: [UInt8])]) -> [UInt8] {
        var bytes = NPZWriter.archive(arrays)
        for change in changes {
            guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: change.record) }) else { continue }
            bytes.replaceSubrange(
                (start + change.offset)..<(start + change.offset + change.bytes.count), with: change.bytes)
        }
        return bytes
    }

    private func detail(_ bytes: [UInt8]) throws -> String {
        let error = #expect(throws: DatasetError.self) { try inspectFile(bytes, .npz) }
        return try #require(error?.problems.first?.detail)
    }

    static let lies: [([(record: [UInt8], offset: Int, bytes: [UInt8])], String)] = [
        ([(local, 6, [1]), (directory, 8, [1])], "encrypted"),
        ([(local, 8, [12]), (directory, 10, [12])], "only stored and deflated"),
        ([(directory, 24, [0xFF, 0xFF, 0xFF, 0x7F])], "two different sizes"),
        ([(directory, 42, [0xFF, 0xFF, 0xFF, 0x7F])], "beyond its end"),
        ([(end, 16, [0xFF, 0xFF, 0xFF, 0xFF])], "beyond its end"),
        ([(end, 8, [0xFF, 0x7F, 0xFF, 0x7F])], "more than"),
        // As deflated, its bytes are none.
        ([(local, 8, [8]), (directory, 10, [8])], "NPZ (ZIP) file"),
    ]

    @Test(arguments: lies)
    func aLyingDirectoryIsRefusedInWords(
        changes: [(record: [UInt8], offset: Int, bytes: [UInt8])], words: String
    ) throws {
        let found = try detail(Self.archive(changes))
        #expect(found.contains(words), "\(found)")
    }

    /// Two members whose directory entries name the same bytes, or bytes that lie in each other.
    @Test(arguments: [0, 5]) func membersThatShareBytesAreRefused(offset: Int) throws {
        var bytes = NPZWriter.archive(Self.arrays)
        let entries = bytes.indices.filter { bytes[$0...].starts(with: Self.directory) }
        #expect(entries.count == 2)
        bytes.replaceSubrange(entries[1] + 42..<entries[1] + 46, with: [UInt8(offset), 0, 0, 0])
        let found = try detail(bytes)
        #expect(found.contains("overlaps"), "\(found)")
    }

    @Test func arraysThatAreTooLongTogetherAreRefusedAsTooLarge() throws {
        let error = #expect(throws: DatasetError.self) {
            try inspectFile(NPZWriter.archive(Self.arrays), .npz, limits: DatasetLimits(archiveBytesMax: 100))
        }
        #expect(error?.kind == .tooLarge)
        #expect(throws: Never.self) {
            try inspectFile(NPZWriter.archive(Self.arrays), .npz, limits: DatasetLimits(archiveBytesMax: 1_000))
        }
    }

    @Test func twoMembersOfOneNameAreRefused() throws {
        let found = try detail(NPZWriter.archive([Self.arrays[0]] + Self.arrays))
        #expect(found.contains("two members \"x.npy\""), "\(found)")
    }

    @Test func aShapeThatIsNotThereIsRefusedBeforeItIsHeld() throws {
        for shape in [[1 << 42, 2], [1 << 62, 4], [3, 2]] {
            let found = try detail(NPZWriter.archive([("x", "<f4", shape, [0, 0, 128, 63])]))
            #expect(found.contains("asks for another number") || found.contains("too"), "\(found)")
        }
    }
}
