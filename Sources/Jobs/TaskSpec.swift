/// One output of the network.
package struct TaskSpec: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case classification, binary, multilabel, regression
    }

    package enum Loss: String, Sendable, Hashable, CaseIterable {
        case crossEntropy = "cross_entropy"
        case binaryCrossEntropy = "binary_cross_entropy"
        case meanSquaredError = "mse"
        case meanAbsoluteError = "mae"
        case huber
    }

    package enum MissingLabel: Sendable, Hashable {
        /// −1 in integer NPZ targets of a classification, binary or multilabel task; none elsewhere.
        case standard
        /// No integer stands for a missing label.
        case none
        case value(Int)
    }

    package var name: String
    /// One column, or several for `multilabel` and for a regression with several outputs.
    package var targets: [String]
    package var kind: Kind
    package var loss: Loss
    /// The weight of strategy `static`.
    package var weight: Double
    package var missingLabel: MissingLabel
    package var labelSmoothing: Double
    /// By class name; classes not named weigh 1.
    package var classWeights: [String: Double]
    package var positiveWeight: Double
    /// Where Huber's loss turns from square to linear.
    package var delta: Double
    /// Whether a regression's targets are standardised for training.
    package var standardize: Bool
    /// Overrides `model.head`.
    package var headHidden: [Int]?

    package init(name: String, targets: [String], kind: Kind) {
        self.name = name
        self.targets = targets
        self.kind = kind
        loss = kind.losses[0]
        weight = 1
        missingLabel = .standard
        labelSmoothing = 0
        classWeights = [:]
        positiveWeight = 1
        delta = 1
        standardize = true
        headHidden = nil
    }
}

extension TaskSpec.Kind {
    /// The losses a task of this kind can be trained with, the default first; never empty.
    package var losses: [TaskSpec.Loss] {
        switch self {
        case .classification: [.crossEntropy]
        case .binary, .multilabel: [.binaryCrossEntropy]
        case .regression: [.meanSquaredError, .meanAbsoluteError, .huber]
        }
    }

    /// The metrics reported for a task of this kind.
    package var metrics: [String] {
        switch self {
        case .classification: ["accuracy", "top5_accuracy", "macro_f1", "roc_auc", "average_precision"]
        case .binary: ["accuracy", "macro_f1", "roc_auc", "average_precision"]
        case .multilabel: ["accuracy", "macro_f1", "roc_auc", "average_precision"]
        case .regression: ["rmse", "mae", "r2"]
        }
    }
}
