import Glibc

/// Gradients of log losses, smoothed and brought to one length (Lin et al. 2023, DB-MTL).
///
/// ĝᵢ ← β_kĝᵢ + (1−β_k)∇log Lᵢ and d = Σ αᵢĝᵢ with αᵢ = max‖ĝ‖/‖ĝᵢ‖ (Alg. 1); β_k = β/k^{decay}. The effective weight
/// is that of the smoothed gradient, αᵢ, times 1/Lᵢ for its logarithm.
struct DualBalancing: GradientStrategy {
    static let descriptor = StrategyDescriptor(
        name: "db_mtl", kind: .gradient, summary: "Gradients of log losses, smoothed and brought to one length.",
        parameters: [smoothing.parameter, smoothingDecay.parameter],
        paper: Paper(
            title: "Dual-Balancing for Multi-Task Learning", source: "Lin et al., 2023, arXiv 2308.12029",
            equation: "Alg. 1"),
        cost: StepCost(trunkBackwards: .perTask(1), vectorsKeptPerTask: 1), gradientInput: .vectors,
        requiresPositiveLosses: true)

    static let smoothing = ParameterKey.number(
        "beta", default: 0.9, .from(0, below: 1), "β: how much of the smoothed gradient is kept.")
    static let smoothingDecay = ParameterKey.number(
        "beta_decay", default: 0, .from(0, to: 1), "β falls as the step's number to minus this.")

    /// Added to a loss before its logarithm, as in the authors' code.
    private static let margin = 1e-8

    private let smoothing: Double
    private let smoothingDecay: Double
    private var steps = 0
    private var smoothed: TrackedVectors

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        smoothing = configuration[Self.smoothing]
        smoothingDecay = configuration[Self.smoothingDecay]
        smoothed = TrackedVectors(tasks: tasks.count)
    }

    mutating func update(
        _ step: GradientStep, gradients: Span<Float>, direction: inout MutableSpan<Float>,
        using random: inout some RandomNumberGenerator
    ) -> StrategyUpdate {
        steps += 1
        let beta = smoothing / pow(Double(steps), smoothingDecay)
        let inverses = step.losses.map { 1 / (max($0, 0) + Self.margin) }
        for (task, inverse) in zip(step.tasks, inverses) {
            smoothed.move(
                task, rate: Float(1 - beta), scale: Float(inverse), gradients: gradients, width: direction.count)
        }
        let norms = step.tasks.map { smoothed.gramian(of: [$0])[0, 0].squareRoot() }
        let longest = norms.max() ?? 0
        let balance = norms.map { $0 > 0 ? longest / $0 : 0 }
        smoothed.combine(step.tasks, balance, into: &direction)
        return .written(effectiveWeights: zip(balance, inverses).map { $0 * $1 })
    }

    var state: StrategyState {
        StrategyState(numbers: ["steps": [Double(steps)]], vectors: ["smoothed": smoothed.rows])
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        steps = try state.count("steps")
        try smoothed.restore(state, "smoothed")
    }
}
