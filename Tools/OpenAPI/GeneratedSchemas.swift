import Foundation
import Jobs

/// The schemas of openapi.yaml that are made from the code: those of described records, and those of the strategies.
package enum GeneratedSchemas {
    private static let firstLine = "    # From here on made from the code by `make openapi`."
    private static let lastLine = "    # To here made from the code."

    /// Puts the schemas in the place of those in a description.
    package static func update(_ description: String) throws -> String {
        let parts = description.components(separatedBy: firstLine + "\n")
        guard parts.count == 2 else { throw ToolError("the first line of the generated part is missing") }
        let rest = parts[1].components(separatedBy: lastLine + "\n")
        guard rest.count == 2 else { throw ToolError("the last line of the generated part is missing") }
        return parts[0] + firstLine + "\n" + text + lastLine + "\n" + rest[1]
    }

    private static var text: String {
        let members = (SpecSchemas.all + StrategySchemas.all).map { JSONValue.Member($0.name, $0.schema) }
        return YAMLText.lines(of: .object(members)).map { "    " + $0 + "\n" }.joined()
    }
}
