import API
import HTTPTypes
import Jobs
import OpenAPITool
import Testing
import Yams

/// openapi.yaml against the route table, both ways.
struct DescriptionTests {
    private static let methods: Set = ["get", "put", "post", "patch", "delete", "head", "options", "trace"]

    private static func document() throws -> [String: Any] {
        try #require(try Yams.load(yaml: Description.text()) as? [String: Any])
    }

    private static func paths() throws -> [String: [String: Any]] {
        try #require(try document()["paths"] as? [String: [String: Any]])
    }

    /// Follows a `$ref` within the document.
    private static func resolve(_ value: Any, in document: [String: Any]) throws -> [String: Any] {
        let object = try #require(value as? [String: Any])
        guard let reference = object["$ref"] as? String else { return object }
        var found: Any = document
        for part in reference.split(separator: "/").dropFirst() {
            found = try #require((found as? [String: Any])?[String(part)], "\(reference) does not resolve")
        }
        return try resolve(found, in: document)
    }

    @Test func everyRouteIsDescribedAndEveryDescriptionIsARoute() throws {
        let described = try Set(
            Self.paths().flatMap { path, operations in
                operations.keys.filter(Self.methods.contains).map { "\($0.uppercased()) \(path)" }
            })
        let routed = try Set(Bench().api.table.routes.map { "\($0.method.rawValue) \($0.template)" })
        #expect(described == routed)
    }

    @Test func everyQueryParameterIsDescribedAndKnown() throws {
        let document = try Self.document()
        for route in try Bench().api.table.routes {
            let path = try #require(try Self.paths()[route.template])
            let operation = try #require(path[route.method.rawValue.lowercased()] as? [String: Any])
            let own = operation["parameters"] as? [Any] ?? []
            let shared = path["parameters"] as? [Any] ?? []
            let parameters = try (own + shared).map { try Self.resolve($0, in: document) }
            let described = Set(
                parameters.filter { $0["in"] as? String == "query" }.compactMap { $0["name"] as? String })
            #expect(described == Set(route.query), "\(route.method.rawValue) \(route.template)")
        }
    }

    @Test func everyReferenceResolves() throws {
        let document = try Self.document()
        func walk(_ value: Any) throws {
            if let object = value as? [String: Any] {
                if object["$ref"] is String { _ = try Self.resolve(object, in: document) }
                for child in object.values { try walk(child) }
            } else if let array = value as? [Any] {
                for child in array { try walk(child) }
            }
        }
        try walk(document)
    }

    @Test func everyOperationHasAnIdentifierATagAndAnError() throws {
        var identifiers: Set<String> = []
        for (path, operations) in try Self.paths() {
            for (method, value) in operations where Self.methods.contains(method) {
                let operation = try #require(value as? [String: Any])
                let identifier = try #require(operation["operationId"] as? String, "\(method) \(path)")
                #expect(identifiers.insert(identifier).inserted, "\(identifier) stands twice")
                #expect((operation["tags"] as? [String])?.count == 1, "\(identifier)")
                #expect((operation["summary"] as? String)?.isEmpty == false, "\(identifier)")
                let responses = try #require(operation["responses"] as? [String: Any], "\(identifier)")
                #expect(responses["4XX"] != nil && responses["5XX"] != nil, "\(identifier)")
            }
        }
    }

    @Test func theServerServesTheFileItself() throws {
        let answer = try Bench().ask(.get, "/openapi.yaml")
        #expect(answer.status == 200)
        #expect(answer.fields[.contentType] == "application/yaml")
        let served = try #require(try Yams.load(yaml: answer.text) as? [String: Any])
        #expect((served["paths"] as? [String: Any])?.count == (try Self.paths().count))
    }

    @Test func theJSONIsTheSameDocument() throws {
        let answer = try Bench().ask(.get, "/openapi.json")
        #expect(answer.status == 200)
        #expect(try answer.json() == Description.document(), "make openapi brings it up to date")
        #expect(try answer.text == Description.text("openapi.json"))
    }

    @Test func theSchemasOfTheStrategiesAreThoseOfTheCatalogue() throws {
        let text = try Description.text()
        #expect(try GeneratedSchemas.update(text) == text, "make openapi brings them up to date")
    }

    /// A comma in a description that is not quoted makes a member of its own, with nothing in it.
    @Test func noWordsHaveBecomeMembers() {
        func walk(_ value: JSONValue, _ place: String) throws {
            for (index, element) in (value.elements ?? []).enumerated() { try walk(element, "\(place)/\(index)") }
            for member in value.members ?? [] {
                #expect(member.value != .null, "\(place)/\(member.name)")
                try walk(member.value, "\(place)/\(member.name)")
            }
        }
        #expect(throws: Never.self) { try walk(Description.document(), "") }
    }

    @Test(arguments: ["JobSpec", "JobPatch", "TaskSpec", "ModelSpec", "HeadSpec", "OptimizerSpec", "PredictionRequest"])
    func aRequestIsClosed(schema: String) throws {
        let schema = try #require(try Description.document()["components"]?["schemas"]?[schema])
        #expect(schema["additionalProperties"] == .bool(false))
    }

    @Test func theExamplesFitTheirSchemas() throws {
        let validator = SchemaValidator(document: try Description.document())
        var count = 0
        for schema in try #require(validator.document["components"]?["schemas"]?.members) {
            for example in schema.value["examples"]?.elements ?? [] {
                #expect(validator.problems(example, against: schema.value) == [], "\(schema.name)")
                count += 1
            }
        }
        #expect(count > 3)
    }

    @Test func whatNeedsNoKeyIsDescribedSo() throws {
        for route in try Bench().api.table.routes {
            let operation = try Description.document()["paths"]?[route.template]?[route.method.rawValue.lowercased()]
            let isOpen = operation?["security"] == .array([])
            #expect(isOpen == !route.needsKey, "\(route.method.rawValue) \(route.template)")
        }
    }
}
