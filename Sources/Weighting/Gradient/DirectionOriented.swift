/// Min-norm weights drawn towards the mean gradient, from independent mini-batches (Xiao, Ban & Ji 2023, SDMGrad).
///
/// w takes `iterations` projected steps on ½‖G(w + λw̃)‖² with w̃ = 1/n, whose gradient uses the first and second
/// mini-batch of the step (Alg. 1); d = Σ (wᵢ + λ/n)/(1 + λ)·gᵢ on the third. The inner products are scaled as in Sec. 6.1.
struct DirectionOriented: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "sdmgrad", kind: .gradient, summary: "Min-norm weights drawn towards the mean gradient, without bias.",
        parameters: [pull.parameter, iterations.parameter, learningRate.parameter, momentum.parameter],
        paper: Paper(
            title: "Direction-oriented Multi-objective Learning: Simple and Provable Stochastic Algorithms",
            source: "Xiao, Ban & Ji, NeurIPS 2023, arXiv 2305.18409", equation: "Alg. 1: weights (w_i + λ/n)/(1 + λ)"),
        cost: StepCost(forwards: 3, trunkBackwards: .perTask(3), batchesPerStep: 3), gradientInput: .crossGramian)

    static let pull = ParameterKey.number(
        "lambda", default: 0.3, .from(0, to: 1000), "λ: how strongly the mean gradient draws.")
    static let iterations = ParameterKey.integer(
        "iterations", default: 20, 1...1000, "Projected steps of the weights in each training step.")
    static let learningRate = ParameterKey.number(
        "learning_rate", default: 10, .above(0, to: 1000), "Of those steps; LibMTL has 5, torchjd 10.")
    static let momentum = ParameterKey.number("momentum", default: 0.5, .from(0, below: 1), "Of those steps.")

    private let pull: Double
    private let iterations: Int
    private let learningRate: Double
    private let momentum: Double
    private var weights: SimplexWeights

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        pull = configuration[Self.pull]
        iterations = configuration[Self.iterations]
        learningRate = configuration[Self.learningRate]
        momentum = configuration[Self.momentum]
        weights = SimplexWeights(tasks: tasks.count)
    }

    mutating func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let size = step.gramian.diagonal.reduce(0) { $0 + max($1, 0).squareRoot() } / Double(step.count)
        let products = step.gramian / (size * size + 1e-8)
        let mean = Simplex.uniform(step.count)
        var w = weights.among(step.tasks)
        var velocity = mean.map { _ in 0.0 }
        for _ in 0..<iterations {
            let gradient = products * zip(w, mean).map { $0 + pull * $1 }
            velocity = zip(velocity, gradient).map { momentum * $0 + $1 }
            w = Simplex.projection(of: zip(w, velocity).map { $0 - learningRate * $1 })
        }
        weights.update(step.tasks, w)
        return zip(w, mean).map { ($0 + pull * $1) / (1 + pull) }
    }

    var state: StrategyState { StrategyState(numbers: weights.state) }

    mutating func restore(_ state: StrategyState) throws(StateError) { try weights.restore(state) }
}
