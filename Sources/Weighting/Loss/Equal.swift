/// Every task weighs 1: the baseline of all comparisons.
struct Equal: LossStrategy {
    static let descriptor = StrategyDescriptor(
        name: "equal", kind: .loss, summary: "Every task weighs 1.",
        paper: Paper(
            title: "Multitask Learning", source: "Caruana, Machine Learning 28, 1997", equation: "the sum of all losses"
        ))

    private let ones: [Double]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        ones = Array(repeating: 1, count: tasks.count)
    }

    func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        ones
    }
}
