import Glibc

/// Learned scales that bring every loss to the same size (Liu et al. 2021, IMTL-L).
///
/// The network's loss is Σ e^{sᵢ}Lᵢ − sᵢ (IMTL-L with base e), so e^{sᵢ}Lᵢ is drawn to 1. s has an Adam of its own.
struct ImpartialLosses: LossStrategy {
    static let descriptor = StrategyDescriptor(
        name: "imtl_l", kind: .loss, summary: "Learned scales bring every loss to the same size.",
        parameters: [learningRate.parameter],
        paper: Paper(
            title: "Towards Impartial Multi-task Learning", source: "Liu et al., ICLR 2021",
            equation: "the scaled loss of IMTL-L: e^s·L - s"),
        requiresPositiveLosses: true)

    static let learningRate = ParameterKey.number(
        "learning_rate", default: 0.001, .above(0, to: 10), "Of the Adam that learns s.")

    private var logScales: [Double]
    private var adam: Adam

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        logScales = Array(repeating: 0, count: tasks.count)
        adam = Adam(count: tasks.count, learningRate: configuration[Self.learningRate])
    }

    mutating func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        let weights = logScales.map { exp($0) }
        adam.step(&logScales, gradients: zip(weights, losses).map { weight, loss in loss.map { weight * $0 - 1 } })
        return weights
    }

    var state: StrategyState {
        StrategyState(numbers: adam.state.merging(["log_scales": logScales]) { _, new in new })
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        logScales = try state.numbers("log_scales", count: logScales.count)
        try adam.restore(state)
    }
}
