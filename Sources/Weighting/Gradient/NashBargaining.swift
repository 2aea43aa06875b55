/// The Nash bargaining solution between the tasks (Navon et al. 2022, Nash-MTL).
///
/// α > 0 with GᵀGα = 1/α (Alg. 1): no task can gain a fraction of its progress without another losing more. The authors'
/// code divides the Gramian by its norm first, so that steps shrink with the gradients (`gramian: normalized`), and scales
/// the direction down to `max_norm`, 1 there.
struct NashBargaining: CombinationStrategy {
    enum Gramian: String, CaseIterable, Sendable { case plain, normalized }

    static let descriptor = StrategyDescriptor(
        name: "nash_mtl", kind: .gradient, summary: "The Nash bargaining solution between the tasks.",
        parameters: [gramian.parameter, updateEvery.parameter, maxNorm.parameter],
        paper: Paper(
            title: "Multi-Task Learning as a Bargaining Game",
            source: "Navon et al., ICML 2022, arXiv 2202.01017", equation: "Alg. 1: GᵀG·α = 1/α"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    static let gramian = ParameterKey<Gramian>.choice(
        "gramian", default: .plain, "The inner products as they are, or divided by their Frobenius norm.")
    static let updateEvery = ParameterKey.integer(
        "update_every", default: 1, 1...10_000, "Steps between solutions; in between the last is used again.")
    static let maxNorm = ParameterKey.number(
        "max_norm", default: 0, .from(0, to: 1e12), "Scales a longer direction down to this length; 0 for never.")

    private let gramian: Gramian
    private let updateEvery: Int
    private let maxNorm: Double
    private var steps = 0
    /// The last solution; NaN for a task not yet in one.
    private var last: [Double]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        gramian = configuration[Self.gramian]
        updateEvery = configuration[Self.updateEvery]
        maxNorm = configuration[Self.maxNorm]
        last = tasks.map { _ in .nan }
    }

    mutating func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let isDue = steps.isMultiple(of: updateEvery)
        steps += 1
        if isDue || step.tasks.contains(where: { last[$0].isNaN }) {
            guard let solution = solve(step.gramian) else { return nil }
            for (task, weight) in zip(step.tasks, solution) { last[task] = weight }
        }
        let weights = step.tasks.map { last[$0] }
        let length = max(step.gramian.quadraticForm(weights), 0).squareRoot()
        return maxNorm > 0 && length > maxNorm ? weights.map { $0 * maxNorm / length } : weights
    }

    private func solve(_ matrix: SquareMatrix) -> [Double]? {
        let size = gramian == .normalized ? norm(matrix.values) : 1
        return size > 0 ? PowerEquation.solve(matrix / size, power: 1) : nil
    }

    var state: StrategyState { StrategyState(numbers: ["steps": [Double(steps)], "last": last]) }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        steps = try state.count("steps")
        last = try state.numbers("last", count: last.count)
    }
}
