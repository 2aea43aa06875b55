import Weighting

/// What a spec can be held against besides its own grammar.
package struct SpecSurroundings {
    /// The schema of a data set its owner can see; nil when there is none.
    package var dataset: (Identifier) -> DatasetSchema?
    package var modelExists: (Identifier) -> Bool
    package var threadsMax: Int
    package var now: Timestamp

    package init(
        dataset: @escaping (Identifier) -> DatasetSchema?, modelExists: @escaping (Identifier) -> Bool,
        threadsMax: Int, now: Timestamp
    ) {
        self.dataset = dataset
        self.modelExists = modelExists
        self.threadsMax = threadsMax
        self.now = now
    }
}

/// Everything that is wrong with a spec.
package struct InvalidSpec: Error, Sendable {
    package var problems: [Problem]

    package init(problems: [Problem]) {
        self.problems = problems
    }
}

extension TrainingSpec {
    package static let epochsMax = 1_000_000
    package static let batchSizeMax = 1_048_576
    package static let tasksMax = 256
    package static let columnsMax = 65_536
    package static let nameLengthMax = 200
    package static let labelsMax = 64
    /// The largest whole number that every JSON reader keeps exact (RFC 7493 section 2.2).
    package static let seedMax = 9_007_199_254_740_991

    /// Reads a spec as a client writes it, defaults filled in. Every problem is found in one go.
    ///
    /// Without surroundings only the grammar is checked: that is how a stored spec is read back.
    package init(decoding json: JSONValue, at pointer: String = "", in surroundings: SpecSurroundings?)
        throws(InvalidSpec)
    {
        let log = ProblemLog()
        guard let spec = Self.read(json, at: pointer, log: log, surroundings: surroundings), log.problems.isEmpty else {
            throw InvalidSpec(problems: log.problems)
        }
        self = spec
    }

    private static func read(
        _ json: JSONValue, at pointer: String, log: ProblemLog, surroundings: SpecSurroundings?
    ) -> TrainingSpec? {
        var reader = SpecReader(json, at: pointer, log: log)
        guard json.members != nil else { return nil }
        let dataset = reader.requiredDataset(surroundings)
        let tasks = TaskSpec.readAll(&reader)
        let weighting = WeightingConfiguration.read(&reader, tasks: tasks)
        // A spec without a data set is read to its end all the same, for the other problems.
        var spec = TrainingSpec(dataset: dataset ?? .none(.dataset), tasks: tasks, weighting: weighting)
        spec.readData(&reader)
        spec.model = ModelSpec.read(&reader, schema: dataset.flatMap { surroundings?.dataset($0) })
        spec.readTraining(&reader)
        spec.readScheduling(&reader)
        reader.finish()
        if let surroundings { spec.check(against: surroundings, pointer: pointer, log: log) }
        return spec
    }

    private mutating func readData(_ reader: inout SpecReader) {
        name = reader.text("name", lengthMax: Self.nameLengthMax)
        if let holdout = Holdout.read(&reader, "validation") { validation = holdout }
        test = Holdout.read(&reader, "test")
        if var inputs = reader.object("inputs") {
            inputColumns = inputs.texts("columns", count: 1...Self.columnsMax, lengthMax: 1_000)
            inputEncodings = ColumnEncoding.readAll(&inputs)
            inputs.finish()
        }
    }

    private mutating func readTraining(_ reader: inout SpecReader) {
        optimizer = reader.record("optimizer") ?? optimizer
        schedule = reader.record("schedule") ?? schedule
        epochs = reader.integer("epochs", in: 1...Self.epochsMax) ?? epochs
        batchSize = reader.integer("batch_size", in: 1...Self.batchSizeMax) ?? batchSize
        seed = reader.integer("seed", in: 0...Self.seedMax).map(UInt64.init) ?? seed
        threads = reader.integer("threads", in: 1...256) ?? threads
        gradientClipNorm = reader.number("gradient_clip_norm", in: .above(0, to: 1e30))
        initialModel = reader.identifier("initial_model", kind: .model)
        diagnostics = reader.flag("diagnostics") ?? diagnostics
        earlyStopping = EarlyStoppingSpec.read(&reader, tasks: tasks)
        checkpoint = reader.record("checkpoint") ?? checkpoint
    }

    private mutating func readScheduling(_ reader: inout SpecReader) {
        priority = reader.integer("priority", in: JobLimits.priority) ?? priority
        deadline = reader.timestamp("deadline")
        maxRuntimeSeconds = reader.integer("max_runtime_seconds", in: 1...31_536_000)
        maxAttempts = reader.integer("max_attempts", in: 1...1_000_000) ?? maxAttempts
        if let labels = reader.labels("labels") { self.labels = labels }
    }
}

