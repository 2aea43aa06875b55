import Glibc

/// A strategy against equal weights in one task: the same seeds, one difference each, positive where the strategy is better.
package struct PairedTest: Sendable {
    /// Fewer pairs say nothing about the noise between seeds.
    package static let pairsMin = 3

    package let differences: Sample
    /// Whether all differences are the same number, and it is not 0.
    package let sameInEverySeed: Bool
    /// Whether equal weights have the same value in every seed.
    private let baselineIsConstant: Bool
    /// What one labelled row of the test part changes a metric that counts rows by; nil for other metrics.
    private let rowShare: Double?
    private let isZeroInEverySeed: Bool

    /// - Parameters:
    ///   - differences: one for each seed that both have.
    ///   - baseline: the values of equal weights, for the seeds that they have.
    ///   - rows: the labelled rows of the test part, for a metric that counts rows; nil for other metrics.
    package init(_ differences: Sample, baseline: Sample, rows: Int?) {
        self.differences = differences
        rowShare = rows.flatMap { $0 > 0 ? 1 / Double($0) : nil }
        // A metric is a quotient, rounded: what differs by its rounding does not differ.
        let largest = (baseline.values + differences.values).reduce(0) { max($0, abs($1)) }
        let rounding = Self.rounding * largest
        func isConstant(_ values: [Double]) -> Bool {
            guard let low = values.min(), let high = values.max() else { return false }
            return high - low <= rounding
        }
        let isSame = differences.count > 1 && isConstant(differences.values)
        sameInEverySeed = isSame && abs(differences.mean ?? 0) > rounding
        isZeroInEverySeed = isSame && abs(differences.mean ?? 0) <= rounding
        baselineIsConstant = isConstant(baseline.values)
    }

    private static let rounding = 1e-14

    package var pairs: Int { differences.count }

    /// The seed changes neither the difference nor equal weights: the runs are one run, and there is no p.
    package var isWithoutSeedEffect: Bool {
        pairs >= Self.pairsMin && rowShare == nil && sameInEverySeed && baselineIsConstant
    }

    /// The two-sided p of the mean difference being 0; nil under three pairs, and where the seed has no effect.
    ///
    /// Student's t. A metric that counts rows moves in steps of r = 1 / rows, so its deviation is at least r/√2. Other
    /// metrics whose differences are all the same have the p of the signs, 2^(1 − pairs).
    package var probability: Double? {
        guard pairs >= Self.pairsMin, let mean = differences.mean, let deviation = differences.standardDeviation else {
            return nil
        }
        if isZeroInEverySeed { return 1 }
        if let rowShare {
            let t = mean / (max(deviation, rowShare / 2.0.squareRoot()) / Double(pairs).squareRoot())
            return StudentT(degreesOfFreedom: Double(pairs - 1)).twoSidedProbability(of: t)
        }
        if isWithoutSeedEffect { return nil }
        let sameSign = exp2(Double(1 - pairs))
        // Student has no p for what varies by less than it can tell.
        return sameInEverySeed ? sameSign : differences.probabilityOfZeroMean ?? sameSign
    }

    /// Whether the uncorrected 95 % interval of the difference lies within ±`effect`.
    func isEquivalent(within effect: Double) -> Bool {
        guard pairs >= Self.pairsMin, let interval = differences.interval else { return false }
        return interval.lowerBound >= -effect && interval.upperBound <= effect
    }

    /// Whether the mean difference is at least `effect` on either side, up to rounding.
    func reaches(_ effect: Double) -> Bool {
        abs(differences.mean ?? 0) >= effect * (1 - 1e-9)
    }

    package static let seedsNeededMax = 1_000

    /// The least number n of seeds with t(.975, n − 1)·s/√n ≤ max(|d|, effect − |d|), so that the interval would exclude
    /// 0 or lie within ±`effect` if the differences stay as they are; nil beyond 1,000, or without a deviation.
    package func seedsNeeded(effect: Double) -> Int? {
        guard let mean = differences.mean, let deviation = differences.standardDeviation else { return nil }
        let half = max(abs(mean), effect - abs(mean))
        // t ≤ h√n/s where |T| exceeds h√n/s in at most 5 %: no quantile is needed.
        func suffices(_ seeds: Int) -> Bool {
            guard deviation > 0 else { return true }
            let t = half * Double(seeds).squareRoot() / deviation
            return StudentT(degreesOfFreedom: Double(seeds - 1)).twoSidedProbability(of: t) <= 0.05
        }
        var (low, high) = (1, Self.seedsNeededMax)
        guard suffices(high) else { return nil }
        while high - low > 1 {
            let middle = (low + high) / 2
            if suffices(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
