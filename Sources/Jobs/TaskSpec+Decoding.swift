import Weighting

extension TaskSpec {
    private static let nameLengthMax = 100

    static func readAll(_ reader: inout SpecReader) -> [TaskSpec] {
        guard reader.has("tasks") else {
            reader.report("tasks", "missing; expected an array with one object per task")
            _ = reader.value("tasks")
            return []
        }
        guard let elements = reader.array("tasks", count: 1...TrainingSpec.tasksMax) else { return [] }
        var names: Set<String> = []
        return elements.compactMap { element, pointer in
            var part = SpecReader(element, at: pointer, log: reader.log)
            defer { part.finish() }
            guard element.members != nil, let task = read(&part) else { return nil }
            if !names.insert(task.name).inserted {
                part.report("name", "two tasks have the name \"\(task.name)\"")
            }
            return task
        }
    }

    private static func read(_ reader: inout SpecReader) -> TaskSpec? {
        let name = reader.text("name", lengthMax: nameLengthMax)
        let kind = reader.choice("type", as: Kind.self)
        if !reader.has("type") {
            reader.report("type", "missing; expected one of \(Kind.allCases.map(\.rawValue).quotedList)")
        }
        let targets = readTargets(&reader, kind: kind)
        var task = TaskSpec(name: name ?? targets?.first ?? "", targets: targets ?? [], kind: kind ?? .classification)
        task.readLoss(&reader, isKindKnown: kind != nil)
        task.readLabels(&reader)
        task.weight = reader.number("weight", in: .from(0, to: 1e6)) ?? task.weight
        task.headHidden = reader.headHidden("head")
        return targets == nil ? nil : task
    }

    /// `target` for one column, `targets` for several: exactly one of them.
    private static func readTargets(_ reader: inout SpecReader, kind: Kind?) -> [String]? {
        let one = reader.text("target", lengthMax: 1_000)
        let several = reader.texts("targets", count: 1...4_096, lengthMax: 1_000)
        switch (reader.has("target"), reader.has("targets")) {
        case (true, true):
            reader.report("targets", "expected either \"target\" or \"targets\", not both")
            return nil
        case (false, false):
            reader.report("target", "missing; expected the name of a column")
            return nil
        case (true, false):
            return one.map { [$0] }
        case (false, true):
            guard let several else { return nil }
            if several.count > 1, kind == .classification || kind == .binary {
                reader.report(
                    "targets",
                    "a \(kind?.rawValue ?? "") task has one target; several are for \"multilabel\" and \"regression\"")
            }
            return several
        }
    }

    private mutating func readLoss(_ reader: inout SpecReader, isKindKnown: Bool) {
        let accepted = isKindKnown ? kind.losses : Loss.allCases
        if let loss = reader.choice("loss", as: Loss.self, from: accepted) { self.loss = loss }
        delta = reader.number("delta", in: .above(0, to: 1e6)) ?? delta
        if reader.has("delta"), isKindKnown, loss != .huber {
            reader.report("delta", "belongs to \"loss\": \"huber\"")
        }
    }

    private mutating func readLabels(_ reader: inout SpecReader) {
        labelSmoothing = reader.number("label_smoothing", in: .from(0, below: 1)) ?? labelSmoothing
        positiveWeight = reader.number("positive_weight", in: .above(0, to: 1e6)) ?? positiveWeight
        standardize = reader.flag("standardize") ?? standardize
        let missing = reader.integer("missing_label", in: -1_000_000_000...1_000_000_000)
        missingLabel = missing.map { .value($0) } ?? (reader.isNull("missing_label") ? .none : .standard)
        if let weights = reader.value("class_weights") {
            classWeights = Self.readClassWeights(weights, reader)
        }
        reader.refuse("label_smoothing", of: kind, unless: [.classification])
        reader.refuse("class_weights", of: kind, unless: [.classification])
        reader.refuse("positive_weight", of: kind, unless: [.binary, .multilabel])
        reader.refuse("standardize", of: kind, unless: [.regression])
    }

    private static func readClassWeights(_ value: JSONValue, _ reader: SpecReader) -> [String: Double] {
        let base = reader.pointer(to: "class_weights")
        guard let members = value.members else {
            reader.log.report(base, "expected an object of class names and weights, got \(value.kindInWords)")
            return [:]
        }
        var weights: [String: Double] = [:]
        for member in members {
            guard let weight = member.value.double, weight > 0, weight <= 1e6 else {
                reader.log.report(
                    pointer(base, member.name),
                    "expected a number above 0 and at most 1000000, got \(member.value.excerpt)")
                continue
            }
            weights[member.name] = weight
        }
        return weights
    }
}

extension SpecReader {
    /// Reports a member that says nothing for a task of this kind.
    fileprivate func refuse(_ name: String, of kind: TaskSpec.Kind, unless kinds: [TaskSpec.Kind]) {
        guard has(name), !kinds.contains(kind) else { return }
        report(name, "belongs to tasks of type \(kinds.map(\.rawValue).quotedList)")
    }
}
