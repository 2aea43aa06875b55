package import Jobs

/// Finds what in a new description would break a client that was written against the old one.
///
/// A client sends what the old description allowed, and reads what it promised: so requests may only grow in what they take,
/// answers only in what they give.
package struct Compatibility {
    private let old: JSONValue
    private let new: JSONValue

    package init(from old: JSONValue, to new: JSONValue) {
        self.old = old
        self.new = new
    }

    private enum Direction {
        case request, response
    }

    private static let methods: Set = ["get", "put", "post", "patch", "delete", "head", "options"]
    /// Schemas refer to each other, but never this deep without a circle.
    private static let depthMax = 32

    /// One line a break; empty when there is none.
    package func breaks() -> [String] {
        var breaks: [String] = []
        for path in old["paths"]?.members ?? [] {
            for operation in path.value.members ?? [] where Self.methods.contains(operation.name) {
                let place = "\(operation.name.uppercased()) \(path.name)"
                guard let after = new["paths"]?[path.name]?[operation.name] else {
                    breaks.append("\(place) is gone")
                    continue
                }
                let parameters = (old: path.value["parameters"], new: new["paths"]?[path.name]?["parameters"])
                breaks += operationBreaks(operation.value, after, at: place)
                breaks += parameterBreaks(
                    Self.all(operation.value, parameters.old), Self.all(after, parameters.new), at: place)
            }
        }
        return breaks
    }

    private func operationBreaks(_ old: JSONValue, _ new: JSONValue, at place: String) -> [String] {
        var breaks: [String] = []
        if old["operationId"] != new["operationId"] {
            breaks.append("\(place): operationId \(old["operationId"]?.text ?? "") names generated code, and changed")
        }
        if new["requestBody"]?["required"] == .bool(true), old["requestBody"]?["required"] != .bool(true) {
            breaks.append("\(place): a body is required now")
        }
        breaks += contentBreaks(
            old["requestBody"]?["content"], new["requestBody"]?["content"], .request, at: place + " request")
        for response in old["responses"]?.members ?? [] {
            guard let after = new["responses"]?[response.name] else {
                breaks.append("\(place): the answer \(response.name) is gone")
                continue
            }
            breaks += contentBreaks(
                resolve(response.value, in: self.old)["content"], resolve(after, in: self.new)["content"], .response,
                at: "\(place) \(response.name)")
        }
        return breaks
    }

    private func contentBreaks(
        _ old: JSONValue?, _ new: JSONValue?, _ direction: Direction, at place: String
    ) -> [String] {
        (old?.members ?? []).flatMap { media -> [String] in
            guard let after = new?[media.name] else { return ["\(place): \(media.name) is gone"] }
            guard let before = media.value["schema"], let schema = after["schema"] else { return [] }
            return schemaBreaks(before, schema, direction, at: place, depth: 0)
        }
    }

    // MARK: - Parameters

    private static func all(_ operation: JSONValue, _ shared: JSONValue?) -> [JSONValue] {
        (shared?.elements ?? []) + (operation["parameters"]?.elements ?? [])
    }

    private func parameterBreaks(_ old: [JSONValue], _ new: [JSONValue], at place: String) -> [String] {
        func byName(_ parameters: [JSONValue], in document: JSONValue) -> [(name: String, value: JSONValue)] {
            parameters.map { resolve($0, in: document) }.map {
                ("\($0["in"]?.text ?? "") \($0["name"]?.text ?? "")", $0)
            }
        }
        let (before, after) = (byName(old, in: self.old), byName(new, in: self.new))
        var breaks: [String] = []
        for (name, parameter) in before {
            guard let same = after.first(where: { $0.name == name })?.value else {
                breaks.append("\(place): the parameter \(name) is gone")
                continue
            }
            if let was = parameter["schema"], let schema = same["schema"] {
                breaks += schemaBreaks(was, schema, .request, at: "\(place) \(name)", depth: 0)
            }
        }
        for (name, parameter) in after where parameter["required"] == .bool(true) {
            let wasRequired = before.first { $0.name == name }?.value["required"] == .bool(true)
            if !wasRequired { breaks.append("\(place): the parameter \(name) is required now") }
        }
        return breaks
    }

    // MARK: - Schemas

    private func schemaBreaks(
        _ old: JSONValue, _ new: JSONValue, _ direction: Direction, at place: String, depth: Int
    ) -> [String] {
        guard depth < Self.depthMax else { return [] }
        let (before, after) = (resolve(old, in: self.old), resolve(new, in: self.new))
        let (choicesBefore, choicesAfter) = (choices(of: old, in: self.old), choices(of: new, in: self.new))
        if choicesBefore.count > 1 || choicesAfter.count > 1 {
            return choiceBreaks(
                choicesBefore.flatMap { Self.splitNull(resolve($0, in: self.old)) },
                choicesAfter.flatMap { Self.splitNull(resolve($0, in: self.new)) }, direction, at: place,
                depth: depth + 1)
        }
        return valueBreaks(before, after, direction, at: place)
            + boundBreaks(before, after, direction, at: place)
            + memberBreaks(before, after, direction, at: place, depth: depth)
    }

    /// The schemas of which one must hold, whatever the depth at which they are written; the schema itself when it has none.
    private func choices(of schema: JSONValue, in document: JSONValue, depth: Int = 0) -> [JSONValue] {
        let resolved = resolve(schema, in: document)
        guard depth < Self.depthMax, let inner = (resolved["oneOf"] ?? resolved["anyOf"])?.elements else {
            return [schema]
        }
        return inner.flatMap { choices(of: $0, in: document, depth: depth + 1) }
    }

    /// A schema that takes null beside values of one type, as a choice of two.
    private static func splitNull(_ schema: JSONValue) -> [JSONValue] {
        guard let types = schema["type"]?.elements, types.count == 2, types.contains(.string("null")),
            let type = types.first(where: { $0 != .string("null") })
        else { return [schema] }
        let members = (schema.members ?? []).map { $0.name == "type" ? JSONValue.Member("type", type) : $0 }
        return [.object(members), .object([.init("type", .string("null"))])]
    }

    /// What a request could choose must still be taken by one of the choices, and what an answer may be must have been one.
    private func choiceBreaks(
        _ old: [JSONValue], _ new: [JSONValue], _ direction: Direction, at place: String, depth: Int
    ) -> [String] {
        // A choice of another type is no candidate, however little else there is to say about it.
        func isCandidate(_ old: JSONValue, _ new: JSONValue) -> Bool {
            resolve(old, in: self.old)["type"] == resolve(new, in: self.new)["type"]
        }
        func fewest(_ pairs: [(old: JSONValue, new: JSONValue)]) -> [String] {
            let candidates = pairs.filter { isCandidate($0.old, $0.new) }
            return (candidates.isEmpty ? pairs : candidates)
                .map { schemaBreaks($0.old, $0.new, direction, at: place, depth: depth) }
                .min { $0.count < $1.count } ?? []
        }
        switch direction {
        case .request:
            return old.flatMap { before in fewest(new.map { (before, $0) }) }
        case .response:
            return new.flatMap { after in fewest(old.map { ($0, after) }) }
        }
    }

    /// Types and choices: requests must not lose any, answers must not gain any.
    private func valueBreaks(
        _ old: JSONValue, _ new: JSONValue, _ direction: Direction, at place: String
    ) -> [String] {
        ["type", "enum", "const"].flatMap { keyword -> [String] in
            let (before, after) = (Self.values(old[keyword]), Self.values(new[keyword]))
            guard let before else {
                return after != nil && direction == .request ? ["\(place): takes fewer values than it did"] : []
            }
            guard let after else {
                return direction == .response ? ["\(place): may hold more than it did"] : []
            }
            let lost =
                direction == .request ? before.filter { !after.contains($0) } : after.filter { !before.contains($0) }
            let words = direction == .request ? "is no longer taken" : "is new in answers"
            return lost.map { "\(place): \(String(decoding: $0.encoded, as: UTF8.self)) \(words)" }
        }
    }

    private static func values(_ value: JSONValue?) -> [JSONValue]? {
        value.map { $0.elements ?? [$0] }
    }

    private static let lowerBounds: Set = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]
    private static let upperBounds: Set = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]

    /// Requests must not be held to tighter bounds.
    private func boundBreaks(
        _ old: JSONValue, _ new: JSONValue, _ direction: Direction, at place: String
    ) -> [String] {
        guard direction == .request else { return [] }
        var breaks: [String] = []
        for bound in new.members ?? [] {
            guard let value = bound.value.double else { continue }
            let before = old[bound.name]?.double
            let isTighter =
                Self.lowerBounds.contains(bound.name) && before.map { value > $0 } ?? true
                || Self.upperBounds.contains(bound.name) && before.map { value < $0 } ?? true
            if isTighter, Self.lowerBounds.union(Self.upperBounds).contains(bound.name) {
                breaks.append("\(place): \(bound.name) is tighter")
            }
        }
        if let pattern = new["pattern"], pattern != old["pattern"] { breaks.append("\(place): the pattern changed") }
        return breaks
    }

    private func memberBreaks(
        _ old: JSONValue, _ new: JSONValue, _ direction: Direction, at place: String, depth: Int
    ) -> [String] {
        var breaks: [String] = []
        let (before, after) = (Self.names(old["required"]), Self.names(new["required"]))
        switch direction {
        case .request: breaks += after.subtracting(before).sorted().map { "\(place)/\($0) is required now" }
        case .response: breaks += before.subtracting(after).sorted().map { "\(place)/\($0) may be missing" }
        }
        for member in old["properties"]?.members ?? [] {
            let inner = "\(place)/\(member.name)"
            guard let schema = new["properties"]?[member.name] else {
                // What a request may say freely needs no schema of its own.
                if direction == .request, new["additionalProperties"] == nil { continue }
                breaks.append("\(inner) is gone")
                continue
            }
            breaks += schemaBreaks(member.value, schema, direction, at: inner, depth: depth + 1)
        }
        if let items = old["items"], let now = new["items"] {
            breaks += schemaBreaks(items, now, direction, at: place + "/*", depth: depth + 1)
        }
        return breaks
    }

    private static func names(_ value: JSONValue?) -> Set<String> {
        Set((value?.elements ?? []).compactMap(\.text))
    }

    private func resolve(_ value: JSONValue, in document: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.text else { return value }
        return reference.split(separator: "/").dropFirst().reduce(document) { found, part in
            found[String(part)] ?? .null
        }
    }
}
