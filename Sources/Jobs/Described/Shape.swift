package import Weighting

/// What a JSON value must look like to be accepted, as far as JSON Schema (draft 2020-12) can say it.
///
/// Rules across members, such as "`max` is not below `min`", are not part of it.
package indirect enum Shape: Sendable, Hashable {
    case boolean
    case integer(ClosedRange<Int>)
    /// One of a few whole numbers.
    case oneOf([Int])
    case number(NumberBounds)
    /// A string of 1 to `lengthMax` code points without control characters.
    case text(lengthMax: Int)
    /// One of these strings.
    case choice([String])
    case array(Shape, count: ClosedRange<Int>, isUnique: Bool)
    /// A closed object that has a schema of this name.
    case record(String)
}

extension Shape {
    /// What is accepted, in words that follow "expected".
    var words: String {
        switch self {
        case .boolean: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .oneOf(let numbers): "one of \(numbers.map(String.init).joined(separator: ", "))"
        case .number(let bounds): "a number \(bounds)"
        case .text(let lengthMax): "a text of 1 to \(lengthMax) characters without control characters"
        case .choice(let names): "one of \(names.quotedList)"
        case .array(_, let count, _): "an array of \(count.lowerBound) to \(count.upperBound) elements"
        case .record: "an object"
        }
    }

    /// Whether objects with a schema of their own are part of it.
    var hasRecords: Bool {
        switch self {
        case .record: true
        case .array(let element, _, _): element.hasRecords
        case .boolean, .integer, .oneOf, .number, .text, .choice: false
        }
    }

    /// The keywords of the schema, in the order in which people read them.
    ///
    /// - Parameter acceptsNull: whether `null`, which means "absent", is accepted too.
    package func keywords(acceptsNull: Bool) -> [JSONValue.Member] {
        switch self {
        case .boolean: [type("boolean", acceptsNull)]
        case .integer(let range): [type("integer", acceptsNull)] + Self.bounds(range)
        case .oneOf(let numbers): [values(numbers.map { .integer(Int64($0)) }, acceptsNull)]
        case .number(let bounds): [type("number", acceptsNull)] + bounds.keywords
        case .text(let lengthMax):
            [
                type("string", acceptsNull), .init("minLength", .integer(1)), .init("maxLength", JSONValue(lengthMax)),
                .init("pattern", .string(Self.withoutControlCharacters)),
            ]
        case .choice(let names): [values(names.map(JSONValue.string), acceptsNull)]
        case .array(let element, let count, let isUnique):
            [type("array", acceptsNull)]
                + (count.lowerBound > 0 ? [.init("minItems", JSONValue(count.lowerBound))] : [])
                + (count.upperBound < .max ? [.init("maxItems", JSONValue(count.upperBound))] : [])
                + (isUnique ? [.init("uniqueItems", .bool(true))] : [])
                + [.init("items", .object(element.keywords(acceptsNull: false)))]
        case .record(let name): Self.reference(name, acceptsNull)
        }
    }

    /// The control characters of Unicode: its general category Cc.
    private static let withoutControlCharacters = #"^[^\u0000-\u001F\u007F-\u009F]*$"#

    private func type(_ name: String, _ acceptsNull: Bool) -> JSONValue.Member {
        .init("type", acceptsNull ? .array([.string(name), .string("null")]) : .string(name))
    }

    private func values(_ values: [JSONValue], _ acceptsNull: Bool) -> JSONValue.Member {
        .init("enum", .array(values + (acceptsNull ? [.null] : [])))
    }

    private static func bounds(_ range: ClosedRange<Int>) -> [JSONValue.Member] {
        [.init("minimum", JSONValue(range.lowerBound)), .init("maximum", JSONValue(range.upperBound))]
    }

    private static func reference(_ name: String, _ acceptsNull: Bool) -> [JSONValue.Member] {
        let reference = JSONValue.Member("$ref", .string("#/components/schemas/\(name)"))
        guard acceptsNull else { return [reference] }
        return [.init("anyOf", .array([.object([reference]), .object([.init("type", .string("null"))])]))]
    }
}

extension NumberBounds {
    /// The bounds as keywords of JSON Schema.
    package var keywords: [JSONValue.Member] {
        let lower = minimum.map { JSONValue.Member(minimumIsExcluded ? "exclusiveMinimum" : "minimum", .number($0)) }
        let upper = maximum.map { JSONValue.Member(maximumIsExcluded ? "exclusiveMaximum" : "maximum", .number($0)) }
        return [lower, upper].compactMap { $0 }
    }
}
