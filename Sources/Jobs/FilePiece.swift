/// A part of a file that is about to be written.
package enum FilePiece {
    case bytes([UInt8])
    /// As they stand in memory.
    case floats([Float])
    /// Memory that its owner leaves as it is until the file is written.
    case lent(UnsafeRawBufferPointer)

    package func withBytes<Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .bytes(let bytes): try Self.withBytes(of: bytes, body)
        case .floats(let floats): try Self.withBytes(of: floats, body)
        case .lent(let buffer): try body(buffer)
        }
    }

    private static func withBytes<Failure>(
        of array: [some BitwiseCopyable], _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        try array.withUnsafeBytes { buffer in
            Result { () throws(Failure) in try body(buffer) }
        }.get()
    }

    package var byteCount: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .floats(let floats): floats.count * MemoryLayout<Float>.size
        case .lent(let buffer): buffer.count
        }
    }
}

extension [FilePiece] {
    package var byteCount: Int { reduce(0) { $0 + $1.byteCount } }

    /// The content of the file, copied.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for piece in self { piece.withBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }
}
