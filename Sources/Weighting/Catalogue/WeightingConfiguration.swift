/// A strategy chosen by name, with a valid value for each of its parameters.
package struct WeightingConfiguration: Sendable, Hashable {
    package let strategy: String
    /// Every parameter of the strategy, defaults filled in.
    package let parameters: [String: ParameterValue]

    /// Unknown parameters beyond so many problems are not named any more.
    private static let problemsMax = 100

    /// Equal weights, the choice of a job that says nothing.
    package static let equal = WeightingConfiguration(unchecked: Equal.descriptor.name, [:])

    /// - Throws: `WeightingProblems` with everything that is wrong, not only the first.
    package init(strategy: String, parameters given: [String: ParameterValue] = [:]) throws(WeightingProblems) {
        guard let descriptor = WeightingStrategies.named(strategy) else {
            let names = WeightingStrategies.all.map(\.name).joined(separator: ", ")
            throw WeightingProblems([.init(member: "strategy", detail: "must be one of \(names)")])
        }
        var values: [String: ParameterValue] = [:]
        var problems: [WeightingProblems.Problem] = []
        for parameter in descriptor.parameters {
            let value = given[parameter.name] ?? parameter.defaultValue
            if let normalised = parameter.normalised(value) {
                values[parameter.name] = normalised
            } else {
                problems.append(.init(member: parameter.name, detail: "must be \(parameter.accepted)"))
            }
        }
        for name in given.keys.sorted() where !descriptor.parameters.contains(where: { $0.name == name }) {
            if problems.count >= Self.problemsMax { break }
            problems.append(.init(member: name, detail: descriptor.refusal(ofParameter: name)))
        }
        guard problems.isEmpty else { throw WeightingProblems(problems) }
        self.init(unchecked: strategy, values)
    }

    /// For values known to be valid.
    private init(unchecked strategy: String, _ parameters: [String: ParameterValue]) {
        self.strategy = strategy
        self.parameters = parameters
    }

    /// What is wrong with this configuration for these tasks; empty if nothing is.
    package func problems(for tasks: [WeightedTask]) -> [WeightingProblems.Problem] {
        guard let descriptor = WeightingStrategies.named(strategy) else { return [] }
        var problems: [WeightingProblems.Problem] = []
        for parameter in descriptor.parameters {
            if case .numbers(let numbers)? = parameters[parameter.name], ![0, tasks.count].contains(numbers.count) {
                let detail = "has \(numbers.count) numbers for \(tasks.count) tasks; must be \(parameter.accepted)"
                problems.append(.init(member: parameter.name, detail: detail))
            }
        }
        if descriptor.requiresPositiveLosses {
            for task in tasks where task.lossMayBeNegative {
                let detail = "needs losses that are never negative, and that of task \(task.name) can be"
                problems.append(.init(member: "strategy", detail: detail))
            }
        }
        return problems
    }

    subscript<Value>(key: ParameterKey<Value>) -> Value {
        parameters[key.parameter.name].flatMap(key.read) ?? key.defaultValue
    }
}

/// Everything wrong with a weighting, each with the member of the JSON object it is about.
package struct WeightingProblems: Error, Hashable {
    package struct Problem: Sendable, Hashable {
        /// `strategy` or a parameter's name.
        package let member: String
        /// Says what would be accepted.
        package let detail: String
    }

    package let problems: [Problem]

    init(_ problems: [Problem]) {
        self.problems = problems
    }
}

extension WeightingProblems: CustomStringConvertible {
    package var description: String {
        problems.map { "\($0.member) \($0.detail)" }.joined(separator: "; ")
    }
}

extension StrategyDescriptor {
    fileprivate func refusal(ofParameter name: String) -> String {
        guard !parameters.isEmpty else { return "is not a parameter of \(self.name), which has none" }
        return "is not a parameter of \(self.name), which has \(parameters.map(\.name).joined(separator: ", "))"
    }
}
