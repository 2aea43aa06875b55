/// The weights the tasks were given.
struct StaticWeights: LossStrategy {
    static let descriptor = StrategyDescriptor(
        name: "static", kind: .loss, summary: "Every task keeps the weight its specification gives it.",
        paper: Paper(
            title: "Multitask Learning", source: "Caruana, Machine Learning 28, 1997",
            equation: "Σ w_i·L_i with constant w"))

    private let given: [Double]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        given = tasks.map(\.staticWeight)
    }

    func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        given
    }
}
