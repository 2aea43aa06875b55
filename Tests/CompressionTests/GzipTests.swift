import Compression
import Foundation
import Testing

struct GzipTests {
    private static let text = Array(String(repeating: "width,height,kind\n1.5,2,a\n", count: 400).utf8)

    private static func gzip(_ bytes: [UInt8], level: Int = 4) throws -> [UInt8] {
        try #require(GzipWriter(level: level)?.compressed(bytes))
    }

    /// What comes out when the content arrives in pieces.
    private static func inflated(
        _ bytes: [UInt8], pieceBytes: Int = 1_000, bounds: GzipReader.Bounds = .init(bytesMax: 1 << 24)
    ) throws -> [UInt8] {
        let reader = try GzipReader(within: bounds)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            try reader.read(Array(bytes[start..<min(start + pieceBytes, bytes.count)])) {
                result.append(contentsOf: $0)
            }
        }
        try reader.finish()
        return result
    }

    /// The program that everybody has.
    private static func program(_ arguments: [String], _ input: [UInt8]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = arguments
        let (incoming, outgoing) = (Pipe(), Pipe())
        process.standardInput = incoming
        process.standardOutput = outgoing
        try process.run()
        // Shorter than a pipe holds, so writing it cannot block.
        try incoming.fileHandleForWriting.write(contentsOf: Data(input))
        try incoming.fileHandleForWriting.close()
        let output = try outgoing.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return [UInt8](output)
    }

    @Test(arguments: [1, 7, 1_000, 100_000])
    func whatIsWrittenIsReadAgainInPiecesOfAnySize(pieceBytes: Int) throws {
        #expect(try Self.inflated(Self.gzip(Self.text), pieceBytes: pieceBytes) == Self.text)
        #expect(try Self.inflated(Self.gzip([]), pieceBytes: pieceBytes) == [])
    }

    @Test func theProgramReadsWhatIsWrittenAndItsOutputIsRead() throws {
        #expect(try Self.program(["-dc"], Self.gzip(Self.text)) == Self.text)
        #expect(try Self.inflated(Self.program(["-9c"], Self.text)) == Self.text)
    }

    @Test func theSameBytesGiveTheSameBytes() throws {
        #expect(try Self.gzip(Self.text) == Self.gzip(Self.text))
        let writer = try #require(GzipWriter(level: 1))
        #expect(writer.compressed(Self.text) == writer.compressed(Self.text))
    }

    @Test(arguments: [1, 9, 1_000])
    func membersInARowAreOneContent(pieceBytes: Int) throws {
        let both = try Self.gzip(Self.text) + Self.gzip([1, 2, 3])
        #expect(try Self.inflated(both, pieceBytes: pieceBytes) == Self.text + [1, 2, 3])
    }

    @Test(arguments: [1, 5, 10, 20])
    func contentThatEndsEarlyIsTorn(missing: Int) throws {
        let whole = try Self.gzip(Self.text)
        #expect(throws: GzipReader.Failure.torn) { try Self.inflated(Array(whole.dropLast(missing))) }
    }

    @Test func nothingAtAllIsTorn() {
        #expect(throws: GzipReader.Failure.torn) { try Self.inflated([]) }
    }

    @Test func aFlippedBitNeverChangesTheContentUnnoticed() throws {
        let whole = try Self.gzip(Self.text)
        // Behind the header, whose time and system nobody checks.
        for index in 10..<whole.count {
            var bytes = whole
            bytes[index] ^= 0x10
            // A bit that pads the last byte of the data means nothing.
            let content = try? Self.inflated(bytes)
            #expect(content == nil || content == Self.text, "\(index)")
        }
    }

    @Test func whatFollowsAndIsNoMemberIsDamage() throws {
        let bytes = try Self.gzip(Self.text) + [1, 2, 3, 4]
        #expect(throws: GzipReader.Failure.damaged) { try Self.inflated(bytes) }
    }

    @Test func noMoreThanTheBoundIsProduced() throws {
        let bytes = try Self.gzip(Self.text)
        let bounds = GzipReader.Bounds(bytesMax: Self.text.count)
        #expect(try Self.inflated(bytes, bounds: bounds) == Self.text)
        let less = GzipReader.Bounds(bytesMax: Self.text.count - 1)
        #expect(throws: GzipReader.Failure.tooLarge(bytesMax: less.bytesMax)) {
            try Self.inflated(bytes, bounds: less)
        }
    }

    @Test func aBombIsNoticedBeforeItIsLarge() throws {
        let bomb = try Self.gzip([UInt8](repeating: 0, count: 32 << 20), level: 9)
        let reader = try GzipReader(within: .init(bytesMax: 1 << 40))
        var produced = 0
        #expect(throws: GzipReader.Failure.tooDense(ratioMax: 250)) { try reader.read(bomb) { produced += $0.count } }
        #expect(produced < 9 << 20)
    }
}
