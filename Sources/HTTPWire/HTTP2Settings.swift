/// The payload of a SETTINGS frame, RFC 9113 section 6.5.
enum HTTP2Settings {
    /// Bytes of one setting: an identifier of two, a value of four.
    private static let entryBytes = 6
    /// Settings that nghttp2 takes in one frame.
    private static let entriesMax = 32

    /// Whether a peer may send these: whole entries, not too many, and every value within the bounds of its setting.
    static func areValid(_ payload: [UInt8]) -> Bool {
        guard payload.count.isMultiple(of: entryBytes), payload.count / entryBytes <= entriesMax else { return false }
        return stride(from: 0, to: payload.count, by: entryBytes).allSatisfy { start in
            let bytes = payload[start..<start + entryBytes].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return isValid(identifier: bytes >> 32, value: bytes & 0xFFFF_FFFF)
        }
    }

    private static func isValid(identifier: UInt64, value: UInt64) -> Bool {
        switch identifier {
        // ENABLE_PUSH; ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3); NO_RFC7540_PRIORITIES (RFC 9218 section 2.1).
        case 0x2, 0x8, 0x9: value <= 1
        // INITIAL_WINDOW_SIZE.
        case 0x4: value <= 0x7FFF_FFFF
        // MAX_FRAME_SIZE.
        case 0x5: (16_384...16_777_215).contains(value)
        default: true
        }
    }
}
