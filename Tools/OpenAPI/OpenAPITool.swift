import Foundation

/// Keeps what is made from openapi.yaml, and what in it is made from elsewhere, up to date.
@main
struct OpenAPITool {
    static func main() {
        do {
            switch CommandLine.arguments.dropFirst().first {
            case "update": try update()
            default: throw ToolError("usage: OpenAPITool update")
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    /// The schemas of the strategies in openapi.yaml, then openapi.json.
    private static func update() throws {
        let description = try StrategySchemas.update(String(contentsOfFile: "openapi.yaml", encoding: .utf8))
        try description.write(toFile: "openapi.yaml", atomically: true, encoding: .utf8)
        let json = try YAMLText.value(of: description).pretty
        try json.write(toFile: "openapi.json", atomically: true, encoding: .utf8)
    }
}
