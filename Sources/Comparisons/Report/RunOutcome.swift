/// What a finished run of a comparison came to.
package struct RunOutcome: Sendable {
    package var key: RunKey
    /// The epoch whose parameters were taken, chosen on the validation part.
    package var epoch: Int
    /// The unweighted sum of the tasks' validation losses at that epoch; what learning rates are chosen by.
    package var validationLoss: Double?
    /// On the test part, by task and metric.
    package var testMetrics: [String: [String: Double]]
    /// Training time.
    package var seconds: Double
    /// Of the processor, over all threads of the run; nil where it was not measured.
    package var cpuSeconds: Double?
    /// By task, the rows of the test part that have a label; empty where it is not known.
    package var testRows: [String: Int] = [:]
    /// The last epoch that was trained, where it is known.
    package var lastEpoch: Int?
    /// Whether it trained all its epochs.
    package var isCompleted = false
    /// The sum of the tasks' effective weights, mean over epochs.
    package var weightSum: Double?

    package init(
        key: RunKey, epoch: Int, validationLoss: Double?, testMetrics: [String: [String: Double]], seconds: Double
    ) {
        self.key = key
        self.epoch = epoch
        self.validationLoss = validationLoss
        self.testMetrics = testMetrics
        self.seconds = seconds
    }

    /// Its last epoch did best on the validation part: more epochs may do better.
    var isUnfinished: Bool { isCompleted && validationLoss != nil && lastEpoch == epoch }
}

/// A run of a comparison, wherever it stands.
package enum ComparedRun: Sendable {
    case pending(RunKey)
    case succeeded(RunOutcome)
    /// The reason is a code: `diverged`, `crashed`, `cancelled`, ….
    case failed(RunKey, reason: String)

    package var key: RunKey {
        switch self {
        case .pending(let key), .failed(let key, _): key
        case .succeeded(let outcome): outcome.key
        }
    }

    var outcome: RunOutcome? {
        guard case .succeeded(let outcome) = self else { return nil }
        return outcome
    }

    package var isPending: Bool {
        if case .pending = self { true } else { false }
    }
}

/// Which run of a comparison.
package struct RunKey: Sendable, Hashable {
    package var arm: Arm
    package var seed: UInt64
    /// Nil for the base's own.
    package var learningRate: Double?

    package init(arm: Arm, seed: UInt64, learningRate: Double?) {
        self.arm = arm
        self.seed = seed
        self.learningRate = learningRate
    }
}

/// One thing compared: trained once for every seed and learning rate.
package enum Arm: Sendable, Hashable {
    /// A weighting strategy, by its label.
    case strategy(String)
    /// A strategy that was asked for as a baseline, by its label.
    case baseline(String)
    /// A network for one task alone.
    case singleTask(String)
    /// A point of the grid of static weights, one a task.
    case grid([Double])

    /// As answers name it.
    package var label: String {
        switch self {
        case .strategy(let label), .baseline(let label): label
        case .singleTask: "single_task"
        case .grid(let weights): "static(" + weights.map(Self.short).joined(separator: ",") + ")"
        }
    }

    package static let equal = Arm.strategy("equal")

    private static func short(_ weight: Double) -> String {
        let hundredths = (weight * 1000).rounded() / 1000
        return hundredths == hundredths.rounded() ? "\(Int(hundredths))" : "\(hundredths)"
    }
}
