/// A strategy that weighs tasks by their gradients on the shared parameters.
protocol GradientStrategy: Sendable {
    static var descriptor: StrategyDescriptor { get }

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask])

    /// The update direction of one step.
    ///
    /// - Parameters:
    ///   - step: losses and inner products of the tasks that have labels, all finite.
    ///   - gradients: `[tasks, parameters]`, row-major, borrowed for the call; empty unless the descriptor asks for
    ///     vectors.
    ///   - direction: `[parameters]`, written where the result is `.written`; otherwise left alone.
    mutating func update(
        _ step: GradientStep, gradients: Span<Float>, direction: inout MutableSpan<Float>,
        using random: inout some RandomNumberGenerator
    ) -> StrategyUpdate

    mutating func finishEpoch(meanLosses: [Double?])

    /// What the strategy reads and costs with its parameters; the descriptor says it for the defaults.
    var gradientInput: StrategyDescriptor.GradientInput { get }
    var cost: StepCost { get }

    var state: StrategyState { get }
    mutating func restore(_ state: StrategyState) throws(StateError)
}

extension GradientStrategy {
    mutating func finishEpoch(meanLosses: [Double?]) {}
    var gradientInput: StrategyDescriptor.GradientInput { Self.descriptor.gradientInput }
    var cost: StepCost { Self.descriptor.cost }
    var state: StrategyState { StrategyState() }
    mutating func restore(_ state: StrategyState) throws(StateError) {}
}

/// What a gradient strategy sees of a step: the tasks with labels only, so its system never holds a row of zeros for
/// a task that merely was not there.
struct GradientStep: Sendable {
    /// Indices of the tasks that have labels, ascending; never empty.
    let tasks: [Int]
    /// Their losses in the mini-batch the direction is taken on.
    let losses: [Double]
    /// Their inner products, of the kind the descriptor asks for.
    let gramian: SquareMatrix

    var count: Int { tasks.count }

    /// The preferences of the step's tasks: those given for all tasks, or 1/k for each if none were.
    func preference(_ given: [Double]) -> [Double] {
        given.isEmpty ? Simplex.uniform(count) : tasks.map { given[$0] }
    }
}

/// A gradient strategy's answer, over the tasks of its step.
enum StrategyUpdate: Sendable, Equatable {
    /// The direction is Σ cᵢgᵢ with these coefficients, which are the effective weights.
    case combination([Double])
    /// The direction has been written; these are the effective weights.
    case written(effectiveWeights: [Double])
    /// The program could not be solved to its tolerance.
    case unsolved
}

/// A gradient strategy whose direction is a combination of the current gradients, found from inner products alone.
protocol CombinationStrategy: GradientStrategy {
    /// The coefficient of each gradient, or nil where the program could not be solved.
    mutating func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]?
}

extension CombinationStrategy {
    mutating func update(
        _ step: GradientStep, gradients: Span<Float>, direction: inout MutableSpan<Float>,
        using random: inout some RandomNumberGenerator
    ) -> StrategyUpdate {
        coefficients(step, using: &random).map(StrategyUpdate.combination) ?? .unsolved
    }
}
