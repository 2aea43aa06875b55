import Weighting

extension TrainingSpec {
    /// The spec as a client would write it out in full. Reading it back gives the same spec.
    package var json: JSONValue {
        .object([
            .init("name", JSONValue(name)),
            .init("dataset", .string(dataset.description)),
            .init("validation", validation.json),
            .init("test", test?.json ?? .null),
            .init("inputs", inputs),
            .init("tasks", .array(tasks.map(\.json))),
            .init("model", model.json),
            .init("weighting", weighting.json),
            .init("optimizer", optimizer.json),
            .init("schedule", schedule.json),
            .init("epochs", JSONValue(epochs)),
            .init("batch_size", JSONValue(batchSize)),
            .init("seed", .integer(Int64(clamping: seed))),
            .init("threads", JSONValue(threads)),
            .init("gradient_clip_norm", JSONValue(gradientClipNorm)),
            .init("initial_model", JSONValue(initialModel?.description)),
            .init("diagnostics", .bool(diagnostics)),
            .init("early_stopping", earlyStopping?.json ?? .null),
            .init("checkpoint", checkpoint.json),
            .init("priority", JSONValue(priority)),
            .init("deadline", JSONValue(deadline?.description)),
            .init("max_runtime_seconds", JSONValue(maxRuntimeSeconds)),
            .init("max_attempts", JSONValue(maxAttempts)),
            .init("labels", JSONValue(labels)),
        ])
    }
}

extension TrainingSpec {
    fileprivate var inputs: JSONValue {
        guard inputColumns != nil || !inputEncodings.isEmpty else { return .null }
        let encodings = inputEncodings.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.json) }
        return .object([
            .init("columns", inputColumns.map { JSONValue($0) } ?? .null), .init("encodings", .object(encodings)),
        ])
    }
}

extension JSONValue {
    package init(_ texts: [String]) {
        self = .array(texts.map(JSONValue.string))
    }

    package init(_ integers: [Int]) {
        self = .array(integers.map { .integer(Int64($0)) })
    }

    /// Members in the order of their names.
    package init(_ labels: [String: String]) {
        self = .object(labels.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
    }
}

extension Holdout {
    fileprivate var json: JSONValue {
        switch self {
        case .dataset(let identifier):
            .object([.init("dataset", .string(identifier.description))])
        case .fraction(let fraction, let seed, let stratifyBy):
            .object([
                .init("fraction", .number(fraction)), .init("seed", .integer(Int64(clamping: seed))),
                .init("stratify_by", JSONValue(stratifyBy)),
            ])
        }
    }
}

extension TaskSpec {
    /// Only the members that say something for the task's type.
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [.init("name", .string(name))]
        if targets.count == 1 {
            members.append(.init("target", .string(targets[0])))
        } else {
            members.append(.init("targets", JSONValue(targets)))
        }
        members += [
            .init("type", .string(kind.rawValue)), .init("loss", .string(loss.rawValue)),
            .init("weight", .number(weight)),
        ]
        switch missingLabel {
        case .standard: break
        case .none: members.append(.init("missing_label", .null))
        case .value(let value): members.append(.init("missing_label", JSONValue(value)))
        }
        switch kind {
        case .classification:
            let weights = classWeights.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .number($0.value)) }
            members.append(.init("label_smoothing", .number(labelSmoothing)))
            members.append(.init("class_weights", .object(weights)))
        case .binary, .multilabel:
            members.append(.init("positive_weight", .number(positiveWeight)))
        case .regression:
            if loss == .huber { members.append(.init("delta", .number(delta))) }
            members.append(.init("standardize", .bool(standardize)))
        }
        let head = headHidden.map { JSONValue.object([.init("hidden", JSONValue($0))]) }
        members.append(.init("head", head ?? .null))
        return .object(members)
    }
}

extension ModelSpec {
    fileprivate var json: JSONValue {
        .object([
            .init("encoder", encoder.json),
            .init("head", .object([.init("hidden", JSONValue(headHidden))])),
        ])
    }
}

extension EncoderSpec {
    fileprivate var json: JSONValue {
        let members: [JSONValue.Member] =
            switch self {
            case .mlp(let spec): spec.jsonMembers
            case .cnn(let spec): spec.jsonMembers
            case .resnet(let spec): spec.jsonMembers
            case .text(let spec): spec.jsonMembers
            }
        return .object([.init("type", .string(kind.rawValue))] + members)
    }
}

extension EarlyStoppingSpec {
    fileprivate var json: JSONValue {
        let monitor: JSONValue =
            switch self.monitor {
            case .validationLoss: .string("validation_loss")
            case .metric(let task, let metric):
                .object([.init("task", .string(task)), .init("metric", .string(metric))])
            }
        return .object([.init("patience", JSONValue(patience)), .init("monitor", monitor)])
    }
}
