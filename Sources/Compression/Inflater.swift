import CZlib

/// Inflates a deflate stream (RFC 1951) piece by piece, bare or as gzip members (RFC 1952).
package final class Inflater {
    package enum Format: Sendable {
        /// The compressed data alone, as ZIP archives hold it.
        case raw
        /// With header and checksum, as `Content-Encoding: gzip` means it.
        case gzip

        fileprivate var windowBits: Int32 {
            switch self {
            case .raw: -MAX_WBITS
            case .gzip: MAX_WBITS + 16
            }
        }
    }

    /// Why a stream cannot be inflated.
    package enum Failure: Error, Hashable, Sendable {
        /// The bytes are no such stream, or their checksum is wrong.
        case damaged
        case outOfMemory
    }

    // zlib keeps a pointer back to the stream, so it must never move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// The last byte of the stream, of a gzip member its checksum included, has been read.
    package private(set) var hasEnded = false

    private static let inputBytes = 64 << 10

    /// - Throws: `.outOfMemory`.
    package init(_ format: Format) throws(Failure) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(capacity: Self.inputBytes)
        input.initialize(repeating: 0)
        let status = inflateInit2_(
            stream, format.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .outOfMemory }
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
    package func inflate<RefillFailure>(
        into target: UnsafeMutableRawBufferPointer,
        refill: (UnsafeMutableRawBufferPointer) throws(RefillFailure) -> Int
    ) throws(RefillFailure) -> Int? {
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

    /// Begins another stream with what is left of the input: gzip content may be several members in a row.
    func restart() {
        inflateReset(stream)
        hasEnded = false
    }

    /// Bytes of input that were taken and not used yet.
    var bytesAhead: Int { Int(stream.pointee.avail_in) }
}
