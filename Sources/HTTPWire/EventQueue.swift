/// Events in the order they came, each handed out without a copy. The memory is used again once all are out.
struct EventQueue: ~Copyable {
    private var memory: UnsafeMutableBufferPointer<HTTP2Event>
    /// The first event that is not out yet, and the end of those that came.
    private var head = 0
    private var tail = 0

    /// What a quiet connection keeps, in events.
    private static let capacityKept = 16

    init() { memory = .allocate(capacity: Self.capacityKept) }

    deinit {
        UnsafeMutableBufferPointer(rebasing: memory[head..<tail]).deinitialize()
        memory.deallocate()
    }

    mutating func append(_ event: consuming HTTP2Event) {
        if tail == memory.count { grow() }
        memory.initializeElement(at: tail, to: event)
        tail += 1
    }

    mutating func popFirst() -> HTTP2Event? {
        guard head < tail else { return nil }
        let event = memory.moveElement(from: head)
        head += 1
        if head == tail { reset() }
        return event
    }

    private mutating func reset() {
        (head, tail) = (0, 0)
        // A flood of events is no reason to hold memory for the next one.
        guard memory.count > 16 * Self.capacityKept else { return }
        memory.deallocate()
        memory = .allocate(capacity: Self.capacityKept)
    }

    private mutating func grow() {
        let grown = UnsafeMutableBufferPointer<HTTP2Event>.allocate(capacity: memory.count * 2)
        _ = grown.moveInitialize(fromContentsOf: UnsafeMutableBufferPointer(rebasing: memory[head..<tail]))
        memory.deallocate()
        (memory, tail, head) = (grown, tail - head, 0)
    }
}
