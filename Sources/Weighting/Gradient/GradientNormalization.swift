import Glibc

/// Learns weights that bring the gradients' norms to a common rate of training (Chen et al. 2018, GradNorm).
///
/// With Gᵢ = wᵢ‖gᵢ‖ at the last shared layer and rᵢ the loss over its first one relative to the mean of those, w descends
/// Σ|Gᵢ − Ḡrᵢ^α| (Eq. 2) by an Adam of its own and is scaled to sum to n. LibMTL takes all shared parameters
/// (`layer: all_shared`) and a softmax for w. The weights of a step are those before its update, as in Alg. 1.
struct GradientNormalization: CombinationStrategy {
    enum Layer: String, CaseIterable, Sendable {
        case lastShared = "last_shared"
        case allShared = "all_shared"
    }

    static let descriptor = StrategyDescriptor(
        name: "gradnorm", kind: .gradient, summary: "Learns weights that bring gradient norms to a common rate.",
        parameters: [restoringForce.parameter, layer.parameter, learningRate.parameter],
        paper: Paper(
            title: "GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask Networks",
            source: "Chen, Badrinarayanan, Lee & Rabinovich, ICML 2018, arXiv 1711.02257", equation: "Eq. 2, Alg. 1"),
        gradientInput: .lastSharedLayer, requiresPositiveLosses: true)

    static let restoringForce = ParameterKey.number(
        "alpha", default: 1.5, .from(0, to: 100), "α: how hard slow tasks are pulled along.")
    static let layer = ParameterKey<Layer>.choice(
        "layer", default: .lastShared, "Where the norms are taken: the last shared layer, or all shared parameters.")
    static let learningRate = ParameterKey.number(
        "learning_rate", default: 0.025, .above(0, to: 10), "Of the Adam that learns the weights.")

    /// A weight is kept from reaching 0, where it could not say which way to go.
    private static let weightMin = 1e-6

    let gradientInput: StrategyDescriptor.GradientInput
    let cost: StepCost
    private let restoringForce: Double
    private var weights: [Double]
    private var adam: Adam
    /// Each task's first loss above 0.
    private var initial: [Double?]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        let everywhere = configuration[Self.layer] == .allShared
        gradientInput = everywhere ? .gramian : .lastSharedLayer
        cost = everywhere ? .oneBackwardPerTask : StepCost()
        restoringForce = configuration[Self.restoringForce]
        weights = Array(repeating: 1, count: tasks.count)
        adam = Adam(count: tasks.count, learningRate: configuration[Self.learningRate])
        initial = Array(repeating: nil, count: tasks.count)
    }

    mutating func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let used = step.tasks.map { weights[$0] }
        let norms = step.gramian.diagonal.map { max($0, 0).squareRoot() }
        let weighted = zip(used, norms).map { $0 * $1 }
        let mean = weighted.reduce(0, +) / Double(step.count)
        var gradients = weights.map { _ in Double?.none }
        for (index, rate) in relativeRates(step).enumerated() {
            let excess = weighted[index] - mean * pow(rate, restoringForce)
            gradients[step.tasks[index]] = excess == 0 ? 0 : (excess > 0 ? norms[index] : -norms[index])
        }
        adam.step(&weights, gradients: gradients)
        renormalise()
        return used
    }

    /// rᵢ: each loss over its first one, relative to the mean of those.
    private mutating func relativeRates(_ step: GradientStep) -> [Double] {
        for (task, loss) in zip(step.tasks, step.losses) where initial[task] == nil && loss > 0 { initial[task] = loss }
        let ratios = zip(step.tasks, step.losses).map { task, loss in initial[task].map { max(loss, 0) / $0 } ?? 1 }
        let mean = ratios.reduce(0, +) / Double(ratios.count)
        return ratios.map { mean > 0 && mean.isFinite ? $0 / mean : 1 }
    }

    private mutating func renormalise() {
        weights = weights.map { max($0, Self.weightMin) }
        let total = weights.reduce(0, +)
        weights = weights.map { $0 * Double(weights.count) / total }
    }

    var state: StrategyState {
        StrategyState(numbers: adam.state.merging(["weights": weights, "initial": initial.known]) { _, new in new })
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        weights = try state.numbers("weights", count: weights.count)
        initial = try state.optionals("initial", count: initial.count)
        try adam.restore(state)
    }
}
