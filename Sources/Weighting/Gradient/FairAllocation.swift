/// The direction that is α-fair to the tasks' progress (Ban & Ji 2024, FairGrad).
///
/// w > 0 with GᵀGw = w^{−1/α} (Eq. 4): α → 0 is the sum of gradients, 1 is Nash bargaining, α → ∞ is max-min fairness.
struct FairAllocation: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "fairgrad", kind: .gradient, summary: "The direction that is α-fair to the tasks' progress.",
        parameters: [fairness.parameter],
        paper: Paper(
            title: "Fair Resource Allocation in Multi-Task Learning", source: "Ban & Ji, ICML 2024, arXiv 2402.15638",
            equation: "Eq. 4: GᵀG·w = w^(-1/α)"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    static let fairness = ParameterKey.number(
        "alpha", default: 1, .from(0.1, to: 100), "α: the larger, the more the slowest task counts.")

    private let fairness: Double

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        fairness = configuration[Self.fairness]
    }

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        PowerEquation.solve(step.gramian, power: 1 / fairness)
    }
}
