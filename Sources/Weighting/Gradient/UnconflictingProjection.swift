/// The mean of the gradients after each was projected onto the cone of directions that raise no loss (Quinton & Rey 2024).
struct UnconflictingProjection: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "upgrad", kind: .gradient, summary: "The mean of the gradients, each made to conflict with none.",
        parameters: [DualCone.preference.parameter, DualCone.regularisation.parameter],
        paper: Paper(
            title: "Jacobian Descent for Multi-Objective Optimization",
            source: "Quinton & Rey, 2024, arXiv 2406.16232", equation: "Prop. 1, for each row of the identity over n"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    private let preference: [Double]
    private let regularisation: Double

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        preference = configuration[DualCone.preference]
        regularisation = configuration[DualCone.regularisation]
    }

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let gramian = DualCone.regularised(step.gramian, regularisation)
        var sums = Array(repeating: 0.0, count: step.count)
        for (index, weight) in step.preference(preference).enumerated() {
            var unit = Array(repeating: 0.0, count: step.count)
            unit[index] = weight
            guard let projected = DualCone.project(unit, gramian) else { return nil }
            for k in sums.indices { sums[k] += projected[k] }
        }
        return sums
    }
}
