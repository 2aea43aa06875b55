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

extension YAMLText {
    /// A value as lines of YAML: objects of objects line by line, everything else on the line of its name.
    static func lines(of value: JSONValue) -> [String] {
        guard let members = value.members, !members.isEmpty else { return [flow(value)] }
        return members.flatMap { member in
            let lines = Self.lines(of: member.value)
            if member.value.members?.isEmpty == false { return ["\(member.name):"] + lines.map { "  " + $0 } }
            guard let elements = member.value.elements, elements.contains(where: { $0.members != nil }) else {
                return ["\(member.name): \(flow(member.value))"]
            }
            return ["\(member.name):"] + elements.map { "  - \(flow($0))" }
        }
    }

    /// JSON is YAML, but for exponents, which need a fraction there.
    private static func flow(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements): "[" + elements.map(flow).joined(separator: ", ") + "]"
        case .object(let members):
            "{ " + members.map { "\($0.name): \(flow($0.value))" }.joined(separator: ", ") + " }"
        case .number: number(String(decoding: value.encoded, as: UTF8.self))
        default: String(decoding: value.encoded, as: UTF8.self)
        }
    }

    private static func number(_ json: String) -> String {
        guard let exponent = json.firstIndex(of: "e"), !json.contains(".") else { return json }
        return json[..<exponent] + ".0" + json[exponent...]
    }
}

struct ToolError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
