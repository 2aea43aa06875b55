import CZlib

/// Writes gzip (RFC 1952): the same bytes for the same bytes, with neither name nor time in its header.
package final class GzipWriter {
    // zlib keeps a pointer back to the stream, so it must never move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Levels of zlib: 1 is the fastest, 9 the smallest.
    package static let levels = 1...9
    private static let memoryLevel: Int32 = 8

    /// Nil when there is no memory for it.
    package init?(level: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, Int32(min(max(level, Self.levels.lowerBound), Self.levels.upperBound)), Z_DEFLATED, MAX_WBITS + 16,
            Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { return nil }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// All of `bytes` as one gzip member; nil when they are too many for it.
    package func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count <= Int(UInt32.max) / 2, deflateReset(stream) == Z_OK else { return nil }
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        return bytes.withUnsafeBufferPointer { input in
            var isDone = false
            let output = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(bound)
                isDone = deflate(stream, Z_FINISH) == Z_STREAM_END
                count = bound - Int(stream.pointee.avail_out)
            }
            return isDone ? output : nil
        }
    }
}
