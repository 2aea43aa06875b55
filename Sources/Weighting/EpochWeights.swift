/// What an epoch's row says of the weighting.
package struct EpochWeights: Sendable, Equatable {
    /// The mean effective weight over the batches in which the task had labels; nil if there was none.
    package let weights: [Double?]
    /// wᵢ / Σ|w|; nil where the weight is, or where all weights are 0.
    package let shares: [Double?]
    /// Steps whose small program could not be solved, so that the weights before were used again.
    package let solverFallbacks: Int

    init(weights: [Double?], solverFallbacks: Int) {
        let total = weights.reduce(0) { $0 + abs($1 ?? 0) }
        self.weights = weights
        self.shares = weights.map { weight in total > 0 && total.isFinite ? weight.map { $0 / total } : nil }
        self.solverFallbacks = solverFallbacks
    }
}

/// The running mean of each task's effective weight over an epoch's batches.
struct EffectiveWeightMean: Sendable, Equatable {
    private var sums: [Double]
    private var batches: [Double]
    private var solverFallbacks = 0

    init(tasks: Int) {
        sums = Array(repeating: 0, count: tasks)
        batches = sums
    }

    mutating func add(_ weight: Double, task: Int) {
        sums[task] += weight
        batches[task] += 1
    }

    mutating func addFallback() {
        solverFallbacks += 1
    }

    var epoch: EpochWeights {
        let weights = zip(sums, batches).map { sum, count in count > 0 ? sum / count : nil }
        return EpochWeights(weights: weights, solverFallbacks: solverFallbacks)
    }

    /// Saved with the strategy, because a checkpoint may fall within an epoch.
    var state: [String: [Double]] {
        ["epoch.sums": sums, "epoch.batches": batches, "epoch.fallbacks": [Double(solverFallbacks)]]
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        sums = try state.numbers("epoch.sums", count: sums.count)
        batches = try state.numbers("epoch.batches", count: batches.count)
        solverFallbacks = try state.count("epoch.fallbacks")
    }
}
