/// The weighting of one training run: the trainer hands it losses and gradients and gets coefficients back.
///
/// Call it once a step, then `finishEpoch` at each epoch's end. It guards the strategies: a task without a label gets
/// coefficient 0 and is not seen by a gradient strategy at all, and a step with an infinite or undefined loss or
/// gradient repeats the coefficients before it and leaves the strategy's state alone.
package struct TaskWeighting: Sendable {
    package let configuration: WeightingConfiguration
    package let descriptor: StrategyDescriptor
    private let tasks: [WeightedTask]
    /// Exactly one of the two is set.
    private var lossStrategy: (any LossStrategy)?
    private var gradientStrategy: (any GradientStrategy)?
    private var epochMean: EffectiveWeightMean
    /// The coefficients used last, one a task; what a step falls back to.
    private var last: [Double]

    /// A fresh strategy, at its first epoch.
    ///
    /// - Throws: `WeightingProblems` where the tasks do not fit the configuration.
    package init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) throws(WeightingProblems) {
        let problems = configuration.problems(for: tasks)
        guard problems.isEmpty else { throw WeightingProblems(problems) }
        lossStrategy = WeightingStrategies.lossStrategies
            .first { $0.descriptor.name == configuration.strategy }?.init(configuration, tasks: tasks)
        gradientStrategy = WeightingStrategies.gradientStrategies
            .first { $0.descriptor.name == configuration.strategy }?.init(configuration, tasks: tasks)
        let descriptor = WeightingStrategies.named(configuration.strategy) ?? Equal.descriptor
        self.configuration = configuration
        self.descriptor = descriptor
        self.tasks = tasks
        epochMean = EffectiveWeightMean(tasks: tasks.count)
        let first = descriptor.kind == .loss ? 1 : 1 / Double(max(tasks.count, 1))
        last = Array(repeating: first, count: tasks.count)
    }

    /// What the strategy reads of the gradients, with its parameters.
    package var gradientInput: StrategyDescriptor.GradientInput {
        gradientStrategy?.gradientInput ?? descriptor.gradientInput
    }

    /// What a step costs, with the strategy's parameters.
    package var cost: StepCost { gradientStrategy?.cost ?? descriptor.cost }

    /// The weighting from an epoch's start on: the same strategy keeps its state, another starts afresh.
    ///
    /// - Throws: `WeightingProblems` where the tasks do not fit the configuration.
    package func switched(
        to configuration: WeightingConfiguration, tasks: [WeightedTask]
    ) throws(WeightingProblems) -> TaskWeighting {
        var next = try TaskWeighting(configuration, tasks: tasks)
        if configuration.strategy == self.configuration.strategy, tasks.count == self.tasks.count {
            // The state is our own, so it fits.
            try? next.restore(state)
        }
        return next
    }

    /// A loss strategy's coefficients of one batch, which are the effective weights.
    ///
    /// - Parameter losses: unweighted batch losses, one a task; nil without a label in the batch.
    /// - Returns: the coefficient of each task's loss; 0 where the loss is nil.
    /// - Precondition: `descriptor.kind` is `.loss`.
    package mutating func coefficients(
        losses: [Double?], using random: inout some RandomNumberGenerator
    ) -> [Double] {
        precondition(lossStrategy != nil && losses.count == tasks.count, "\(descriptor.name) weighs by gradient")
        if Self.areUsable(losses), let weights = lossStrategy?.weights(losses, using: &random) {
            for task in tasks.indices where losses[task] != nil && weights[task].isFinite { last[task] = weights[task] }
        }
        return tasks.indices.map { losses[$0] == nil ? 0 : record(last[$0], task: $0) }
    }

    /// The losses of the same rows after the optimiser's step, where the descriptor asks for two forward passes.
    package mutating func observeAfterStep(losses: [Double?]) {
        guard losses.count == tasks.count, Self.areUsable(losses) else { return }
        lossStrategy?.observeAfterStep(losses)
    }

    /// A gradient strategy's direction for one step.
    ///
    /// - Parameters:
    ///   - losses: of the mini-batch the direction is taken on; nil for a task without a label in any batch of the step.
    ///   - gramian: inner products of the tasks' gradients, `[tasks, tasks]`, accumulated in double, of the
    ///     kind `gradientInput` names.
    ///   - gradients: `[tasks, parameters]` row-major; read during the call only. Empty unless the strategy reads vectors.
    ///   - direction: `[parameters]`, the caller's memory, written only where the answer is `.written`.
    /// - Precondition: `descriptor.kind` is `.gradient`.
    package mutating func direction(
        losses: [Double?], gramian: SquareMatrix, gradients: Span<Float>, into direction: inout MutableSpan<Float>,
        using random: inout some RandomNumberGenerator
    ) -> UpdateDirection {
        precondition(gradientStrategy != nil && losses.count == tasks.count, "\(descriptor.name) weighs by loss")
        let labelled = tasks.indices.filter { losses[$0] != nil }
        let step = GradientStep(
            tasks: labelled, losses: labelled.compactMap { losses[$0] }, gramian: gramian.restricted(to: labelled))
        guard Self.areUsable(losses), step.gramian.isFinite else { return fallBack(to: labelled) }
        let update = gradientStrategy?.update(step, gradients: gradients, direction: &direction, using: &random)
        switch update {
        case .combination(let coefficients) where coefficients.allSatisfy(\.isFinite):
            for (index, task) in labelled.enumerated() { last[task] = record(coefficients[index], task: task) }
            return .combination(tasks.indices.map { losses[$0] == nil ? 0 : last[$0] })
        case .written(let weights):
            for (index, task) in labelled.enumerated() { last[task] = record(weights[index], task: task) }
            return .written
        case .combination, .unsolved, nil:
            epochMean.addFallback()
            return fallBack(to: labelled)
        }
    }

    /// Ends an epoch and starts the next.
    ///
    /// - Parameter meanLosses: the epoch's mean training loss of each task; nil without a label in it.
    package mutating func finishEpoch(meanLosses: [Double?]) -> EpochWeights {
        lossStrategy?.finishEpoch(meanLosses: meanLosses)
        gradientStrategy?.finishEpoch(meanLosses: meanLosses)
        let epoch = epochMean.epoch
        epochMean = EffectiveWeightMean(tasks: tasks.count)
        return epoch
    }

    /// Everything a checkpoint keeps.
    package var state: StrategyState {
        var state = lossStrategy?.state ?? gradientStrategy?.state ?? StrategyState()
        state.numbers.merge(epochMean.state) { _, new in new }
        state.numbers["weights.last"] = last
        return state
    }

    /// Continues from a checkpoint.
    ///
    /// - Throws: `StateError` where the state belongs to another strategy or other tasks; the weighting is then as it was.
    package mutating func restore(_ state: StrategyState) throws(StateError) {
        var restored = self
        try restored.lossStrategy?.restore(state)
        try restored.gradientStrategy?.restore(state)
        try restored.epochMean.restore(state)
        restored.last = try state.numbers("weights.last", count: tasks.count)
        self = restored
    }

    private mutating func record(_ weight: Double, task: Int) -> Double {
        epochMean.add(weight, task: task)
        return weight
    }

    private mutating func fallBack(to labelled: [Int]) -> UpdateDirection {
        for task in labelled { epochMean.add(last[task], task: task) }
        return .combination(tasks.indices.map { labelled.contains($0) ? last[$0] : 0 })
    }

    /// At least one label, and every loss there is a finite number.
    private static func areUsable(_ losses: [Double?]) -> Bool {
        losses.contains { $0 != nil } && losses.allSatisfy { $0?.isFinite ?? true }
    }
}

/// How the trainer forms the update of the shared parameters.
package enum UpdateDirection: Sendable, Equatable {
    /// Σ cᵢgᵢ with these coefficients, one a task.
    case combination([Double])
    /// It stands in the memory handed in.
    case written
}
