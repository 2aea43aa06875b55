package import Datasets
package import Jobs
import Kernels
package import Weighting

/// A task as training sees it: its spec, together with what the training rows said about its targets.
package struct TaskPlan: Sendable, Hashable {
    package let name: String
    package let kind: TaskSpec.Kind
    package let loss: TaskSpec.Loss
    /// Class names in the order of the probabilities: of a classification every class, of a binary task the negative
    /// and the positive one, of a multilabel task its labels; of a regression none.
    package let classes: [String]
    /// Numbers that the head gives for a row.
    package let outputs: Int
    /// Of each regression output: `value = trained value · deviation + mean`.
    package let means: [Double]
    package let deviations: [Double]
    package let labelSmoothing: Double
    /// One a class, nil where all weigh 1.
    package let classWeights: [Double]?
    package let positiveWeight: Double
    package let delta: Double
    package let headHidden: [Int]?
    /// Used by strategy `static` only.
    package let staticWeight: Double

    package init(_ spec: TaskSpec, _ target: TargetPreprocessing) {
        name = spec.name
        kind = spec.kind
        loss = spec.loss
        classes = target.classes
        outputs = target.outputs
        if case .regression(_, let means, let deviations) = target.kind {
            (self.means, self.deviations) = (means, deviations)
        } else {
            (means, deviations) = ([], [])
        }
        labelSmoothing = spec.labelSmoothing
        classWeights = spec.classWeights.isEmpty ? nil : target.classes.map { spec.classWeights[$0] ?? 1 }
        positiveWeight = spec.positiveWeight
        delta = spec.delta
        headHidden = spec.headHidden
        staticWeight = spec.weight
    }

    /// What the network needs to know of it.
    package var headPlan: NetworkPlan.HeadPlan {
        NetworkPlan.HeadPlan(task: name, outputs: outputs, hidden: headHidden)
    }

    /// What the weighting may know of it.
    package var weighted: WeightedTask {
        let kind: WeightedTask.Kind =
            switch self.kind {
            case .classification: .classification
            case .binary: .binary
            case .multilabel: .multilabel
            case .regression: .regression
            }
        return WeightedTask(name: name, kind: kind, staticWeight: staticWeight)
    }

    var distance: Distance {
        switch loss {
        case .meanAbsoluteError: .absolute
        case .huber: .huber(delta: delta)
        case .meanSquaredError, .crossEntropy, .binaryCrossEntropy: .squared
        }
    }
}
