import Jobs
import OpenAPITool
import Testing

struct CompatibilityTests {
    private static func description(
        request: String = "{ type: integer, minimum: 1 }", response: String = "{ type: string }",
        required: String = "[b]", parameter: String = "false", path: String = "/a"
    ) throws -> JSONValue {
        try YAMLText.value(
            of: """
                paths:
                  \(path):
                    post:
                      operationId: a
                      parameters: [{ name: q, in: query, required: \(parameter), schema: { type: string } }]
                      requestBody:
                        content:
                          application/json:
                            schema: { type: object, properties: { n: \(request) } }
                      responses:
                        "200":
                          content:
                            application/json:
                              schema: { $ref: "#/components/schemas/B" }
                components:
                  schemas:
                    B: { type: object, required: \(required), properties: { b: \(response), c: { type: string } } }
                """)
    }

    private static func breaks(_ new: JSONValue) throws -> [String] {
        try Compatibility(from: description(), to: new).breaks()
    }

    @Test func whatOnlyGrowsBreaksNobody() throws {
        #expect(try Self.breaks(Self.description()) == [])
        #expect(try Self.breaks(Self.description(request: "{ type: [integer, string], minimum: 0 }")) == [])
        #expect(try Self.breaks(Self.description(response: "{ type: string, maxLength: 3 }", required: "[b, c]")) == [])
    }

    @Test func everyBreakIsNamed() throws {
        #expect(try Self.breaks(Self.description(path: "/b")) == ["POST /a is gone"])
        #expect(try Self.breaks(Self.description(request: "{ type: integer, minimum: 2 }")).count == 1)
        #expect(try Self.breaks(Self.description(request: "{ type: string, minimum: 1 }")).count == 1)
        #expect(try Self.breaks(Self.description(response: "{ type: [string, \"null\"] }")).count == 1)
        #expect(try Self.breaks(Self.description(required: "[]")) == ["POST /a 200/b may be missing"])
        #expect(try Self.breaks(Self.description(parameter: "true")).count == 1)
    }

    /// One schema may take the place of choices where it takes all that they took.
    @Test func choicesMayBecomeOneSchema() throws {
        let closed = "additionalProperties: false, required: [k]"
        let choices = try Self.description(
            request: """
                { anyOf: [{ type: object, \(closed), properties: { k: { const: a }, x: { type: number } } },
                          { type: object, \(closed), properties: { k: { const: b } } }] }
                """)
        func breaks(_ request: String) throws -> Int {
            try Compatibility(from: choices, to: Self.description(request: request)).breaks().count
        }
        #expect(try breaks("{ type: [object, \"null\"], properties: { k: {} } }") == 0)
        #expect(try breaks("{ type: object, properties: { k: { type: string } } }") == 2)
        #expect(try breaks("{ type: object, additionalProperties: false, properties: { k: {} } }") == 1)
        #expect(try breaks("{ type: object, required: [k, y], properties: { k: {} } }") == 2)
    }

    @Test func clientsOfTheLastReleaseGoOnWorking() throws {
        let released = try YAMLText.value(of: Description.text("docs/openapi-released.yaml"))
        #expect(try Compatibility(from: released, to: Description.document()).breaks() == [])
    }
}
