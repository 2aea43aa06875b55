/// Some measurements of one thing, such as a metric over seeds.
package struct Sample: Sendable, Equatable {
    package let values: [Double]

    package init(_ values: [Double]) {
        self.values = values
    }

    package var count: Int { values.count }

    /// Nil of nothing.
    package var mean: Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(count)
    }

    /// With n − 1 below; nil of fewer than two, and 0 where values differ by no more than the mean's rounding.
    package var standardDeviation: Double? {
        guard count > 1, let mean else { return nil }
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
        return deviation <= 1e-14 * abs(mean) ? 0 : deviation
    }

    /// Student's 95 % interval of the mean; nil of fewer than two.
    package var interval: ClosedRange<Double>? {
        guard let mean, let standardDeviation else { return nil }
        let t = StudentT(degreesOfFreedom: Double(count - 1)).twoSidedQuantile(exceededWith: 0.05)
        let half = t * standardDeviation / Double(count).squareRoot()
        return half.isFinite ? (mean - half)...(mean + half) : nil
    }

    /// Student's two-sided p of the mean being 0; nil of fewer than two, and where the values do not vary at all, for then
    /// they are no sample of anything.
    package var probabilityOfZeroMean: Double? {
        guard let mean, let standardDeviation else { return nil }
        // Rounding of equal values is no variation.
        guard standardDeviation > 1e-12 * abs(mean) else { return mean == 0 ? 1 : nil }
        let t = mean / (standardDeviation / Double(count).squareRoot())
        return StudentT(degreesOfFreedom: Double(count - 1)).twoSidedProbability(of: t)
    }

    /// The percentile bootstrap's 95 % interval of the mean, from 10,000 resamples; nil of fewer than eight, of which the
    /// bootstrap makes intervals that are too narrow.
    package func bootstrapInterval(seed: UInt64 = 1) -> ClosedRange<Double>? {
        guard count >= Self.bootstrapCountMin else { return nil }
        var random = SplitMix(state: seed)
        let means = (0..<Self.resamples).map { _ in
            (0..<count).reduce(0) { sum, _ in sum + values[Int(random.next() % UInt64(count))] } / Double(count)
        }.sorted()
        return means[Self.resamples / 40]...means[Self.resamples - 1 - Self.resamples / 40]
    }

    package static let bootstrapCountMin = 8
    private static let resamples = 10_000
}

/// Steele, Lea & Flood's generator: enough for resampling, and the same everywhere.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
