/// Choosing few rows of many so that what catches the eye is still there.
enum Downsampling {
    /// The rows to keep, ascending: the first, the last, and from each stretch of rows those where a series is lowest or
    /// highest, with as many stretches as fit.
    ///
    /// - Parameter series: each with a value per row, nil where it has none.
    static func rows(of series: [[Double?]], count: Int, most: Int) -> [Int] {
        guard count > most else { return Array(0..<count) }
        var stretches = most / 2
        while stretches > 0 {
            let kept = extremes(of: series, count: count, stretches: stretches).union([0, count - 1])
            if kept.count <= most { return kept.sorted() }
            stretches = min(stretches - 1, stretches * most / kept.count)
        }
        return fewest(of: series, count: count, most: most)
    }

    /// More series than rows to keep: the extremes of the first ones.
    private static func fewest(of series: [[Double?]], count: Int, most: Int) -> [Int] {
        var kept: Set = [0, count - 1]
        for values in series {
            let more = kept.union(extremes(of: [values], count: count, stretches: 1))
            guard more.count <= most else { break }
            kept = more
        }
        return kept.sorted().suffix(max(1, most))
    }

    private static func extremes(of series: [[Double?]], count: Int, stretches: Int) -> Set<Int> {
        var rows: Set<Int> = []
        for stretch in 0..<stretches {
            let range = stretch * count / stretches..<(stretch + 1) * count / stretches
            for values in series {
                let known = range.filter { values[$0]?.isFinite == true }
                if let lowest = known.min(by: { (values[$0] ?? 0) < (values[$1] ?? 0) }) { rows.insert(lowest) }
                if let highest = known.max(by: { (values[$0] ?? 0) < (values[$1] ?? 0) }) { rows.insert(highest) }
            }
        }
        return rows
    }
}
