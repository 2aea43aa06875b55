/// A long document piece by piece. An array that grows is in memory twice while it moves; pieces stay where they are.
struct GatheredBytes {
    private static let pieceBytes = 1 << 20

    private var pieces: [[UInt8]] = []

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if let last = pieces.indices.last, pieces[last].count + bytes.count <= Self.pieceBytes {
            pieces[last].append(contentsOf: bytes)
        } else {
            var piece: [UInt8] = []
            if !pieces.isEmpty { piece.reserveCapacity(Self.pieceBytes) }
            piece.append(contentsOf: bytes)
            pieces.append(piece)
        }
    }

    /// All of it, and nothing is left here. Each piece goes as soon as it is copied.
    mutating func take() -> [UInt8] {
        guard pieces.count > 1 else { return pieces.popLast() ?? [] }
        var whole: [UInt8] = []
        whole.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
        pieces.reverse()
        while let piece = pieces.popLast() { whole.append(contentsOf: piece) }
        return whole
    }
}
