/// Bytes laid end to end in memory that nobody shares: adding some costs a comparison and a copy, where an array would first
/// ask whether anybody else holds it.
struct ByteBlock: ~Copyable {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        memory = .allocate(byteCount: self.capacity, alignment: 1)
    }

    deinit { memory.deallocate() }

    /// What is there, until something is added.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    /// Starts over. More memory than `capacityKept` bytes is let go.
    mutating func removeAll(capacityKept: Int) {
        count = 0
        if capacity > capacityKept { replaceMemory(capacity: max(1, capacityKept)) }
    }

    /// Forgets what was added after the first `newCount` bytes.
    mutating func truncate(to newCount: Int) { count = min(count, max(0, newCount)) }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress else { return }
        reserve(source.count)
        (memory + count).copyMemory(from: start, byteCount: source.count)
        count += source.count
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: consuming String) {
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the bytes of a number as they lie in memory.
    mutating func append(raw number: UInt32) {
        reserve(MemoryLayout<UInt32>.size)
        (memory + count).storeBytes(of: number, as: UInt32.self)
        count += MemoryLayout<UInt32>.size
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if more > capacity - count { replaceMemory(capacity: max(capacity * 2, count + more)) }
    }

    private mutating func replaceMemory(capacity newCapacity: Int) {
        let replaced = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 1)
        replaced.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
        (memory, capacity) = (replaced, newCapacity)
    }
}
