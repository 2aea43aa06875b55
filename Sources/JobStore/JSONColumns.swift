import Foundation
import Jobs

// What columns of JSON text hold, written and read back.

extension JSONValue {
    /// The value as JSON text, for a column.
    var jsonText: String {
        String(decoding: encoded, as: UTF8.self)
    }
}

extension [UInt8] {
    var data: Data { Data(self) }
}

extension [String: String] {
    /// A JSON object, members by name, so that equal values have equal texts.
    var jsonText: String {
        JSONValue.object(sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }).jsonText
    }
}

extension [String: Double?] {
    var jsonValue: JSONValue {
        .object(sorted { $0.key < $1.key }.map { .init($0.key, JSONValue($0.value)) })
    }
}

extension Columns {
    /// A JSON object of strings.
    mutating func texts() throws -> [String: String] {
        guard let members = try json().members else { throw StoreError.corrupt("no JSON object") }
        return try Dictionary(
            members.map { member in
                guard case .string(let text) = member.value else {
                    throw StoreError.corrupt("\(member.name) is no string")
                }
                return (member.name, text)
            }, uniquingKeysWith: { first, _ in first })
    }
}

extension JSONValue {
    /// A JSON object of numbers and nulls.
    func numbers() throws -> [String: Double?] {
        guard let members else { throw StoreError.corrupt("no JSON object") }
        return Dictionary(members.map { ($0.name, $0.value.double) }, uniquingKeysWith: { first, _ in first })
    }
}

// MARK: - Column profiles

extension JSONValue {
    init(columns: [ColumnProfile]) {
        self = .array(columns.map { JSONValue(column: $0) })
    }

    private init(column: ColumnProfile) {
        self = .object([
            .init("name", .string(column.name)), .init("type", .string(column.type.rawValue)),
            .init("missing", JSONValue(column.missing)), .init("distinct", JSONValue(column.distinct)),
            .init("minimum", JSONValue(column.minimum)), .init("maximum", JSONValue(column.maximum)),
            .init("mean", JSONValue(column.mean)),
            .init(
                "top_values",
                .array(column.topValues.map { .array([.string($0.value), JSONValue($0.count)]) })),
            .init("shape", .array(column.shape.map { JSONValue($0) })), .init("storage", JSONValue(column.storage)),
        ])
    }

    func columnProfiles() throws -> [ColumnProfile] {
        guard let elements else { throw StoreError.corrupt("the columns are no array") }
        return try elements.map { try $0.columnProfile() }
    }

    private func columnProfile() throws -> ColumnProfile {
        guard
            let name = self["name"]?.text, let typeName = self["type"]?.text,
            let type = ColumnProfile.ValueType(rawValue: typeName), let missing = self["missing"]?.int,
            let topValues = self["top_values"]?.elements, let shape = self["shape"]?.elements
        else { throw StoreError.corrupt("a column of a data set") }
        return ColumnProfile(
            name: name, type: type, missing: missing, distinct: self["distinct"]?.int,
            minimum: self["minimum"]?.double, maximum: self["maximum"]?.double, mean: self["mean"]?.double,
            topValues: topValues.compactMap { pair in
                guard let value = pair.elements?.first?.text, let count = pair.elements?.last?.int else { return nil }
                return ColumnProfile.ValueCount(value: value, count: count)
            },
            shape: shape.compactMap(\.int), storage: self["storage"]?.text)
    }
}

// MARK: - Tasks of models

extension JSONValue {
    init(tasks: [TrainedModel.Task]) {
        self = .array(
            tasks.map { task in
                .object([
                    .init("name", .string(task.name)), .init("type", .string(task.type)),
                    .init("classes", .array(task.classes.map(JSONValue.string))),
                    .init("metrics", task.metrics.jsonValue),
                ])
            })
    }

    func modelTasks() throws -> [TrainedModel.Task] {
        try (elements ?? []).map { task in
            guard
                let name = task["name"]?.text, let type = task["type"]?.text, let classes = task["classes"]?.elements,
                let metrics = task["metrics"]
            else { throw StoreError.corrupt("a task of a model") }
            return TrainedModel.Task(
                name: name, type: type, classes: classes.compactMap(\.text), metrics: try metrics.numbers())
        }
    }

    init(testMetrics: [String: [String: Double?]]) {
        self = .object(testMetrics.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.jsonValue) })
    }

    func testMetrics() throws -> [String: [String: Double?]] {
        try Dictionary(
            (members ?? []).map { ($0.name, try $0.value.numbers()) }, uniquingKeysWith: { first, _ in first })
    }
}
