/// Distinct byte strings, numbered in the order in which they were first met: an open-addressing hash table over one arena.
///
/// The hash is keyed by a random number of the process, so that no file can be made to collide.
struct ByteTable: ~Copyable {
    private var slots: [Int32]
    private var hashes: [UInt64] = []
    private var ends: [Int] = []
    private var arena = ByteBuffer(capacity: 256)

    private static let seed = UInt64.random(in: .min ... .max)

    init() {
        slots = [Int32](repeating: -1, count: 16)
    }

    var count: Int { hashes.count }

    /// Bytes of memory, about.
    var bytes: Int { slots.count * 4 + hashes.count * 16 + arena.count }

    func string(_ index: Int) -> String {
        String(decoding: content(index), as: UTF8.self)
    }

    /// All of them in their order.
    var strings: [String] {
        var strings: [String] = []
        strings.reserveCapacity(count)
        for index in 0..<count { strings.append(string(index)) }
        return strings
    }

    /// The number of `bytes`; nil when it was never inserted.
    func index(of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let index = slots[slot(of: bytes, hash: Self.hash(bytes))]
        return index >= 0 ? Int(index) : nil
    }

    /// The number of `bytes`, which is `count` before the call when it is new. At most 2³¹ − 1 entries.
    mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let hash = Self.hash(bytes)
        var slot = slot(of: bytes, hash: hash)
        if slots[slot] >= 0 { return Int(slots[slot]) }
        if (hashes.count + 1) * 2 > slots.count {
            grow()
            slot = self.slot(of: bytes, hash: hash)
        }
        let index = hashes.count
        slots[slot] = Int32(index)
        hashes.append(hash)
        if let source = bytes.baseAddress { arena.tail(room: bytes.count).update(from: source, count: bytes.count) }
        arena.advance(by: bytes.count)
        ends.append(arena.count)
        return index
    }

    private func content(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        arena.view((index == 0 ? 0 : ends[index - 1])..<ends[index])
    }

    /// The slot that holds `bytes`, or the free one where they belong.
    private func slot(of bytes: UnsafeBufferPointer<UInt8>, hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if hashes[index] == hash, content(index).elementsEqual(bytes) { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        let mask = slots.count - 1
        for (index, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(index)
        }
    }

    /// Eight bytes at a time, multiplied to 128 bits and folded, from a secret start.
    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(bytes)
        var hash = seed ^ UInt64(bytes.count)
        var offset = 0
        while offset + 8 <= raw.count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < raw.count {
            rest = rest << 8 | UInt64(raw[offset])
            offset += 1
        }
        return mix(hash ^ rest)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ seed.byteSwapped).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
