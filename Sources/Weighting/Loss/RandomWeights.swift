import Glibc

/// Weights drawn anew for every batch (Lin et al. 2022): the baseline that any clever weighting should beat.
///
/// The softmax of standard normal draws, or a draw from the uniform Dirichlet distribution as it is; either sums to 1.
struct RandomWeights: LossStrategy {
    enum Distribution: String, CaseIterable, Sendable { case normal, dirichlet }
    enum Scale: String, CaseIterable, Sendable { case one, n }

    static let descriptor = StrategyDescriptor(
        name: "random", kind: .loss, summary: "Weights are drawn anew for every batch.",
        parameters: [distribution.parameter, scale.parameter],
        paper: Paper(
            title: "Reasonable Effectiveness of Random Weighting: A Litmus Test for Multi-Task Learning",
            source: "Lin, Ye, Zhang & Tsang, TMLR 2022, arXiv 2111.10603",
            equation: "Alg. 2: softmax of N(0, I), or a Dirichlet draw"))

    static let distribution = ParameterKey<Distribution>.choice(
        "distribution", default: .normal, "Softmax of normal draws, or the uniform Dirichlet distribution.")
    static let scale = ParameterKey<Scale>.choice(
        "scale", default: .one, "What the weights sum to: one, or the number of tasks.")

    private let distribution: Distribution
    private let scale: Scale

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        distribution = configuration[Self.distribution]
        scale = configuration[Self.scale]
    }

    func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        // One draw a task whether or not it has a label, so that the stream does not depend on the labels.
        let draws = losses.map { _ in
            switch distribution {
            case .normal: random.normal()
            case .dirichlet: random.uniform()
            }
        }
        let labelled = zip(draws, losses).map { draw, loss in loss.map { _ in draw } }
        return overLabelled(labelled) { Self.weights(draws: $0, distribution, scale) }
    }

    /// - Parameter draws: standard normal or uniform on (0, 1), as the distribution needs.
    static func weights(draws: [Double], _ distribution: Distribution, _ scale: Scale) -> [Double] {
        let total = scale == .n ? Double(draws.count) : 1
        switch distribution {
        case .normal:
            return softmax(draws).map { $0 * total }
        case .dirichlet:
            let exponentials = draws.map { -log($0) }
            let sum = exponentials.reduce(0, +)
            return exponentials.map { $0 / sum * total }
        }
    }
}
