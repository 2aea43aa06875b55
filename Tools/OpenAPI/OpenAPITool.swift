import Foundation
import Jobs

/// Keeps what is made from openapi.yaml, and what in it is made from elsewhere, up to date.
@main
struct OpenAPITool {
    static func main() {
        do {
            switch CommandLine.arguments.dropFirst().first {
            case "update": try update()
            case "compare": try compare()
            default: throw ToolError("usage: OpenAPITool update | compare")
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    /// Names what would break a client of the last release.
    private static func compare() throws {
        func value(_ path: String) throws -> JSONValue {
            try YAMLText.value(of: String(contentsOfFile: path, encoding: .utf8))
        }
        let breaks = try Compatibility(
            from: value("docs/openapi-released.yaml"), to: value("openapi.yaml")
        ).breaks()
        guard breaks.isEmpty else {
            throw ToolError(
                "openapi.yaml would break clients of docs/openapi-released.yaml:\n" + breaks.joined(separator: "\n"))
        }
        print("openapi.yaml: clients of docs/openapi-released.yaml go on working")
    }

    /// The schemas of openapi.yaml that are made from the code, then openapi.json.
    private static func update() throws {
        let description = try GeneratedSchemas.update(String(contentsOfFile: "openapi.yaml", encoding: .utf8))
        try description.write(toFile: "openapi.yaml", atomically: true, encoding: .utf8)
        let json = try YAMLText.value(of: description).pretty
        try json.write(toFile: "openapi.json", atomically: true, encoding: .utf8)
    }
}
