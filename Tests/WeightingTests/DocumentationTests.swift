import Foundation
import Testing

@testable import Weighting

/// `docs/weighting.md` against the catalogue.
@Suite struct DocumentationTests {
    private static let page: URL = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/weighting.md")

    @Test(arguments: WeightingStrategies.all)
    func everyStrategyHasItsLineWithItsParametersAndDefaults(descriptor: StrategyDescriptor) throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("| `\(descriptor.name)` |") })
        for parameter in descriptor.parameters {
            let start = try #require(line.range(of: "`\(parameter.name)` ("), "\(parameter.name)")
            let words = line[start.upperBound...].prefix { $0 != ")" }
            switch (parameter.domain, parameter.defaultValue) {
            case (.choice(let names), .text(let name)):
                #expect(words == names.joined(separator: ", ") && names.first == name)
            case (_, .number(let number)):
                #expect(Double(words.prefix { $0 != " " }) == number)
            case (_, .integer(let integer)):
                #expect(Int(words) == integer)
            default:
                #expect(["1/n", "0"].contains(words))
            }
        }
        let mentioned = line.split(separator: "`").count / 2 - 1
        #expect(mentioned >= descriptor.parameters.count)
    }

    @Test func everyLineIsAboutAStrategyOfTheCatalogue() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let names = Set(WeightingStrategies.all.map(\.name))
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            for part in line.split(separator: "|")[0].split(separator: ",") {
                #expect(names.contains(part.trimmingCharacters(in: CharacterSet(charactersIn: " `"))), "\(line)")
            }
        }
    }
}
