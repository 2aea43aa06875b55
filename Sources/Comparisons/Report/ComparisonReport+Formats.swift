package import Jobs

extension ComparisonReport.Row {
    /// The row as the API answers it; the members of the contract first.
    package var json: JSONValue {
        .object([
            .init("strategy", .string(arm)),
            .init("task", .string(task)),
            .init("metric", .string(metric)),
            .init("mean", JSONValue(values.mean)),
            .init("standard_deviation", JSONValue(values.standardDeviation)),
            .init("interval", values.interval.json),
            .init("delta_m", JSONValue(deltaM)),
            .init("delta_m_refusal", JSONValue(deltaMRefusal)),
            .init("mean_rank", JSONValue(meanRank)),
            .init("seconds", JSONValue(seconds.mean)),
            .init("cpu_seconds", cpuSeconds.json),
            .init("relative_cost", JSONValue(relativeCost)),
            .init("p_value", JSONValue(correctedProbability)),
            .init("difference", JSONValue(difference?.mean)),
            .init("difference_interval", (difference?.interval).json),
            .init("difference_bootstrap_interval", (difference?.bootstrapInterval()).json),
            .init("pairs", JSONValue(pairs)),
            .init("same_in_every_seed", .bool(test?.sameInEverySeed ?? false)),
            .init("effect", JSONValue(effect?.rawValue)),
            .init("seeds", JSONValue(values.count)),
            .init("failed", JSONValue(failed)),
            .init("learning_rate", JSONValue(learningRate)),
            .init("epochs", .array(epochs.sorted { $0.key < $1.key }.map { JSONValue($0.value) })),
        ])
    }
}

extension StrategyJudgement {
    package var json: JSONValue {
        .object([
            .init("strategy", .string(strategy)),
            .init("baseline", .bool(isBaseline)),
            .init("judgement", .string(judgement.rawValue)),
            .init("better", .array(better.map(JSONValue.string))),
            .init("worse", .array(worse.map(JSONValue.string))),
            .init("may_harm", .array(mayHarm.map(JSONValue.string))),
            .init("unclear", .array(unclear.map(JSONValue.string))),
            .init("untested", .array(untested.map(JSONValue.string))),
            .init("seeds_needed", JSONValue(seedsNeeded)),
            .init("succeeded", JSONValue(succeeded)),
            .init("failed", .array(failed.map(\.json))),
            .init("tuned", .null),
        ])
    }
}

extension StrategyJudgement.Failure {
    fileprivate var json: JSONValue {
        .object([
            .init("reason", .string(reason)), .init("seeds", .array(seeds.map { JSONValue(Int(exactly: $0)) })),
        ])
    }
}

extension ComparisonNote {
    package var json: JSONValue {
        .object([
            .init("code", .string(code.rawValue)), .init("detail", .string(detail)),
            .init("strategy", JSONValue(strategy)), .init("count", JSONValue(count)), .init("of", JSONValue(of)),
        ])
    }
}

extension ComparisonReport {
    package var minimumEffectJSON: JSONValue {
        .object(minimumEffects.map { .init($0.task, JSONValue($0.effect)) })
    }
}

extension Sample {
    /// `{"mean":…,"standard_deviation":…}`; null of nothing.
    fileprivate var json: JSONValue {
        guard let mean else { return .null }
        return .object([
            .init("mean", JSONValue(mean)), .init("standard_deviation", JSONValue(standardDeviation)),
        ])
    }
}

extension ClosedRange<Double>? {
    fileprivate var json: JSONValue {
        map { .array([JSONValue($0.lowerBound), JSONValue($0.upperBound)]) } ?? .null
    }
}
