import Foundation
import HTTPTypes
import Jobs
import OpenAPITool
import Testing

/// openapi.yaml as the tests see it.
enum Description {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ file: String = "openapi.yaml") throws -> String {
        try String(contentsOf: root.appending(path: file), encoding: .utf8)
    }

    private static let parsed = Result { try YAMLText.value(of: text()) }

    static func document() throws -> JSONValue { try parsed.get() }

    /// What is wrong with an answer: a status, a content type or a body that is not described.
    static func problems(
        _ method: HTTPRequest.Method, _ route: String, status: Int, type: String?, body: [UInt8]
    ) throws -> [String] {
        let validator = SchemaValidator(document: try document())
        let verb = method == .head ? "get" : method.rawValue.lowercased()
        guard let responses = try document()["paths"]?[route]?[verb]?["responses"] else {
            return ["\(method.rawValue) \(route) is not described"]
        }
        guard var response = responses[String(status)] ?? responses["\(status / 100)XX"] else {
            return ["\(method.rawValue) \(route): the status \(status) is not described"]
        }
        if let reference = response["$ref"]?.text { response = validator.resolve(reference) }
        let place = "\(method.rawValue) \(route) \(status)"
        guard let content = response["content"] else {
            return body.isEmpty ? [] : ["\(place): content is not described"]
        }
        if method == .head { return [] }
        let essence = type.map { String($0.prefix { $0 != ";" }) } ?? "no type"
        guard let media = content[essence] else { return ["\(place): \(essence) is not described"] }
        guard essence.hasSuffix("json"), let schema = media["schema"] else { return [] }
        return validator.problems(try JSONValue(parsing: body), against: schema, at: place)
    }
}
