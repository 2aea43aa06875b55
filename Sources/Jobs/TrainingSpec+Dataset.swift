extension TrainingSpec {
    /// Rows that a data set needs so that a part can be set apart and something is left.
    package static let rowsMin = 2

    /// Holds the spec against what it names: data sets, columns, models, the machine.
    func check(against surroundings: SpecSurroundings, pointer base: String, log: ProblemLog) {
        if let schema = surroundings.dataset(dataset) {
            checkColumns(schema, pointer: base, log: log)
            checkEncodings(schema, pointer: base, log: log)
            checkHoldoutFractions(schema, pointer: base, log: log)
        }
        for (name, holdout) in [("validation", Optional(validation)), ("test", test)] {
            guard case .dataset(let identifier) = holdout else { continue }
            let place = pointer(pointer(base, name), "dataset")
            guard let other = surroundings.dataset(identifier) else {
                log.report(place, "no such data set: \"\(identifier)\"; expected the identifier of one that is there")
                continue
            }
            checkSameColumns(other, at: place, log: log)
        }
        if let initialModel, !surroundings.modelExists(initialModel) {
            log.report(pointer(base, "initial_model"), "no such model: \"\(initialModel)\"")
        }
        if case .mlp(let encoder) = model.encoder, encoder.batchNorm, batchSize == 1 {
            log.report(
                pointer(base, "batch_size"), "with \"batch_norm\" expected at least 2: a row alone has no deviation")
        }
        if threads > surroundings.threadsMax {
            log.report(
                pointer(base, "threads"), "expected at most \(surroundings.threadsMax), what this server runs at once")
        }
        if let deadline, deadline <= surroundings.now {
            log.report(pointer(base, "deadline"), "has passed already; it is \(surroundings.now) here")
        }
    }

    /// Every column that is read: targets, inputs, and what the split is stratified by.
    private func checkColumns(_ schema: DatasetSchema, pointer base: String, log: ProblemLog) {
        let names = schema.columns.map(\.name)
        func report(missing name: String, at place: String) {
            guard !log.isFull else { return }
            let suggestion = log.suggestion(for: .string(name), from: names)
            let some = names.prefix(20).map { $0 }.quotedList + (names.count > 20 ? ", …" : "")
            log.report(place, "no column \"\(name)\" in the data set\(suggestion); it has \(some)")
        }
        var targets: Set<String> = []
        for (index, task) in tasks.enumerated() {
            let place = pointer(pointer(base, "tasks"), index)
            for (position, name) in task.targets.enumerated() {
                targets.insert(name)
                let member =
                    task.targets.count == 1 ? pointer(place, "target") : pointer(pointer(place, "targets"), position)
                guard let column = schema.column(named: name) else {
                    report(missing: name, at: member)
                    continue
                }
                task.check(column, rows: schema.rows, at: member, log: log)
            }
        }
        for (index, name) in (inputColumns ?? []).enumerated() where !log.isFull {
            let place = pointer(pointer(pointer(base, "inputs"), "columns"), index)
            if schema.column(named: name) == nil { report(missing: name, at: place) }
            if targets.contains(name) {
                log.report(place, "\"\(name)\" is the target of a task and cannot be an input as well")
            }
        }
        if inputColumns == nil, schema.format != .npz, names.allSatisfy(targets.contains) {
            log.report(pointer(base, "tasks"), "every column is a target, so no input is left")
        }
        for (name, holdout) in [("validation", Optional(validation)), ("test", test)] {
            if case .fraction(_, _, let column?) = holdout, schema.column(named: column) == nil {
                report(missing: column, at: pointer(pointer(base, name), "stratify_by"))
            }
        }
    }

    /// An encoding is for a scalar input column of a table.
    private func checkEncodings(_ schema: DatasetSchema, pointer base: String, log: ProblemLog) {
        guard !inputEncodings.isEmpty else { return }
        let encodings = pointer(pointer(base, "inputs"), "encodings")
        guard case .mlp = model.encoder else {
            log.report(encodings, "belongs to the encoder \"mlp\"")
            return
        }
        let targets = Set(tasks.flatMap(\.targets))
        let inputs = inputColumns.map(Set.init)
        for (name, encoding) in inputEncodings.sorted(by: { $0.key < $1.key }) {
            let place = pointer(encodings, name)
            guard let column = schema.column(named: name) else {
                let suggestion = log.suggestion(for: .string(name), from: schema.columns.lazy.map(\.name))
                log.report(place, "no column \"\(name)\" in the data set\(suggestion)")
                continue
            }
            if targets.contains(name) || inputs.map({ !$0.contains(name) }) == true {
                log.report(place, "\"\(name)\" is no input")
            } else if column.type == .array {
                log.report(place, "\"\(name)\" holds arrays; only columns with one value a row are encoded otherwise")
            } else if encoding.kind == .numeric, !column.isNumeric {
                log.report(place, "\"\(name)\" holds \(column.type.inWords), no numbers")
            }
        }
    }

    private func checkHoldoutFractions(_ schema: DatasetSchema, pointer base: String, log: ProblemLog) {
        guard schema.rows >= Self.rowsMin else {
            log.report(pointer(base, "dataset"), "has \(schema.rows) rows; training needs at least \(Self.rowsMin)")
            return
        }
        var sum = 0.0
        if case .fraction(let part, _, _) = validation { sum += part }
        if case .fraction(let part, _, _) = test { sum += part }
        if sum >= 1 {
            log.report(
                pointer(base, "test"),
                "validation and test together take \(sum) of the rows; nothing is left to train on")
        }
    }

    /// A validation or test set needs the targets, and the inputs where they are named.
    private func checkSameColumns(_ schema: DatasetSchema, at place: String, log: ProblemLog) {
        let needed = tasks.flatMap(\.targets) + (inputColumns ?? [])
        for name in needed where schema.column(named: name) == nil {
            log.report(place, "has no column \"\(name)\"")
        }
    }
}

extension TaskSpec {
    /// More classes than this are no classes but identifiers.
    package static let classesMax = 10_000

    /// Whether a column can be this task's target.
    fileprivate func check(_ column: ColumnProfile, rows: Int, at place: String, log: ProblemLog) {
        guard column.missing < rows else {
            log.report(place, "the column \"\(column.name)\" has no value at all")
            return
        }
        switch kind {
        case .regression:
            if !column.isNumeric && column.type != .array {
                log.report(place, "a regression needs numbers; \"\(column.name)\" holds \(column.type.inWords)")
            }
        case .classification:
            checkClasses(column, range: 2...Self.classesMax, at: place, log: log)
        case .binary, .multilabel:
            if column.type != .array { checkClasses(column, range: 1...3, at: place, log: log) }
        }
    }

    private func checkClasses(_ column: ColumnProfile, range: ClosedRange<Int>, at place: String, log: ProblemLog) {
        if column.type == .array || column.type == .number {
            log.report(
                place, "a \(kind.rawValue) task needs labels; \"\(column.name)\" holds \(column.type.inWords)")
        } else if let distinct = column.distinct, !range.contains(distinct) {
            let expected = kind == .classification ? "2 to \(Self.classesMax) different labels" : "two different labels"
            log.report(place, "a \(kind.rawValue) task needs \(expected); \"\(column.name)\" has \(distinct)")
        }
    }
}

extension ColumnProfile.ValueType {
    fileprivate var inWords: String {
        switch self {
        case .integer: "whole numbers"
        case .number: "numbers with fractions"
        case .boolean: "booleans"
        case .string: "text"
        case .array: "arrays"
        }
    }
}
