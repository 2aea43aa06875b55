import Glibc

/// Weights learned as the inverse of each task's noise (Kendall, Gal & Cipolla 2018).
///
/// The network's loss is Σ cᵢe^{−sᵢ}Lᵢ + ½sᵢ with s the logarithm of the variance: c = ½ for regression (Eq. 7) and 1 for
/// the classification kinds (Eq. 10). Both libraries use ½ for all, which is `form: uniform`; LibMTL starts s at −0.5,
/// torchjd and the paper at 0. s has an Adam of its own, without weight decay.
struct Uncertainty: LossStrategy {
    enum Form: String, CaseIterable, Sendable { case kendall, uniform }

    static let descriptor = StrategyDescriptor(
        name: "uncertainty", kind: .loss,
        summary: "Weights are learned with the network, as the inverse of each task's noise.",
        parameters: [form.parameter, initialLogVariance.parameter, learningRate.parameter],
        paper: Paper(
            title: "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and Semantics",
            source: "Kendall, Gal & Cipolla, CVPR 2018, arXiv 1705.07115",
            equation: "Eq. 7 and 10: e^(-s)·L + s/2, and e^(-s)·L/2 + s/2 for regression"))

    static let form = ParameterKey<Form>.choice(
        "form", default: .kendall, "One half before the losses of regression only, or of every task.")
    static let initialLogVariance = ParameterKey.number(
        "initial_log_variance", default: 0, .from(-20, to: 20), "Where each task's s starts.")
    static let learningRate = ParameterKey.number(
        "learning_rate", default: 0.001, .above(0, to: 10), "Of the Adam that learns s.")

    private let factors: [Double]
    private var logVariances: [Double]
    private var adam: Adam

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        let uniform = configuration[Self.form] == .uniform
        factors = tasks.map { uniform || $0.kind == .regression ? 0.5 : 1 }
        logVariances = Array(repeating: configuration[Self.initialLogVariance], count: tasks.count)
        adam = Adam(count: tasks.count, learningRate: configuration[Self.learningRate])
    }

    mutating func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        let weights = zip(factors, logVariances).map { factor, s in factor * exp(-s) }
        adam.step(&logVariances, gradients: zip(weights, losses).map { weight, loss in loss.map { 0.5 - weight * $0 } })
        return weights
    }

    var state: StrategyState {
        StrategyState(numbers: adam.state.merging(["log_variances": logVariances]) { _, new in new })
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        logVariances = try state.numbers("log_variances", count: logVariances.count)
        try adam.restore(state)
    }
}
