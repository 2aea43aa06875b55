/// The mean gradient, projected onto the cone of directions that raise no loss (Lopez-Paz & Ranzato 2017, as in torchjd).
struct DualProjection: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "dualproj", kind: .gradient, summary: "The mean gradient, made to conflict with none.",
        parameters: [DualCone.preference.parameter, DualCone.regularisation.parameter],
        paper: Paper(
            title: "Gradient Episodic Memory for Continual Learning",
            source: "Lopez-Paz & Ranzato, NeurIPS 2017, arXiv 1706.08840", equation: "Eq. 11, on the mean gradient"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    private let preference: [Double]
    private let regularisation: Double

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        preference = configuration[DualCone.preference]
        regularisation = configuration[DualCone.regularisation]
    }

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        DualCone.project(step.preference(preference), DualCone.regularised(step.gramian, regularisation))
    }
}
