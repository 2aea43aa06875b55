import Glibc

/// Lowers all losses at about the same rate, from loss values alone (Liu et al. 2023, FAMO).
///
/// wᵢ = zᵢ/(c·(Lᵢ − bᵢ)) with z = softmax(ξ) and c = Σ zⱼ/(Lⱼ − bⱼ), Alg. 1. After the optimiser's step the same rows are
/// passed forward again, and ξ learns from Δ = log(L_t − b) − log(L_{t+1} − b) by an Adam of its own with weight decay.
struct FastAdaptive: LossStrategy {
    /// Added to L − b, as the authors' code does, so that a loss at its bound has a logarithm.
    static let margin = 1e-8

    static let descriptor = StrategyDescriptor(
        name: "famo", kind: .loss, summary: "Lowers all losses at about the same rate, from loss values alone.",
        parameters: [learningRate.parameter, weightDecay.parameter, lowerBounds.parameter],
        paper: Paper(
            title: "FAMO: Fast Adaptive Multitask Optimization",
            source: "Liu, Feng, Stone & Liu, NeurIPS 2023, arXiv 2306.03792",
            equation: "Alg. 1: z_i/(c·(L_i - b_i)), z = softmax(ξ), c = Σ z_j/(L_j - b_j)"),
        cost: StepCost(forwards: 2), requiresPositiveLosses: true)

    static let learningRate = ParameterKey.number(
        "learning_rate", default: 0.025, .above(0, to: 10), "Of the Adam that learns ξ.")
    static let weightDecay = ParameterKey.number(
        "weight_decay", default: 0.001, .from(0, to: 1), "L2 decay of ξ towards equal weights.")
    static let lowerBounds = ParameterKey.perTask(
        "lower_bounds", .from(-1e12, to: 0),
        "b: what each loss can never fall below; 0 if empty, and never above 0 because a loss can reach it.")

    private let lowerBounds: [Double]
    private var logits: [Double]
    private var adam: Adam
    /// log(L − b) before the optimiser's step; lives within one step, so no checkpoint keeps it.
    private var before: [Double?]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        let bounds = configuration[Self.lowerBounds]
        lowerBounds = bounds.isEmpty ? tasks.map { _ in 0 } : bounds
        logits = Array(repeating: 0, count: tasks.count)
        before = Array(repeating: nil, count: tasks.count)
        adam = Adam(
            count: tasks.count, learningRate: configuration[Self.learningRate],
            weightDecay: configuration[Self.weightDecay])
    }

    mutating func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        before = logarithms(losses)
        // z/(L − b) over its sum is a softmax of ξ − log(L − b).
        let shares = zip(logits, before).map { logit, logarithm in logarithm.map { logit - $0 } }
        return overLabelled(shares, softmax)
    }

    /// ξ descends along Jᵀδ, J the Jacobian of the softmax over the tasks with labels.
    mutating func observeAfterStep(_ losses: [Double?]) {
        let after = logarithms(losses)
        let changes = zip(before, after).map { before, after in
            before.flatMap { before in after.map { before - $0 } }
        }
        let labelled = zip(logits, changes).map { logit, change in change.map { _ in logit } }
        let shares = overLabelled(labelled, softmax)
        let mean = zip(shares, changes).reduce(0) { $0 + $1.0 * ($1.1 ?? 0) }
        adam.step(&logits, gradients: zip(shares, changes).map { share, change in change.map { share * ($0 - mean) } })
        before = before.map { _ in nil }
    }

    private func logarithms(_ losses: [Double?]) -> [Double?] {
        zip(losses, lowerBounds).map { loss, bound in loss.map { log(max($0 - bound, 0) + Self.margin) } }
    }

    var state: StrategyState {
        StrategyState(numbers: adam.state.merging(["logits": logits]) { _, new in new })
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        logits = try state.numbers("logits", count: logits.count)
        try adam.restore(state)
    }
}
