import Foundation
import Testing

/// docs/security.md names the tests that show what it says. Each of them is there.
struct SecurityPageTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func page() throws -> String {
        try String(contentsOf: root.appending(path: "docs/security.md"), encoding: .utf8)
    }

    /// Suite → the functions of the files that bear its name or hold it.
    private static func functions() throws -> [String: Set<String>] {
        let files = try #require(
            FileManager.default.enumerator(at: root.appending(path: "Tests"), includingPropertiesForKeys: nil))
        var functions: [String: Set<String>] = [:]
        for case let file as URL in files where file.pathExtension == "swift" {
            let source = try String(contentsOf: file, encoding: .utf8)
            let names = Set(source.matches(of: /func (\w+)\(/).map { String($0.1) })
            for suite in source.matches(of: /(?:struct|class|extension) (\w+Tests)\b/) {
                functions[String(suite.1), default: []].formUnion(names)
            }
        }
        return functions
    }

    @Test func everyTestThatIsNamedExists() throws {
        let functions = try Self.functions()
        // `KeysAPITests.anExpiredKeyIsNone`
        let named = try Self.page().matches(of: /`(\w+Tests)\.(\w+)`/)
        #expect(named.count > 100)
        for name in named {
            #expect(functions[String(name.1)]?.contains(String(name.2)) == true, "\(name.1).\(name.2)")
        }
    }

    /// A requirement stands in one line of a table: `| 1.2.4 | …`.
    @Test func noRequirementStandsTwice() throws {
        let requirements = try Self.page().matches(of: /\n\| (\d+\.\d+\.\d+) \|/).map { String($0.1) }
        #expect(Set(requirements).count == requirements.count)
    }
}
