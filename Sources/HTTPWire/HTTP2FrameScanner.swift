/// Finds the frames in the bytes of a connection and reads their headers (RFC 9113 section 4.1), nothing else.
///
/// nghttp2 forgets a stream with its last frame, and what comes on it afterwards it drops without telling anybody. Whoever wants to
/// know must look before the library does.
struct HTTP2FrameScanner {
    struct Header: Equatable {
        var length: Int
        var type: UInt8
        var flags: UInt8
        var stream: Int32
        /// Whether it stands where only the CONTINUATION of a header block may (RFC 9113 section 6.10).
        var interruptsBlock = false
    }

    static let headerBytes = 9

    /// Bytes before the next header: what is left of the client's preface, or of a payload.
    private var skip = HTTP2Library.preface.count
    /// What has come of the header at hand: its first eight bytes as a number.
    private var gathered: UInt64 = 0
    private var count = 0
    /// The header whose payload is being skipped.
    private var current: Header?

    /// The next header that is complete within `bytes`, of which those before `offset` were looked at already. Nil when all of
    /// them have been.
    mutating func next(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) -> Header? {
        let skipped = min(skip, bytes.count - offset)
        offset += skipped
        skip -= skipped
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            count += 1
            guard count == Self.headerBytes else {
                gathered = gathered << 8 | UInt64(byte)
                continue
            }
            var header = Header(
                length: Int(gathered >> 40), type: UInt8(truncatingIfNeeded: gathered >> 32),
                flags: UInt8(truncatingIfNeeded: gathered >> 24),
                // The highest bit is reserved and ignored.
                stream: Int32(truncatingIfNeeded: (gathered & 0x7F_FFFF) << 8 | UInt64(byte)))
            if let current, current.isHeaders || current.isContinuation, !current.endsHeaders {
                header.interruptsBlock = !header.isContinuation || header.stream != current.stream
            }
            (gathered, count, skip, current) = (0, 0, header.length, header)
            return header
        }
        return nil
    }

    /// Whether a header block has begun and its end is awaited.
    var isInHeaderBlock: Bool {
        guard let current, current.isHeaders || current.isContinuation else { return false }
        return skip > 0 || !current.endsHeaders
    }
}

extension HTTP2FrameScanner.Header {
    var isData: Bool { type == 0 }
    var isHeaders: Bool { type == 1 }
    var isReset: Bool { type == 3 }
    var isContinuation: Bool { type == 9 }
    /// Of DATA and HEADERS only.
    var endsStream: Bool { flags & 1 != 0 }
    /// Of HEADERS and CONTINUATION only.
    var endsHeaders: Bool { flags & 4 != 0 }
}
