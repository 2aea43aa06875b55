package import Weighting

extension WeightingConfiguration {
    /// The strategy of a spec that names none: the tasks with the larger loss get the larger weight.
    package static let standard = (try? WeightingConfiguration(strategy: "adaptive")) ?? .equal

    /// Reads `{"strategy": …, parameters…}` on its own, as a change of a running job's weighting brings it.
    package init(decoding json: JSONValue, at pointer: String, tasks: [TaskSpec]) throws(InvalidSpec) {
        let log = ProblemLog()
        let configuration = Self.read(json, at: pointer, tasks: tasks, log: log)
        guard log.problems.isEmpty else { throw InvalidSpec(problems: log.problems) }
        self = configuration
    }

    /// This weighting after a merge patch (RFC 7396): parameters that the patch does not name stay as they are, null goes
    /// back to the default. Another strategy begins with its own defaults, as parameters mean nothing beyond theirs.
    package func merging(
        _ patch: JSONValue, at pointer: String, tasks: [TaskSpec]
    ) throws(InvalidSpec) -> WeightingConfiguration {
        guard patch != .null else { return .standard }
        let strategy = patch["strategy"].map { $0 == .null ? .string(Self.standard.strategy) : $0 }
        guard let members = patch.members, strategy == nil || strategy == .string(self.strategy) else {
            return try WeightingConfiguration(decoding: patch, at: pointer, tasks: tasks)
        }
        let changed = members.filter { $0.name != "strategy" }
        let kept = json.members?.filter { own in !changed.contains { $0.name == own.name } } ?? []
        return try WeightingConfiguration(decoding: .object(kept + changed), at: pointer, tasks: tasks)
    }

    static func read(_ reader: inout SpecReader, tasks: [TaskSpec]) -> WeightingConfiguration {
        guard let value = reader.value("weighting") else {
            standard.checkWeights(of: tasks, log: reader.log, pointer: reader.pointer(to: "tasks"))
            return standard
        }
        let configuration = read(value, at: reader.pointer(to: "weighting"), tasks: tasks, log: reader.log)
        configuration.checkWeights(of: tasks, log: reader.log, pointer: reader.pointer(to: "tasks"))
        return configuration
    }

    private static func read(
        _ value: JSONValue, at pointer: String, tasks: [TaskSpec], log: ProblemLog
    ) -> WeightingConfiguration {
        guard let members = value.members else {
            log.report(pointer, "expected an object, got \(value.kindInWords)")
            return standard
        }
        var parameters: [String: ParameterValue] = [:]
        var strategy = "adaptive"
        for member in members where member.value != .null {
            if member.name == "strategy" {
                // Anything but a text names no strategy, and is refused as such.
                strategy = member.value.text ?? ""
            } else if let parameter = ParameterValue(member.value) {
                parameters[member.name] = parameter
            } else {
                log.report(Jobs.pointer(pointer, member.name), "expected a number, a text, true or false, or numbers")
            }
        }
        do {
            let configuration = try WeightingConfiguration(strategy: strategy, parameters: parameters)
            let problems = tasks.isEmpty ? [] : configuration.problems(for: tasks.map(\.weighted))
            problems.forEach { log.report(Jobs.pointer(pointer, $0.member), $0.detail) }
            return configuration
        } catch {
            error.problems.forEach { log.report(Jobs.pointer(pointer, $0.member), $0.detail) }
            return standard
        }
    }

    /// A weight written into a task says something to strategy `static` only.
    private func checkWeights(of tasks: [TaskSpec], log: ProblemLog, pointer: String) {
        guard strategy != "static" else { return }
        for (index, task) in tasks.enumerated() where task.weight != 1 {
            log.report(
                Jobs.pointer(Jobs.pointer(pointer, index), "weight"),
                "is used by the strategy \"static\" only; the strategy is \"\(strategy)\"")
        }
    }

    /// `{"strategy": …}` with every parameter.
    package var json: JSONValue {
        let members = parameters.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.json) }
        return .object([.init("strategy", .string(strategy))] + members)
    }
}

extension TaskSpec {
    /// What a strategy may know of the task.
    package var weighted: WeightedTask {
        let kind: WeightedTask.Kind =
            switch self.kind {
            case .classification: .classification
            case .binary: .binary
            case .multilabel: .multilabel
            case .regression: .regression
            }
        return WeightedTask(name: name, kind: kind, staticWeight: weight)
    }
}

extension ParameterValue {
    fileprivate init?(_ json: JSONValue) {
        switch json {
        case .bool(let flag): self = .flag(flag)
        case .integer(let integer): self = Int(exactly: integer).map(ParameterValue.integer) ?? .number(Double(integer))
        case .number(let number): self = .number(number)
        case .string(let text): self = .text(text)
        case .array(let elements):
            let numbers = elements.compactMap(\.double)
            guard numbers.count == elements.count else { return nil }
            self = .numbers(numbers)
        case .null, .object: return nil
        }
    }

    package var json: JSONValue {
        switch self {
        case .number(let number): .number(number)
        case .integer(let integer): .integer(Int64(integer))
        case .text(let text): .string(text)
        case .flag(let flag): .bool(flag)
        case .numbers(let numbers): .array(numbers.map(JSONValue.number))
        }
    }
}
