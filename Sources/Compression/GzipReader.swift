/// Reads `Content-Encoding: gzip` as it arrives: bytes in, bytes out, within bounds.
package final class GzipReader {
    /// What is produced at most, and how many times what came in.
    package struct Bounds: Sendable, Hashable {
        package var bytesMax: Int
        /// Counts from `bytesFree` on: short texts of one character are no attack.
        package var ratioMax = 250
        package var bytesFree = 1 << 20

        package init(bytesMax: Int) {
            self.bytesMax = bytesMax
        }
    }

    package enum Failure: Error, Hashable, Sendable {
        case damaged
        /// The content ended before the stream did.
        case torn
        case tooLarge(bytesMax: Int)
        case tooDense(ratioMax: Int)
        case outOfMemory
    }

    private let inflater: Inflater
    private let bounds: Bounds
    private var bytesIn = 0
    private var bytesOut = 0

    private static let pieceBytes = 64 << 10

    package init(within bounds: Bounds) throws(Failure) {
        do { inflater = try Inflater(.gzip) } catch { throw .outOfMemory }
        self.bounds = bounds
    }

    /// Takes the next bytes and hands on what they stand for, in pieces.
    ///
    /// - Throws: `Failure`, or what `body` throws.
    package func read(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        bytesIn += bytes.count
        var rest = bytes[...]
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 1)
        defer { piece.deallocate() }
        while true {
            if inflater.hasEnded {
                if rest.isEmpty, inflater.bytesAhead == 0 { return }
                inflater.restart()
            }
            let count = inflater.inflate(into: piece) { buffer in
                let taken = rest.prefix(buffer.count)
                buffer.copyBytes(from: taken)
                rest = rest.dropFirst(taken.count)
                return taken.count
            }
            guard let count else { throw Failure.damaged }
            bytesOut += count
            try check()
            if count > 0 { try body(UnsafeRawBufferPointer(rebasing: piece[..<count])) }
            if count < piece.count, !inflater.hasEnded { return }
        }
    }

    /// - Throws: `.torn` when the content ends before the stream does.
    package func finish() throws(Failure) {
        guard inflater.hasEnded else { throw .torn }
    }

    private func check() throws(Failure) {
        guard bytesOut <= bounds.bytesMax else { throw .tooLarge(bytesMax: bounds.bytesMax) }
        let (allowed, overflows) = bytesIn.multipliedReportingOverflow(by: bounds.ratioMax)
        guard bytesOut <= bounds.bytesFree || overflows || bytesOut <= allowed else {
            throw .tooDense(ratioMax: bounds.ratioMax)
        }
    }

    /// All of a document at once.
    package static func inflated(_ bytes: [UInt8], within bounds: Bounds) throws -> [UInt8] {
        let reader = try GzipReader(within: bounds)
        var document: [UInt8] = []
        try reader.read(bytes) { document.append(contentsOf: $0) }
        try reader.finish()
        return document
    }
}