/// Bounds of the members that a job has beside its spec, for a submission and for a change.
package enum JobLimits {
    package static let priority = -100...100
    package static let labelKeyLengthMax = 63
    package static let labelValueLengthMax = 200
}

extension SpecReader {
    fileprivate mutating func requiredDataset(_ surroundings: SpecSurroundings?) -> Identifier? {
        guard let value = value("dataset") else {
            report("dataset", "missing; expected the identifier of a data set, \"ds_…\"")
            return nil
        }
        guard let text = value.text, let identifier = Identifier(text, kind: .dataset) else {
            reportUnknownDataset(value)
            return nil
        }
        if let surroundings, surroundings.dataset(identifier) == nil {
            reportUnknownDataset(value)
            return nil
        }
        return identifier
    }

    private mutating func reportUnknownDataset(_ value: JSONValue) {
        report(
            "dataset", "no such data set: \(value.excerpt); expected the identifier of one that is there, \"ds_…\"")
    }

    /// A flat object of texts.
    mutating func labels(_ name: String) -> [String: String]? {
        guard let value = value(name) else { return nil }
        guard let members = value.members, members.count <= TrainingSpec.labelsMax else {
            report(name, "expected an object of at most \(TrainingSpec.labelsMax) texts, got \(value.kindInWords)")
            return nil
        }
        var labels: [String: String] = [:]
        for member in members {
            let pointer = Jobs.pointer(self.pointer(to: name), member.name)
            guard member.name.isPlain(lengthMax: JobLimits.labelKeyLengthMax) else {
                log.report(pointer, "a label's name has 1 to \(JobLimits.labelKeyLengthMax) characters")
                continue
            }
            let isEmpty = member.value.text?.isEmpty ?? false
            guard let text = member.value.text, isEmpty || text.isPlain(lengthMax: JobLimits.labelValueLengthMax) else {
                log.report(
                    pointer,
                    "expected a text of at most \(JobLimits.labelValueLengthMax) characters, got \(member.value.excerpt)"
                )
                continue
            }
            labels[member.name] = text
        }
        return labels
    }
}

extension Holdout {
    fileprivate static func read(_ reader: inout SpecReader, _ name: String) -> Holdout? {
        guard var part = reader.object(name) else { return nil }
        defer { part.finish() }
        let dataset = part.identifier("dataset", kind: .dataset)
        let fraction = part.number("fraction", in: .betweenZeroAndOne)
        let seed = part.integer("seed", in: 0...TrainingSpec.seedMax)
        let stratifyBy = part.text("stratify_by", lengthMax: 1_000)
        if let dataset {
            if fraction != nil || seed != nil || stratifyBy != nil {
                part.log.report(part.pointer, "expected either \"dataset\" or \"fraction\", not both")
            }
            return .dataset(dataset)
        }
        return .fraction(fraction ?? 0.2, seed: UInt64(seed ?? 0), stratifyBy: stratifyBy)
    }
}

extension EarlyStoppingSpec {
    fileprivate static func read(_ reader: inout SpecReader, tasks: [TaskSpec]) -> EarlyStoppingSpec? {
        guard var part = reader.object("early_stopping") else { return nil }
        defer { part.finish() }
        let patience = part.integer("patience", in: 1...TrainingSpec.epochsMax) ?? 5
        return EarlyStoppingSpec(patience: patience, monitor: Monitor.read(&part, tasks: tasks))
    }
}

extension EarlyStoppingSpec.Monitor {
    fileprivate static func read(_ reader: inout SpecReader, tasks: [TaskSpec]) -> Self {
        guard let value = reader.value("monitor"), value.text != "validation_loss" else { return .validationLoss }
        guard value.members != nil else {
            reader.report("monitor", "expected \"validation_loss\" or {\"task\", \"metric\"}, got \(value.excerpt)")
            return .validationLoss
        }
        var part = SpecReader(value, at: reader.pointer(to: "monitor"), log: reader.log)
        defer { part.finish() }
        let name = part.value("task")
        let metric = part.value("metric")
        guard let task = tasks.first(where: { $0.name == name?.text }) else {
            part.report("task", "expected the name of a task: \(tasks.map(\.name).quotedList)")
            return .validationLoss
        }
        let accepted = ["validation_loss"] + task.kind.metrics
        guard let metric = metric?.text, accepted.contains(metric) else {
            part.report("metric", "expected one of \(accepted.quotedList)")
            return .validationLoss
        }
        return .metric(task: task.name, metric: metric)
    }
}

extension NumberBounds {
    /// Above 0 and below 1: a proper part of a whole.
    fileprivate static let betweenZeroAndOne = NumberBounds(
        minimum: 0, minimumIsExcluded: true, maximum: 1, maximumIsExcluded: true)
}
