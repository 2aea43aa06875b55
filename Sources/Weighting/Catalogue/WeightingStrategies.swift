/// The catalogue: every strategy, loss strategies first, in the order they are listed to clients.
package enum WeightingStrategies {
    package static let all: [StrategyDescriptor] =
        lossStrategies.map { $0.descriptor } + gradientStrategies.map { $0.descriptor }

    package static func named(_ name: String) -> StrategyDescriptor? {
        all.first { $0.name == name }
    }

    static let lossStrategies: [any LossStrategy.Type] = [
        Equal.self, Adaptive.self,
    ]

    static let gradientStrategies: [any GradientStrategy.Type] = []
}
