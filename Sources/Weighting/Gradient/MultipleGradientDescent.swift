/// The convex combination of the gradients with the smallest norm, which lowers every loss (Désidéri 2012; Sener & Koltun
/// 2018, Alg. 2).
///
/// A norm other than `none` measures each gradient in units of its length, its loss or both before the program is solved.
/// The authors' code then applies the weights to the gradients as they are; LibMTL to the normalised ones.
struct MultipleGradientDescent: CombinationStrategy {
    enum Normalization: String, CaseIterable, Sendable {
        case none, l2, loss
        case lossTimesL2 = "loss+"
    }
    enum AppliedTo: String, CaseIterable, Sendable {
        case gradients
        case normalizedGradients = "normalized_gradients"
    }

    static let descriptor = StrategyDescriptor(
        name: "mgda", kind: .gradient, summary: "The smallest convex combination of the gradients.",
        parameters: [normalization.parameter, appliedTo.parameter],
        paper: Paper(
            title: "Multi-Task Learning as Multi-Objective Optimization",
            source: "Sener & Koltun, NeurIPS 2018, arXiv 1810.04650; Désidéri, 2012",
            equation: "Alg. 2: min ‖Σ α_i g_i‖² over the simplex"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    static let normalization = ParameterKey<Normalization>.choice(
        "norm", default: .none, "What each gradient is divided by before the program is solved.")
    static let appliedTo = ParameterKey<AppliedTo>.choice(
        "applied_to", default: .gradients, "What the weights combine: the gradients, or the normalised ones.")

    private let normalization: Normalization
    private let appliedTo: AppliedTo

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        normalization = configuration[Self.normalization]
        appliedTo = configuration[Self.appliedTo]
    }

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let factors = zip(step.losses, step.gramian.diagonal).map { loss, square in
            // A gradient or loss of 0 has no unit and is left as it is.
            let unit = self.unit(loss: loss, norm: square.squareRoot())
            return unit > 0 && (1 / unit).isFinite ? 1 / unit : 1
        }
        guard let weights = MinimumNorm.weights(step.gramian.scaled(by: factors)) else { return nil }
        return appliedTo == .gradients ? weights : zip(weights, factors).map { $0 * $1 }
    }

    private func unit(loss: Double, norm: Double) -> Double {
        switch normalization {
        case .none: 1
        case .l2: norm
        case .loss: loss
        case .lossTimesL2: loss * norm
        }
    }
}
