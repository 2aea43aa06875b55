/// A strategy that weighs tasks by their losses alone.
///
/// It is a value: what it remembers is in `state`, what it draws comes from the generator handed in.
protocol LossStrategy: Sendable {
    static var descriptor: StrategyDescriptor { get }

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask])

    /// The coefficient of each task's loss in this batch.
    ///
    /// - Parameter losses: one a task, finite; nil for a task without a label in this batch, whose coefficient is
    ///   never used. At least one is not nil.
    mutating func weights(
        _ losses: [Double?], using random: inout some RandomNumberGenerator
    ) -> [Double]

    /// The losses of the same batch after the optimiser's step; called only where the descriptor asks for two forwards.
    mutating func observeAfterStep(_ losses: [Double?])

    /// The mean training losses of the epoch that ends; nil for a task that had no label in it.
    mutating func finishEpoch(meanLosses: [Double?])

    var state: StrategyState { get }
    mutating func restore(_ state: StrategyState) throws(StateError)
}

extension LossStrategy {
    mutating func observeAfterStep(_ losses: [Double?]) {}
    mutating func finishEpoch(meanLosses: [Double?]) {}
    var state: StrategyState { StrategyState() }
    mutating func restore(_ state: StrategyState) throws(StateError) {}
}
