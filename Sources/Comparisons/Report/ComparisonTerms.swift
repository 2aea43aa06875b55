package import Jobs

/// What a report must know of the request, and is kept with the comparison.
package struct ComparisonTerms: Sendable, Equatable {
    /// The tasks in order, with what each is judged by.
    package var metrics: [ComparedMetric]
    /// By task, the smallest difference that matters; those that the request names.
    package var minimumEffects: [String: Double] = [:]
    /// Whether the optimizer takes the same steps when all weights are twice as large.
    package var isScaleInvariant = true
    /// Whether each strategy had several learning rates to choose from.
    package var areRatesTuned = false

    package init(metrics: [ComparedMetric]) {
        self.metrics = metrics
    }
}

extension ComparisonTerms {
    package var json: JSONValue {
        .object([
            .init("metrics", .array(metrics.map(\.json))),
            .init(
                "minimum_effect",
                .object(minimumEffects.sorted { $0.key < $1.key }.map { .init($0.key, .number($0.value)) })),
            .init("scale_invariant", .bool(isScaleInvariant)), .init("rates_tuned", .bool(areRatesTuned)),
        ])
    }

    /// Also reads the array of metrics that earlier versions kept, of whose optimizer nothing is known.
    package init(_ json: JSONValue) {
        let metrics = json.elements ?? json["metrics"]?.elements ?? []
        self.init(metrics: metrics.compactMap(ComparedMetric.init))
        for member in json["minimum_effect"]?.members ?? [] { minimumEffects[member.name] = member.value.double }
        isScaleInvariant = json["scale_invariant"] != .bool(false)
        areRatesTuned = json["rates_tuned"] == .bool(true)
    }
}

extension OptimizerSpec {
    /// Adam divides the gradient by its own size; L2 decay is added before, and brings the scale back in.
    var isScaleInvariant: Bool {
        switch kind {
        case .sgd: false
        case .adam: weightDecay == 0
        case .adamw: true
        }
    }
}
