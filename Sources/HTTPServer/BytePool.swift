/// Byte buffers to use again, so that a busy loop allocates none and an idle connection holds none. Confined to one loop.
struct BytePool {
    /// Buffers kept for later.
    private let countMax: Int
    /// A buffer that grew beyond this is let go.
    private let capacityMax: Int
    private var free: [[UInt8]] = []

    init(countMax: Int = 64, capacityMax: Int = 64 * 1024) {
        self.countMax = countMax
        self.capacityMax = capacityMax
    }

    /// An empty buffer.
    mutating func take() -> [UInt8] {
        if let buffer = free.popLast() { return buffer }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(4096)
        return buffer
    }

    mutating func give(_ buffer: consuming [UInt8]) {
        guard free.count < countMax, buffer.capacity > 0, buffer.capacity <= capacityMax else { return }
        buffer.removeAll(keepingCapacity: true)
        free.append(buffer)
    }
}
