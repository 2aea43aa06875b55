/// Bytes that grow at the end, over memory of its own. Writing goes through a pointer that is valid for a promised room,
/// so that a parser's inner loop pays for no check per byte.
struct ByteBuffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 4096) {
        self.capacity = max(capacity, 16)
        base = .allocate(capacity: self.capacity)
    }

    deinit {
        base.deallocate()
    }

    /// The address behind the last byte; `room` bytes may be written there until the next mutation.
    mutating func tail(room: Int) -> UnsafeMutablePointer<UInt8> {
        if capacity - count < room {
            let grown = max(capacity * 2, count + room)
            let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
            moved.update(from: base, count: count)
            base.deallocate()
            base = moved
            capacity = grown
        }
        return base + count
    }

    /// Takes `written` bytes behind the end as content; at most the room promised by `tail(room:)`.
    mutating func advance(by written: Int) {
        precondition(written >= 0 && written <= capacity - count, "more bytes than promised")
        count += written
    }

    mutating func removeAll() {
        count = 0
    }

    /// A view of `range`, valid until the next mutation.
    func view(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the buffer")
        return UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }
}
