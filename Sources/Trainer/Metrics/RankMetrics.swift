/// Measures of how well scores rank positive rows above negative ones.
package enum RankMetrics {
    /// The probability that a positive row scores above a negative one, ties counting half; nil with one kind only.
    package static func rocAUC(scores: [Double], isPositive: [Bool]) -> Double? {
        let positives = isPositive.count { $0 }
        let negatives = isPositive.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        var rankSum = 0.0
        forEachTie(scores) { start, tied in
            // Ranks count from 1; tied rows share the mean of theirs.
            let rank = Double(start) + Double(tied.count + 1) / 2
            rankSum += rank * Double(tied.count { isPositive[$0] })
        }
        let smallest = Double(positives) * Double(positives + 1) / 2
        return (rankSum - smallest) / (Double(positives) * Double(negatives))
    }

    /// Σ (Rₖ − Rₖ₋₁)·Pₖ over falling thresholds, without interpolation; nil without a positive row.
    package static func averagePrecision(scores: [Double], isPositive: [Bool]) -> Double? {
        let positives = isPositive.count { $0 }
        guard positives > 0 else { return nil }
        var (found, seen, sum) = (0, 0, 0.0)
        forEachTie(scores.map { -$0 }) { _, tied in
            let hits = tied.count { isPositive[$0] }
            found += hits
            seen += tied.count
            sum += Double(hits) / Double(positives) * (Double(found) / Double(seen))
        }
        return sum
    }

    /// Calls `body` with every group of equal scores in rising order, and how many rows came before it.
    private static func forEachTie(_ scores: [Double], _ body: (Int, ArraySlice<Int>) -> Void) {
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
            body(start, order[start..<end])
            start = end
        }
    }
}
