package import Jobs

// A run's key as it is kept:
// `{"strategy":"adaptive","baseline":false,"task":null,"weights":null,"seed":1,"learning_rate":null}`.

extension RunKey {
    package var json: JSONValue {
        var (task, weights, isBaseline): (JSONValue, JSONValue, Bool) = (.null, .null, false)
        switch arm {
        case .strategy: break
        case .baseline: isBaseline = true
        case .singleTask(let name): (task, isBaseline) = (.string(name), true)
        case .grid(let point): weights = .array(point.map(JSONValue.number))
        }
        return .object([
            .init("strategy", .string(arm.label)), .init("baseline", .bool(isBaseline)), .init("task", task),
            .init("weights", weights), .init("seed", JSONValue(Int(exactly: seed))),
            .init("learning_rate", JSONValue(learningRate)),
        ])
    }

    /// Nil for what `json` never wrote.
    package init?(_ json: JSONValue) {
        guard let label = json["strategy"]?.text, let seed = json["seed"]?.int.flatMap(UInt64.init(exactly:)) else {
            return nil
        }
        let arm: Arm =
            if let task = json["task"]?.text {
                .singleTask(task)
            } else if let weights = json["weights"]?.elements {
                .grid(weights.compactMap(\.double))
            } else if json["baseline"] == .bool(true) {
                .baseline(label)
            } else {
                .strategy(label)
            }
        self.init(arm: arm, seed: seed, learningRate: json["learning_rate"]?.double)
    }
}

extension ComparedMetric {
    package var json: JSONValue {
        .object([.init("task", .string(task)), .init("metric", .string(metric))])
    }

    /// Nil for what `json` never wrote.
    package init?(_ json: JSONValue) {
        guard let task = json["task"]?.text, let metric = json["metric"]?.text else { return nil }
        self.init(task: task, metric: metric)
    }
}
