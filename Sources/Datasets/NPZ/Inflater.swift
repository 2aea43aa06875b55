import CZlib

/// Inflates a raw deflate stream (RFC 1951) piece by piece.
final class Inflater {
    // zlib keeps a pointer back to the stream, so it must never move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private(set) var hasEnded = false

    private static let inputBytes = 64 << 10

    init() throws(DatasetError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(capacity: Self.inputBytes)
        input.initialize(repeating: 0)
        let status = inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw DatasetError("out of memory for inflating", kind: .unreadable(status)) }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    /// Inflates into `target`, which has at most 2³² − 1 bytes, and asks `refill` for more input as it needs it.
    ///
    /// - Parameter refill: Fills a buffer; the count of bytes, 0 at the end of the input.
    /// - Returns: The count of bytes produced; less than asked for only when stream or input have ended.
    ///   Nil when the stream is damaged.
    func inflate(
        into target: UnsafeMutableRawBufferPointer,
        refill: (UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int
    ) throws(DatasetError) -> Int? {
        stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(target.count)
        while stream.pointee.avail_out > 0, !hasEnded {
            if stream.pointee.avail_in == 0 {
                let count = try refill(UnsafeMutableRawBufferPointer(input))
                if count == 0 { break }
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(count)
            }
            switch CZlib.inflate(stream, Z_NO_FLUSH) {
            case Z_OK, Z_BUF_ERROR: continue
            case Z_STREAM_END: hasEnded = true
            default: return nil
            }
        }
        return target.count - Int(stream.pointee.avail_out)
    }
}
