import Glibc

/// Weighs tasks by how far each is from its own optimum, so that noisy tasks do not take over (He et al. 2024, ExcessMTL).
///
/// Eᵢ = gᵢᵀHᵢ^{−1}gᵢ with Hᵢ the square root of the summed squared gradients (Eq. 6 and 7), over its first value;
/// wᵢ ∝ wᵢ·exp(ηEᵢ) (Eq. 9). The paper's weights sum to 1, LibMTL's to n (`scale: n`).
struct ExcessRisk: GradientStrategy {
    enum Scale: String, CaseIterable, Sendable { case one, n }

    static let descriptor = StrategyDescriptor(
        name: "excess", kind: .gradient, summary: "Weighs tasks by how far each is from its own optimum.",
        parameters: [stepSize.parameter, warmupSteps.parameter, scale.parameter],
        paper: Paper(
            title: "Robust Multi-Task Learning with Excess Risks", source: "He et al., ICML 2024, arXiv 2402.02009",
            equation: "Eq. 6, 7 and 9"),
        cost: StepCost(trunkBackwards: .perTask(1), vectorsKeptPerTask: 1), gradientInput: .vectors)

    static let stepSize = ParameterKey.number("step_size", default: 0.01, .above(0, to: 100), "η of the weights.")
    static let warmupSteps = ParameterKey.integer(
        "warmup_steps", default: 1, 1...1_000_000,
        "Steps with equal weights whose mean excess risk is the unit of the later ones.")
    static let scale = ParameterKey<Scale>.choice(
        "scale", default: .one, "What the weights sum to: one, or the number of tasks.")

    /// Keeps the square root away from 0, as the authors' code does.
    private static let margin: Float = 1e-7

    private let stepSize: Double
    private let warmupSteps: Double
    private let scale: Scale
    private var weights: SimplexWeights
    private var squareSums: TrackedVectors
    /// Each task's excess risks of the warm-up, summed, and their number.
    private var warmupSums: [Double]
    private var warmupCounts: [Double]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        stepSize = configuration[Self.stepSize]
        warmupSteps = Double(configuration[Self.warmupSteps])
        scale = configuration[Self.scale]
        weights = SimplexWeights(tasks: tasks.count)
        squareSums = TrackedVectors(tasks: tasks.count)
        warmupSums = tasks.map { _ in 0 }
        warmupCounts = warmupSums
    }

    mutating func update(
        _ step: GradientStep, gradients: Span<Float>, direction: inout MutableSpan<Float>,
        using random: inout some RandomNumberGenerator
    ) -> StrategyUpdate {
        let risks = step.tasks.map { excess(of: $0, gradients: gradients, width: direction.count) }
        let previous = weights.among(step.tasks)
        weights.update(step.tasks, softmax(zip(previous, risks).map { log($0) + stepSize * $1 }))
        let total = scale == .n ? Double(step.count) : 1
        return .combination(weights.among(step.tasks).map { $0 * total })
    }

    /// Adds the task's squared gradient to its sum and measures it; 0 during the warm-up.
    private mutating func excess(of task: Int, gradients: Span<Float>, width: Int) -> Double {
        let risk = squareSums.update(width: width) { sums in
            var risk = 0.0
            for index in (task * width)..<((task + 1) * width) {
                let square = gradients[index] * gradients[index]
                sums[index] += square
                risk += Double(square / (sums[index] + Self.margin).squareRoot())
            }
            return risk
        }
        guard warmupCounts[task] < warmupSteps else {
            let unit = warmupSums[task] / warmupCounts[task]
            return unit > 0 ? risk / unit : 0
        }
        warmupSums[task] += risk
        warmupCounts[task] += 1
        return 0
    }

    var state: StrategyState {
        let numbers = ["warmup_sums": warmupSums, "warmup_counts": warmupCounts]
        return StrategyState(
            numbers: weights.state.merging(numbers) { _, new in new }, vectors: ["square_sums": squareSums.rows])
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        warmupSums = try state.numbers("warmup_sums", count: warmupSums.count)
        warmupCounts = try state.numbers("warmup_counts", count: warmupCounts.count)
        try weights.restore(state)
        try squareSums.restore(state, "square_sums")
    }
}
