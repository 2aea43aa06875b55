/// The catalogue: every strategy, loss strategies first, in the order they are listed to clients.
package enum WeightingStrategies {
    package static let all: [StrategyDescriptor] =
        lossStrategies.map { $0.descriptor } + gradientStrategies.map { $0.descriptor }

    package static func named(_ name: String) -> StrategyDescriptor? {
        all.first { $0.name == name }
    }

    static let lossStrategies: [any LossStrategy.Type] = [
        Equal.self, StaticWeights.self, Adaptive.self, Uncertainty.self, DynamicWeightAverage.self, GeometricMean.self,
        RandomWeights.self, ImpartialLosses.self, SmoothTchebycheff.self, FastAdaptive.self,
    ]

    static let gradientStrategies: [any GradientStrategy.Type] = [
        GradientNormalization.self, ExcessRisk.self, MultipleGradientDescent.self, ProjectingConflicting.self,
        GradientVaccine.self, ConflictAverse.self, GradientSignDropout.self, ImpartialGradients.self,
        NashBargaining.self, TrackedMomentum.self, AlignedComponents.self, DualBalancing.self, FairAllocation.self,
        UnconflictingProjection.self, ConflictFree.self, DualProjection.self, DirectionOriented.self,
        DoubleSampling.self,
    ]
}
