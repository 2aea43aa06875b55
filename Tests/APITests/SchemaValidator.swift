import Jobs

/// Checks values against the JSON Schemas of a description: the keywords that ours uses, and no others.
///
/// Objects are taken as closed, unless their schema says what else they may hold: our own answers hold nothing that is
/// not described.
struct SchemaValidator {
    let document: JSONValue

    /// What is wrong, each with the place in the value; empty if nothing is.
    func problems(_ value: JSONValue, against schema: JSONValue, at place: String = "") -> [String] {
        if case .bool(let allows) = schema { return allows ? [] : ["\(place): nothing is allowed here"] }
        if let reference = schema["$ref"]?.text { return problems(value, against: resolve(reference), at: place) }
        return scalarProblems(value, schema).map { "\(place): \($0)" }
            + combinationProblems(value, schema, at: place) + memberProblems(value, schema, at: place)
            + elementProblems(value, schema, at: place)
    }

    func resolve(_ reference: String) -> JSONValue {
        reference.split(separator: "/").dropFirst().reduce(document) { found, part in
            found[String(part).replacing("~1", with: "/")] ?? .bool(false)
        }
    }

    private func scalarProblems(_ value: JSONValue, _ schema: JSONValue) -> [String] {
        var problems: [String] = []
        func check(_ holds: Bool, _ words: String) {
            if !holds { problems.append("\(String(decoding: value.encoded, as: UTF8.self).prefix(80)) \(words)") }
        }
        let types = schema["type"].map { $0.elements?.compactMap(\.text) ?? [$0.text ?? ""] }
        if let types { check(types.contains { value.isOf(type: $0) }, "is none of \(types)") }
        if let choices = schema["enum"]?.elements { check(choices.contains(value), "is none of the choices") }
        if let constant = schema["const"] { check(value == constant, "is not the constant") }
        if let number = value.double {
            if let bound = schema["minimum"]?.double { check(number >= bound, "is below \(bound)") }
            if let bound = schema["maximum"]?.double { check(number <= bound, "is above \(bound)") }
            if let bound = schema["exclusiveMinimum"]?.double { check(number > bound, "is not above \(bound)") }
            if let bound = schema["exclusiveMaximum"]?.double { check(number < bound, "is not below \(bound)") }
        }
        if let text = value.text {
            if let length = schema["minLength"]?.int { check(text.count >= length, "is too short") }
            if let length = schema["maxLength"]?.int { check(text.count <= length, "is too long") }
            if let pattern = schema["pattern"]?.text {
                check((try? Regex(pattern).firstMatch(in: text)) != nil, "does not match \(pattern)")
            }
            if schema["format"]?.text == "date-time" { check(Timestamp(rfc3339: text) != nil, "is no time") }
        }
        return problems
    }

    private func combinationProblems(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        var result: [String] = []
        if let choices = schema["oneOf"]?.elements {
            let fitting = choices.filter { problems(value, against: $0).isEmpty }.count
            if fitting != 1 { result.append("\(place): fits \(fitting) of oneOf") }
        }
        if let choices = schema["anyOf"]?.elements, choices.allSatisfy({ !problems(value, against: $0).isEmpty }) {
            result.append("\(place): fits none of anyOf")
        }
        return result
    }

    private func memberProblems(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        guard let members = value.members else { return [] }
        var result = (schema["required"]?.elements ?? []).compactMap(\.text).filter { value[$0] == nil }.map {
            "\(place): \($0) is missing"
        }
        let others = schema["additionalProperties"] ?? .bool(schema["properties"] == nil)
        for member in members {
            let described = schema["properties"]?[member.name] ?? others
            result += problems(member.value, against: described, at: place + "/" + member.name)
        }
        return result
    }

    private func elementProblems(_ value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        guard let elements = value.elements else { return [] }
        var result: [String] = []
        if let least = schema["minItems"]?.int, elements.count < least { result.append("\(place): too few") }
        if let most = schema["maxItems"]?.int, elements.count > most { result.append("\(place): too many") }
        guard let items = schema["items"] else { return result }
        for (index, element) in elements.enumerated() {
            result += problems(element, against: items, at: "\(place)/\(index)")
        }
        return result
    }
}

extension JSONValue {
    fileprivate func isOf(type: String) -> Bool {
        switch (self, type) {
        case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.array, "array"), (.object, "object"): true
        case (.integer, "integer"), (.integer, "number"), (.number, "number"): true
        case (.number(let number), "integer"): number == number.rounded()
        default: false
        }
    }
}
