/// What the catalogue says of a strategy.
package struct StrategyDescriptor: Sendable, Hashable {
    /// What a strategy weighs by. A loss strategy's weight scales a task's whole loss, its head included; a gradient
    /// strategy's acts on the shared parameters and leaves the heads' gradients alone (Sener & Koltun 2018, Alg. 1).
    package enum Kind: String, Sendable, CaseIterable {
        case loss, gradient
    }

    /// What a strategy reads of the tasks' gradients; each case costs the trainer more than the one before.
    package enum GradientInput: Sendable, Hashable {
        case none
        /// Inner products of the gradients at the last shared layer.
        case lastSharedLayer
        /// Inner products over all shared parameters.
        case gramian
        /// Inner products over all shared parameters between the first and the second mini-batch of a step.
        case crossGramian
        /// The gradients themselves.
        case vectors
    }

    package let name: String
    package let kind: Kind
    /// One sentence for people.
    package let summary: String
    package let parameters: [StrategyParameter]
    package let paper: Paper
    package let cost: StepCost
    package let gradientInput: GradientInput
    /// The formula divides by losses or takes their logarithm, so a task whose loss can be negative is an error.
    package let requiresPositiveLosses: Bool

    init(
        name: String, kind: Kind, summary: String, parameters: [StrategyParameter] = [], paper: Paper,
        cost: StepCost = StepCost(), gradientInput: GradientInput = .none, requiresPositiveLosses: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.parameters = parameters
        self.paper = paper
        self.cost = cost
        self.gradientInput = gradientInput
        self.requiresPositiveLosses = requiresPositiveLosses
    }
}

/// Where a strategy comes from.
package struct Paper: Sendable, Hashable {
    package let title: String
    /// Authors' surnames, venue and year, and the arXiv number where there is one.
    package let source: String
    /// The equation or algorithm followed.
    package let equation: String
}

/// What a training step costs beside the optimiser.
package struct StepCost: Sendable, Hashable {
    package enum Backwards: Sendable, Hashable {
        case fixed(Int)
        case perTask(Int)
    }

    /// Forward passes a step, over all its mini-batches.
    package let forwards: Int
    /// Backward passes over the shared trunk a step.
    package let trunkBackwards: Backwards
    /// Consecutive mini-batches a step; an epoch has as many fewer updates.
    package let batchesPerStep: Int
    /// Vectors of the shared parameters' length kept for each task between steps.
    package let vectorsKeptPerTask: Int

    init(
        forwards: Int = 1, trunkBackwards: Backwards = .fixed(1), batchesPerStep: Int = 1, vectorsKeptPerTask: Int = 0
    ) {
        self.forwards = forwards
        self.trunkBackwards = trunkBackwards
        self.batchesPerStep = batchesPerStep
        self.vectorsKeptPerTask = vectorsKeptPerTask
    }

    /// One backward pass over the trunk for each task, from one forward pass.
    static let oneBackwardPerTask = StepCost(trunkBackwards: .perTask(1))

    package func trunkBackwards(tasks: Int) -> Int {
        switch trunkBackwards {
        case .fixed(let passes): passes
        case .perTask(let passes): passes * tasks
        }
    }
}
