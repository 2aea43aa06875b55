package import Weighting

/// What a client asks to be trained, with every default filled in. Valid by construction when it comes from
/// `TrainingSpec(decoding:)`; whether it fits its data set is checked by `problems(with:)`.
package struct TrainingSpec: Sendable, Hashable {
    package var name: String?
    package var dataset: Identifier
    package var validation: Holdout
    package var test: Holdout?
    /// The input columns; nil for every column that is no target (NPZ: the array `x`).
    package var inputColumns: [String]?
    /// How columns of a table enter the network, by name, where it is not to be chosen from their content.
    package var inputEncodings: [String: ColumnEncoding]
    package var tasks: [TaskSpec]
    package var model: ModelSpec
    package var weighting: WeightingConfiguration
    package var optimizer: OptimizerSpec
    package var schedule: ScheduleSpec
    package var epochs: Int
    package var batchSize: Int
    /// Drives training only: initialisation, shuffling, dropout, augmentation. The split has its own.
    package var seed: UInt64
    package var threads: Int
    package var gradientClipNorm: Double?
    package var initialModel: Identifier?
    package var diagnostics: Bool
    package var earlyStopping: EarlyStoppingSpec?
    package var checkpoint: CheckpointSpec
    package var priority: Int
    package var deadline: Timestamp?
    package var maxRuntimeSeconds: Int?
    package var maxAttempts: Int
    package var labels: [String: String]

    /// The spec with every default, for a data set and its tasks.
    package init(dataset: Identifier, tasks: [TaskSpec], weighting: WeightingConfiguration) {
        name = nil
        self.dataset = dataset
        validation = .fraction(0.2, seed: 0, stratifyBy: nil)
        test = nil
        inputColumns = nil
        inputEncodings = [:]
        self.tasks = tasks
        model = ModelSpec(encoder: .mlp(MLPSpec()), headHidden: [])
        self.weighting = weighting
        optimizer = OptimizerSpec()
        schedule = ScheduleSpec()
        epochs = 20
        batchSize = 64
        seed = 1
        threads = 1
        gradientClipNorm = nil
        initialModel = nil
        diagnostics = false
        earlyStopping = nil
        checkpoint = CheckpointSpec()
        priority = 0
        deadline = nil
        maxRuntimeSeconds = nil
        maxAttempts = 3
        labels = [:]
    }

    /// The data sets the spec names.
    package var datasets: Set<Identifier> {
        var named: Set<Identifier> = [dataset]
        if case .dataset(let identifier) = validation { named.insert(identifier) }
        if case .dataset(let identifier) = test { named.insert(identifier) }
        return named
    }
}

/// Rows set apart from training.
package enum Holdout: Sendable, Hashable {
    /// Drawn from the data set by its own seed, stratified by a column's values if one is named.
    case fraction(Double, seed: UInt64, stratifyBy: String?)
    /// A data set of its own.
    case dataset(Identifier)
}

package struct ModelSpec: Sendable, Hashable {
    package var encoder: EncoderSpec
    /// Hidden layers of every head.
    package var headHidden: [Int]

    package init(encoder: EncoderSpec, headHidden: [Int]) {
        self.encoder = encoder
        self.headHidden = headHidden
    }
}

package struct OptimizerSpec: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case sgd, adam, adamw
    }

    package var kind: Kind
    package var learningRate: Double
    /// Of `sgd`.
    package var momentum: Double
    package var nesterov: Bool
    /// Decay rates of the first and second moment, of `adam` and `adamw`.
    package var betas: [Double]
    package var epsilon: Double
    /// L2 for `sgd` and `adam`, decoupled for `adamw`.
    package var weightDecay: Double

    package init(
        kind: Kind = .adam, learningRate: Double = 0.001, momentum: Double = 0, nesterov: Bool = false,
        betas: [Double] = [0.9, 0.999], epsilon: Double = 1e-8, weightDecay: Double = 0
    ) {
        self.kind = kind
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
        self.betas = betas
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// How the learning rate moves.
package struct ScheduleSpec: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case constant, step, exponential, cosine
        case oneCycle = "one_cycle"
    }

    package var kind: Kind
    /// Epochs of linear warm-up before the schedule proper.
    package var warmupEpochs: Int
    /// Epochs between two steps of `step`.
    package var stepEpochs: Int
    /// The factor of `step` and `exponential`.
    package var gamma: Double
    /// The peak of `one_cycle`; nil for the optimiser's learning rate.
    package var learningRateMax: Double?

    package init(
        kind: Kind = .constant, warmupEpochs: Int = 0, stepEpochs: Int = 10, gamma: Double? = nil,
        learningRateMax: Double? = nil
    ) {
        self.kind = kind
        self.warmupEpochs = warmupEpochs
        self.stepEpochs = stepEpochs
        self.gamma = gamma ?? (kind == .exponential ? 0.95 : 0.1)
        self.learningRateMax = learningRateMax
    }
}

package struct EarlyStoppingSpec: Sendable, Hashable {
    package enum Monitor: Sendable, Hashable {
        case validationLoss
        case metric(task: String, metric: String)
    }

    /// Epochs without an improvement before the run ends.
    package var patience: Int
    package var monitor: Monitor

    package init(patience: Int, monitor: Monitor = .validationLoss) {
        self.patience = patience
        self.monitor = monitor
    }
}

package struct CheckpointSpec: Sendable, Hashable {
    package var everyEpochs: Int
    /// Additional checkpoints within an epoch; nil for none.
    package var everySeconds: Int?
    /// How many end-of-epoch checkpoints are kept.
    package var keep: Int

    package init(everyEpochs: Int = 1, everySeconds: Int? = nil, keep: Int = 2) {
        self.everyEpochs = everyEpochs
        self.everySeconds = everySeconds
        self.keep = keep
    }
}
