package import Jobs
import Yams

/// Reads YAML as the JSON value it stands for, members in their order (YAML 1.2 core schema, as OpenAPI 3.1 wants it).
package enum YAMLText {
    package static func value(of text: String) throws -> JSONValue {
        guard let node = try Yams.compose(yaml: text) else { return .null }
        return try value(of: node)
    }

    private static func value(of node: Node) throws -> JSONValue {
        switch node {
        case .mapping(let mapping):
            return .object(
                try mapping.map { key, value in
                    guard let name = key.scalar?.string else { throw ToolError("a key is no scalar") }
                    return JSONValue.Member(name, try self.value(of: value))
                })
        case .sequence(let sequence): return .array(try sequence.map { try value(of: $0) })
        case .scalar(let scalar): return value(of: scalar)
        case .alias: throw ToolError("aliases are not used here")
        }
    }

    private static func value(of scalar: Node.Scalar) -> JSONValue {
        let text = scalar.string
        guard scalar.style == .plain || scalar.style == .any else { return .string(text) }
        switch text {
        case "", "~", "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        if let integer = Int64(text) { return .integer(integer) }
        let isNumber = text.wholeMatch(of: /-?(\d+\.\d*|\d+)([eE][-+]?\d+)?/) != nil
        if isNumber, let number = Double(text) { return .number(number) }
        return .string(text)
    }
}

struct ToolError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
