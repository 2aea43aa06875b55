/// Min-norm weights learned by one projected step at a time, from independent mini-batches (Chen et al. 2023, MoDo).
///
/// λ ← Π(λ − γ(G₁G₂ᵀ + ρI)λ) with the first and second mini-batch of the step (Alg. 1); d = Σλᵢgᵢ on the third, as in
/// LibMTL and the authors' code with three gradients, where the paper's Eq. 2.9 takes the mean of the first two.
struct DoubleSampling: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "modo", kind: .gradient, summary: "Min-norm weights learned one step at a time, without bias.",
        parameters: [learningRate.parameter, regularisation.parameter],
        paper: Paper(
            title:
                "Three-Way Trade-Off in Multi-Objective Learning: Optimization, Generalization and Conflict-Avoidance",
            source: "Chen, Fernando, Ying & Chen, NeurIPS 2023, arXiv 2305.20057", equation: "Alg. 1"),
        cost: StepCost(forwards: 3, trunkBackwards: .perTask(3), batchesPerStep: 3), gradientInput: .crossGramian)

    static let learningRate = ParameterKey.number(
        "gamma", default: 0.001, .above(0, to: 100), "γ of the weights; LibMTL has 0.001, torchjd 0.1.")
    static let regularisation = ParameterKey.number(
        "rho", default: 0.1, .from(0, to: 100), "ρ: pulls towards equal weights.")

    private let learningRate: Double
    private let regularisation: Double
    private var weights: SimplexWeights

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        learningRate = configuration[Self.learningRate]
        regularisation = configuration[Self.regularisation]
        weights = SimplexWeights(tasks: tasks.count)
    }

    mutating func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let lambda = weights.among(step.tasks)
        let pull = step.gramian * lambda
        let moved = lambda.indices.map { lambda[$0] - learningRate * (pull[$0] + regularisation * lambda[$0]) }
        let projected = Simplex.projection(of: moved)
        weights.update(step.tasks, projected)
        return projected
    }

    var state: StrategyState { StrategyState(numbers: weights.state) }

    mutating func restore(_ state: StrategyState) throws(StateError) { try weights.restore(state) }
}
