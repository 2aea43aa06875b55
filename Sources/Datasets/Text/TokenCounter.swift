/// How often tokens occur, by their hashes alone: 12 bytes a place, whatever the tokens' lengths.
///
/// The hash is the one that Swift's own tables use, of 64 bits and keyed by a random number of the process, so that no text
/// can be made to collide; among four million tokens two share one once in two million texts. It is split into many small
/// tables that grow one after another, so that growing takes little room beside what is there.
struct TokenCounter: Sendable {
    private var tables = [Table](repeating: Table(), count: tableCount)
    private(set) var count = 0

    private static let tableBits = 6
    private static let tableCount = 1 << tableBits

    /// Bytes that it takes at most for `count` tokens: a table is between seven sixteenths and seven eighths full, and one of
    /// them grows.
    static func bytes(_ count: Int) -> Int {
        count * 12 * 16 / 7 + 24 * (count / tableCount)
    }

    mutating func add(_ token: String, times: Int = 1) throws(DatasetError) {
        let hash = Self.hash(token)
        if try tables[Self.table(hash)].add(hash, times: times) { count += 1 }
    }

    /// 0 for a token that was never added, or was forgotten.
    func times(_ token: String) -> Int {
        let hash = Self.hash(token)
        return tables[Self.table(hash)].times(hash)
    }

    /// Forgets all tokens that occurred no more often than that.
    mutating func forget(upTo times: Int) throws(DatasetError) {
        count = 0
        for index in tables.indices { count += try tables[index].forget(upTo: times) }
    }

    /// How many tokens there are for each number of times.
    var histogram: [Int: Int] {
        var histogram: [Int: Int] = [:]
        for table in tables { table.add(to: &histogram) }
        return histogram
    }

    private static func table(_ hash: UInt64) -> Int { Int(hash >> (64 - UInt64(tableBits))) }

    /// Never 0, which stands for a free place.
    private static func hash(_ token: String) -> UInt64 { UInt64(truncatingIfNeeded: token.hashValue) | 1 }

    /// Open addressing by the middle bits of the hash.
    private struct Table: Sendable {
        private var hashes: [UInt64] = []
        private var counts: [UInt32] = []
        private var used = 0

        mutating func add(_ hash: UInt64, times: Int) throws(DatasetError) -> Bool {
            if (used + 1) * 8 > hashes.count * 7 { try resize(to: max(64, hashes.count * 2)) }
            let place = place(of: hash)
            let isNew = hashes[place] == 0
            hashes[place] = hash
            counts[place] = UInt32(clamping: Int(counts[place]) + times)
            if isNew { used += 1 }
            return isNew
        }

        func times(_ hash: UInt64) -> Int {
            hashes.isEmpty ? 0 : Int(counts[place(of: hash)])
        }

        /// Returns how many are left.
        mutating func forget(upTo times: Int) throws(DatasetError) -> Int {
            let kept = zip(hashes, counts).filter { $0.1 > times }
            var size = 64
            while (kept.count + 1) * 8 > size * 7 { size *= 2 }
            (hashes, counts, used) = ([], [], 0)
            try resize(to: size)
            for (hash, count) in kept { _ = try add(hash, times: Int(count)) }
            return used
        }

        func add(to histogram: inout [Int: Int]) {
            for count in counts where count > 0 { histogram[Int(count), default: 0] += 1 }
        }

        private func place(of hash: UInt64) -> Int {
            let mask = hashes.count - 1
            var place = Int(truncatingIfNeeded: hash >> 1) & mask
            while hashes[place] != 0, hashes[place] != hash { place = (place + 1) & mask }
            return place
        }

        private mutating func resize(to size: Int) throws(DatasetError) {
            try DatasetError.claim(size * 12, of: UInt8.self)
            let (oldHashes, oldCounts) = (hashes, counts)
            hashes = [UInt64](repeating: 0, count: size)
            counts = [UInt32](repeating: 0, count: size)
            for (hash, count) in zip(oldHashes, oldCounts) where hash != 0 {
                let place = place(of: hash)
                (hashes[place], counts[place]) = (hash, count)
            }
        }
    }
}
