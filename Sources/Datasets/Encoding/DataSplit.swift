/// Which rows train, which choose the epoch, and which are kept for the end. Depends on the row count, the seeds and the
/// strata only, so every job on a data set with the same holdouts sees the same split.
struct DataSplit: Sendable, Hashable {
    /// Row indices, ascending.
    var training: [Int32]
    var validation: [Int32] = []
    var test: [Int32] = []

    init(rows: Int) {
        training = (0..<Int32(clamping: rows)).map { $0 }
    }

    /// A part to set apart: a fraction of all rows, drawn by `seed`.
    struct Draw {
        var fraction: Double
        var seed: UInt64
        /// The stratum of every row, from 0; −1 where the column has no value, a stratum of its own.
        var strata: [Int32]?
    }

    /// Sets the validation rows apart from those that still train.
    mutating func drawValidation(_ draw: Draw, of rows: Int) {
        validation = take(draw, of: rows, salt: 0x7661_6C69_6461_7465)
    }

    mutating func drawTest(_ draw: Draw, of rows: Int) {
        test = take(draw, of: rows, salt: 0x7465_7374)
    }

    /// Moves `fraction · rows` rows out of `training`, at least one, and leaves at least one.
    private mutating func take(_ draw: Draw, of rows: Int, salt: UInt64) -> [Int32] {
        guard training.count > 1 else { return [] }
        let wanted = (draw.fraction * Double(rows)).rounded()
        let count = Int(min(max(wanted, 1), Double(training.count - 1)))
        var generator = SplitGenerator(seed: draw.seed ^ salt)
        var groups = groups(draw.strata)
        let shares = Self.shares(of: count, sizes: groups.map(\.count))
        var taken: [Int32] = []
        for (index, share) in shares.enumerated() {
            generator.shuffle(&groups[index])
            taken += groups[index].prefix(share)
        }
        taken.sort()
        remove(taken)
        return taken
    }

    private func groups(_ strata: [Int32]?) -> [[Int32]] {
        guard let strata else { return [training] }
        var groups: [[Int32]] = []
        for row in training {
            let stratum = Int(strata[Int(row)]) + 1
            while groups.count <= stratum { groups.append([]) }
            groups[stratum].append(row)
        }
        return groups
    }

    /// Splits `count` in proportion to `sizes`: the whole parts, then the largest remainders, the first ones on ties.
    static func shares(of count: Int, sizes: [Int]) -> [Int] {
        let total = sizes.reduce(0, +)
        guard total > 0 else { return sizes }
        let exact = sizes.map { Double(count) * Double($0) / Double(total) }
        var shares = exact.map { Int($0) }
        let order = sizes.indices.sorted { first, second in
            let remainders = (exact[first] - Double(shares[first]), exact[second] - Double(shares[second]))
            return remainders.0 != remainders.1 ? remainders.0 > remainders.1 : first < second
        }
        for index in order.prefix(max(0, count - shares.reduce(0, +))) where shares[index] < sizes[index] {
            shares[index] += 1
        }
        return shares
    }

    /// Both lists are ascending.
    private mutating func remove(_ taken: [Int32]) {
        var next = 0
        training.removeAll { row in
            guard next < taken.count, taken[next] == row else { return false }
            next += 1
            return true
        }
    }
}
