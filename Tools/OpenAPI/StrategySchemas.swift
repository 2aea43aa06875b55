import Jobs
import Weighting

/// One closed schema per weighting strategy, and `WeightingSpec` for any of them, made from the catalogue.
enum StrategySchemas {
    /// What a spec that names no strategy gets.
    private static let standard = WeightingConfiguration.standard.strategy

    static var all: [(name: String, schema: JSONValue)] {
        let references = WeightingStrategies.all.map { strategy in
            JSONValue.object([.init("$ref", .string("#/components/schemas/\(schemaName(strategy))"))])
        }
        let any = JSONValue.object([
            .init("description", .string("A strategy and its parameters; `\(standard)` when none is named.")),
            .init("anyOf", .array(references)),
        ])
        return [("WeightingSpec", any)] + WeightingStrategies.all.map { (schemaName($0), schema(of: $0)) }
    }

    /// `nash_mtl` → `NashMtlWeighting`.
    private static func schemaName(_ strategy: StrategyDescriptor) -> String {
        strategy.name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + "Weighting"
    }

    private static func schema(of strategy: StrategyDescriptor) -> JSONValue {
        let isStandard = strategy.name == standard
        let name = JSONValue.string(strategy.name)
        let tag: [JSONValue.Member] =
            isStandard ? [.init("enum", .array([name, .null])), .init("default", name)] : [.init("const", name)]
        let properties = strategy.parameters.map { JSONValue.Member($0.name, .object(keywords(of: $0))) }
        return .object(
            [
                .init("type", .string("object")), .init("additionalProperties", .bool(false)),
                .init("description", .string(strategy.summary)),
            ] + (isStandard ? [] : [.init("required", JSONValue(["strategy"]))])
                + [.init("properties", .object([.init("strategy", .object(tag))] + properties))])
    }

    /// Null is as good as an absent parameter.
    private static func keywords(of parameter: StrategyParameter) -> [JSONValue.Member] {
        let shape: [JSONValue.Member] =
            switch parameter.domain {
            case .number(let bounds): Shape.number(bounds).keywords(acceptsNull: true)
            case .integer(let range): Shape.integer(range).keywords(acceptsNull: true)
            case .choice(let choices): Shape.choice(choices).keywords(acceptsNull: true)
            case .flag: Shape.boolean.keywords(acceptsNull: true)
            // How many there must be is known with the tasks only.
            case .numberPerTask(let bounds):
                Shape.array(.number(bounds), count: 0...Int.max, isUnique: false)
                    .keywords(acceptsNull: true)
            }
        return shape + [
            .init("default", parameter.defaultValue.json), .init("description", .string(parameter.summary)),
        ]
    }
}
