import HTTPTypes

/// The header list of a request: gathered field by field while it is decoded, made into a head when it is complete.
///
/// Clients repeat themselves, which is what HPACK lives on: a list that equals the last one of the connection byte for byte is
/// not read again, but answered with the head that was made of that.
struct HTTP2HeaderList: ~Copyable {
    /// The length of a name and of its value, four bytes each, then both; and so on.
    private var gathered = ByteBlock(capacity: 256)
    /// Of the gathered kind, what `lastHead` was made of.
    private var lastGathered = ByteBlock(capacity: 256)
    private var lastHead: HTTP2Head?
    private var lastEndsStream = false
    /// Names and values and 32 bytes a field (RFC 9113 section 6.5.2), whether kept or not.
    private(set) var listBytes = 0
    private var fieldCount = 0
    private var isTooLarge = false

    /// Longer lists are not kept for comparison.
    private static let lastBytesMax = 2048

    mutating func begin() {
        gathered.removeAll(capacityKept: Self.lastBytesMax)
        (listBytes, fieldCount, isTooLarge) = (0, 0, false)
    }

    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, limits: borrowing HTTP2Limits) {
        listBytes += name.count + value.count + 32
        fieldCount += 1
        // The pseudo-header fields come on top.
        guard listBytes <= limits.headerListBytesMax, fieldCount <= limits.fieldsMax + 4 else {
            isTooLarge = true
            return
        }
        gathered.append(raw: UInt32(truncatingIfNeeded: name.count))
        gathered.append(raw: UInt32(truncatingIfNeeded: value.count))
        gathered.append(name)
        gathered.append(value)
    }

    /// The event that the complete list amounts to.
    mutating func finish(stream: Int32, endsStream: Bool, limits: HTTP2Limits) -> HTTP2Event {
        if let lastHead, lastEndsStream == endsStream, !isTooLarge, gathered.bytes.equals(lastGathered.bytes) {
            return .head(stream: stream, lastHead, endsStream: endsStream)
        }
        let event = draft(limits: limits).finish(stream: stream, endsStream: endsStream)
        guard case .head(_, let head, _) = event, gathered.count <= Self.lastBytesMax else { return event }
        swap(&gathered, &lastGathered)
        (lastHead, lastEndsStream) = (head, endsStream)
        return event
    }

    private borrowing func draft(limits: HTTP2Limits) -> HTTP2HeadDraft {
        var draft = HTTP2HeadDraft(limits: limits)
        let bytes = gathered.bytes
        var offset = 0
        while offset < bytes.count {
            let nameStart = offset + 8
            let valueStart = nameStart + Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            let end = valueStart + Int(bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
            draft.add(name: bytes.part(nameStart..<valueStart), value: bytes.part(valueStart..<end))
            offset = end
        }
        if isTooLarge { draft.noteTooLarge() }
        return draft
    }
}
