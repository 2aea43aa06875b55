import Foundation
import Jobs
import Weighting

/// `WeightingSpec`: one closed schema per strategy, made from the catalogue.
package enum StrategySchemas {
    static let firstLine = "    # From here on made from the catalogue of strategies, by `make openapi`."
    static let lastLine = "    # To here made from the catalogue of strategies."
    private static let indent = "    "
    /// What a spec that names no strategy gets.
    private static let standard = WeightingConfiguration.standard.strategy

    /// Puts the schemas in the place of those in a description.
    package static func update(_ description: String) throws -> String {
        let parts = description.components(separatedBy: firstLine + "\n")
        guard parts.count == 2 else { throw ToolError("the first line of the generated part is missing") }
        let rest = parts[1].components(separatedBy: lastLine + "\n")
        guard rest.count == 2 else { throw ToolError("the last line of the generated part is missing") }
        return parts[0] + firstLine + "\n" + text + lastLine + "\n" + rest[1]
    }

    private static var text: String {
        var lines = [
            "WeightingSpec:",
            "  description: A strategy and its parameters; `\(standard)` when none is named.",
            "  anyOf:",
        ]
        lines += WeightingStrategies.all.map { "    - $ref: \"#/components/schemas/\(schemaName($0))\"" }
        for strategy in WeightingStrategies.all { lines += schema(of: strategy) }
        return lines.map { indent + $0 + "\n" }.joined()
    }

    /// `nash_mtl` → `NashMtlWeighting`.
    private static func schemaName(_ strategy: StrategyDescriptor) -> String {
        strategy.name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + "Weighting"
    }

    private static func schema(of strategy: StrategyDescriptor) -> [String] {
        let isStandard = strategy.name == standard
        var lines = [
            "\(schemaName(strategy)):", "  type: object", "  additionalProperties: false",
            "  description: \(quoted(strategy.summary))",
        ]
        if !isStandard { lines.append("  required: [strategy]") }
        lines.append("  properties:")
        lines.append(
            isStandard
                ? "    strategy: { enum: [\(strategy.name), null], default: \(strategy.name) }"
                : "    strategy: { const: \(strategy.name) }")
        for parameter in strategy.parameters {
            lines.append("    \(parameter.name):")
            for (name, value) in keywords(of: parameter) { lines.append("      \(name): \(value)") }
        }
        return lines
    }

    /// Null is as good as an absent parameter.
    private static func keywords(of parameter: StrategyParameter) -> [(String, String)] {
        var keywords: [(String, String)] = []
        switch parameter.domain {
        case .number(let bounds):
            keywords.append(("type", "[number, \"null\"]"))
            keywords += self.bounds(bounds)
        case .integer(let range):
            keywords.append(("type", "[integer, \"null\"]"))
            keywords += [("minimum", "\(range.lowerBound)"), ("maximum", "\(range.upperBound)")]
        case .choice(let choices): keywords.append(("enum", "[\(choices.joined(separator: ", ")), null]"))
        case .flag: keywords.append(("type", "[boolean, \"null\"]"))
        case .numberPerTask(let bounds):
            let inner = ([("type", "number")] + self.bounds(bounds)).map { "\($0): \($1)" }.joined(separator: ", ")
            keywords += [("type", "[array, \"null\"]"), ("items", "{ \(inner) }")]
        }
        keywords.append(("default", text(of: parameter.defaultValue.json)))
        keywords.append(("description", quoted(parameter.summary)))
        return keywords
    }

    private static func bounds(_ bounds: NumberBounds) -> [(String, String)] {
        let minimum = bounds.minimum.map {
            (bounds.minimumIsExcluded ? "exclusiveMinimum" : "minimum", text(of: .number($0)))
        }
        let maximum = bounds.maximum.map {
            (bounds.maximumIsExcluded ? "exclusiveMaximum" : "maximum", text(of: .number($0)))
        }
        return [minimum, maximum].compactMap { $0 }
    }

    private static func quoted(_ text: String) -> String {
        self.text(of: .string(text))
    }

    /// JSON is YAML, but for exponents, which need a fraction there.
    private static func text(of value: JSONValue) -> String {
        let json = String(decoding: value.encoded, as: UTF8.self)
        guard case .number = value, let exponent = json.firstIndex(of: "e"), !json.contains(".") else { return json }
        return json[..<exponent] + ".0" + json[exponent...]
    }
}
