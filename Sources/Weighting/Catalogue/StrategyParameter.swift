/// One parameter of a strategy, as the catalogue lists it and the spec validator checks it.
package struct StrategyParameter: Sendable, Hashable {
    package enum Domain: Sendable, Hashable {
        case number(NumberBounds)
        case integer(ClosedRange<Int>)
        case choice([String])
        case flag
        /// One number a task in the order of the tasks, or none at all.
        case numberPerTask(NumberBounds)

        /// The name of the type on the wire.
        package var typeName: String {
            switch self {
            case .number: "number"
            case .integer: "integer"
            case .choice: "string"
            case .flag: "boolean"
            case .numberPerTask: "array"
            }
        }
    }

    package let name: String
    package let domain: Domain
    package let defaultValue: ParameterValue
    /// One sentence for people.
    package let summary: String

    /// What would be accepted, as words that follow "must be".
    package var accepted: String {
        switch domain {
        case .number(let bounds): "a number \(bounds)"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .flag: "true or false"
        case .numberPerTask(let bounds): "an array with one number \(bounds) for each task, or an empty array"
        }
    }

    /// The value in the type of the domain, or nil if it is outside: 1 is taken for the number 1.0, and 2.0 for the integer 2.
    package func normalised(_ value: ParameterValue) -> ParameterValue? {
        switch (domain, value) {
        case (.number(let bounds), .number(let number)):
            bounds.contains(number) ? value : nil
        case (.number(let bounds), .integer(let integer)):
            bounds.contains(Double(integer)) ? .number(Double(integer)) : nil
        case (.integer(let range), .integer(let integer)):
            range.contains(integer) ? value : nil
        case (.integer(let range), .number(let number)):
            Int(exactly: number).flatMap { range.contains($0) ? .integer($0) : nil }
        case (.choice(let names), .text(let text)):
            names.contains(text) ? value : nil
        case (.flag, .flag):
            value
        case (.numberPerTask(let bounds), .numbers(let numbers)):
            numbers.allSatisfy(bounds.contains) ? value : nil
        default:
            nil
        }
    }
}

/// A parameter together with the Swift type its strategy reads it as, so that names and defaults are written once.
struct ParameterKey<Value: Sendable>: Sendable {
    let parameter: StrategyParameter
    let defaultValue: Value
    let read: @Sendable (ParameterValue) -> Value?
}

extension ParameterKey where Value == Double {
    static func number(_ name: String, default value: Double, _ bounds: NumberBounds, _ summary: String) -> Self {
        let parameter = StrategyParameter(
            name: name, domain: .number(bounds), defaultValue: .number(value), summary: summary)
        return Self(parameter: parameter, defaultValue: value) {
            if case .number(let number) = $0 { number } else { nil }
        }
    }
}

extension ParameterKey where Value == Int {
    static func integer(_ name: String, default value: Int, _ range: ClosedRange<Int>, _ summary: String) -> Self {
        let parameter = StrategyParameter(
            name: name, domain: .integer(range), defaultValue: .integer(value), summary: summary)
        return Self(parameter: parameter, defaultValue: value) {
            if case .integer(let integer) = $0 { integer } else { nil }
        }
    }
}

extension ParameterKey where Value == Bool {
    static func flag(_ name: String, default value: Bool, _ summary: String) -> Self {
        let parameter = StrategyParameter(name: name, domain: .flag, defaultValue: .flag(value), summary: summary)
        return Self(parameter: parameter, defaultValue: value) {
            if case .flag(let flag) = $0 { flag } else { nil }
        }
    }
}

extension ParameterKey where Value == [Double] {
    static func perTask(_ name: String, _ bounds: NumberBounds, _ summary: String) -> Self {
        let parameter = StrategyParameter(
            name: name, domain: .numberPerTask(bounds), defaultValue: .numbers([]), summary: summary)
        return Self(parameter: parameter, defaultValue: []) {
            if case .numbers(let numbers) = $0 { numbers } else { nil }
        }
    }
}

extension ParameterKey where Value: RawRepresentable<String> & CaseIterable {
    static func choice(_ name: String, default value: Value, _ summary: String) -> Self {
        let domain = StrategyParameter.Domain.choice(Value.allCases.map(\.rawValue))
        let parameter = StrategyParameter(
            name: name, domain: domain, defaultValue: .text(value.rawValue), summary: summary)
        return Self(parameter: parameter, defaultValue: value) {
            if case .text(let text) = $0 { Value(rawValue: text) } else { nil }
        }
    }
}
