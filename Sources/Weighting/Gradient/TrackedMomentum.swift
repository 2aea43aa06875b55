import Glibc

/// Min-norm weights on running means of the gradients, which corrects the bias of mini-batches (Fernando et al. 2023, MoCo).
///
/// y ← y − β(y − g), λ ← Π(λ − γ(YYᵀ + ρI)λ), d = Σλᵢyᵢ (Alg. 1), with β and γ falling as step^{−decay}. LibMTL has a
/// softmax for the projection Π and the gradients scaled to their losses' size (`gradients: loss_sized`).
struct TrackedMomentum: GradientStrategy {
    enum Projection: String, CaseIterable, Sendable { case simplex, softmax }
    enum Gradients: String, CaseIterable, Sendable {
        case plain
        case lossSized = "loss_sized"
    }

    static let descriptor = StrategyDescriptor(
        name: "moco", kind: .gradient, summary: "Min-norm weights on running means of the gradients.",
        parameters: [
            trackingRate.parameter, trackingDecay.parameter, weightRate.parameter, weightDecay.parameter,
            regularisation.parameter, projection.parameter, gradients.parameter,
        ],
        paper: Paper(
            title: "Mitigating Gradient Bias in Multi-objective Learning: A Provably Convergent Approach",
            source: "Fernando et al., ICLR 2023, arXiv 2210.12624", equation: "Alg. 1"),
        cost: StepCost(trunkBackwards: .perTask(1), vectorsKeptPerTask: 1), gradientInput: .vectors)

    static let trackingRate = ParameterKey.number("beta", default: 0.5, .above(0, to: 1), "β of the running means.")
    static let trackingDecay = ParameterKey.number(
        "beta_decay", default: 0.5, .from(0, to: 1), "β falls as the step's number to minus this.")
    static let weightRate = ParameterKey.number("gamma", default: 0.1, .above(0, to: 100), "γ of the weights.")
    static let weightDecay = ParameterKey.number(
        "gamma_decay", default: 0.5, .from(0, to: 1), "γ falls as the step's number to minus this.")
    static let regularisation = ParameterKey.number(
        "rho", default: 0, .from(0, to: 100), "ρ: pulls towards equal weights.")
    static let projection = ParameterKey<Projection>.choice(
        "projection", default: .simplex, "How the weights return to the simplex.")
    static let gradients = ParameterKey<Gradients>.choice(
        "gradients", default: .plain, "The gradients as they are, or each scaled to the size of its loss.")

    private let trackingRate: Double
    private let trackingDecay: Double
    private let weightRate: Double
    private let weightDecay: Double
    private let regularisation: Double
    private let projection: Projection
    private let gradients: Gradients
    private var steps = 0
    private var weights: SimplexWeights
    private var tracked: TrackedVectors

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        trackingRate = configuration[Self.trackingRate]
        trackingDecay = configuration[Self.trackingDecay]
        weightRate = configuration[Self.weightRate]
        weightDecay = configuration[Self.weightDecay]
        regularisation = configuration[Self.regularisation]
        projection = configuration[Self.projection]
        gradients = configuration[Self.gradients]
        weights = SimplexWeights(tasks: tasks.count)
        tracked = TrackedVectors(tasks: tasks.count)
    }

    mutating func update(
        _ step: GradientStep, gradients: Span<Float>, direction: inout MutableSpan<Float>,
        using random: inout some RandomNumberGenerator
    ) -> StrategyUpdate {
        steps += 1
        let beta = trackingRate / pow(Double(steps), trackingDecay)
        for (index, task) in step.tasks.enumerated() {
            let scale = scale(loss: step.losses[index], norm: step.gramian[index, index].squareRoot())
            tracked.move(
                task, rate: Float(beta), scale: Float(scale), gradients: gradients, width: direction.count)
        }
        weights.update(step.tasks, learned(weights.among(step.tasks), tracked.gramian(of: step.tasks)))
        let coefficients = weights.among(step.tasks)
        tracked.combine(step.tasks, coefficients, into: &direction)
        return .written(effectiveWeights: coefficients)
    }

    private func scale(loss: Double, norm: Double) -> Double {
        gradients == .plain ? 1 : loss / (norm + 1e-8)
    }

    private func learned(_ lambda: [Double], _ gramian: SquareMatrix) -> [Double] {
        let gamma = weightRate / pow(Double(steps), weightDecay)
        let pull = gramian * lambda
        let moved = lambda.indices.map { lambda[$0] - gamma * (pull[$0] + regularisation * lambda[$0]) }
        return projection == .simplex ? Simplex.projection(of: moved) : softmax(moved)
    }

    var state: StrategyState {
        let numbers = ["steps": [Double(steps)]]
        return StrategyState(
            numbers: weights.state.merging(numbers) { _, new in new }, vectors: ["tracked": tracked.rows])
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        steps = try state.count("steps")
        try weights.restore(state)
        try tracked.restore(state, "tracked")
    }
}
