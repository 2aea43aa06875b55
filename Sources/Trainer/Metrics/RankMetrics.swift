/// Measures of how well scores rank positive rows above negative ones.
package enum RankMetrics {
    /// The probability that a positive row scores above a negative one, ties counting half; nil with one kind only.
    package static func rocAUC(
        scores: [Double], isPositive: [Bool], isWanted: () -> Bool = { true }
    ) throws(PassInterrupted) -> Double? {
        let positives = isPositive.count { $0 }
        let negatives = isPositive.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        var rankSum = 0.0
        forEachTie(scores, in: try order(scores, isWanted) { $0 < $1 }) { start, tied in
            // Ranks count from 1; tied rows share the mean of theirs.
            let rank = Double(start) + Double(tied.count + 1) / 2
            rankSum += rank * Double(tied.count { isPositive[Int($0)] })
        }
        let smallest = Double(positives) * Double(positives + 1) / 2
        return (rankSum - smallest) / (Double(positives) * Double(negatives))
    }

    /// Σ (Rₖ − Rₖ₋₁)·Pₖ over falling thresholds, without interpolation; nil without a positive row.
    package static func averagePrecision(
        scores: [Double], isPositive: [Bool], isWanted: () -> Bool = { true }
    ) throws(PassInterrupted) -> Double? {
        let positives = isPositive.count { $0 }
        guard positives > 0 else { return nil }
        var (found, seen, sum) = (0, 0, 0.0)
        forEachTie(scores, in: try order(scores, isWanted) { $0 > $1 }) { _, tied in
            let hits = tied.count { isPositive[Int($0)] }
            found += hits
            seen += tied.count
            sum += Double(hits) / Double(positives) * (Double(found) / Double(seen))
        }
        return sum
    }

    /// Comparisons between two looks at whether the order is wanted.
    private static let comparisonsPerLook = 16_384

    /// The rows in the order of their scores.
    private static func order(
        _ scores: [Double], _ isWanted: () -> Bool, _ precedes: (Double, Double) -> Bool
    ) throws(PassInterrupted) -> [Int32] {
        var comparisons = 0
        do {
            return try (0..<Int32(clamping: scores.count)).sorted {
                comparisons += 1
                if comparisons.isMultiple(of: comparisonsPerLook) { try PassInterrupted.check(isWanted) }
                return precedes(scores[Int($0)], scores[Int($1)])
            }
        } catch {
            throw PassInterrupted()
        }
    }

    /// Calls `body` with every group of equal scores in the given order, and how many rows came before it.
    private static func forEachTie(_ scores: [Double], in order: [Int32], _ body: (Int, ArraySlice<Int32>) -> Void) {
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, scores[Int(order[end])] == scores[Int(order[start])] { end += 1 }
            body(start, order[start..<end])
            start = end
        }
    }
}
