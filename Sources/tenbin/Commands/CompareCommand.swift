import ArgumentParser
import Foundation
import Jobs

/// `tenbin compare`
struct CompareCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare weighting strategies; prints the table and the verdict.",
        discussion: """
            Posts the request to a running server, follows the runs to their end, and prints the report as Markdown. Exit \
            status 3 unless the comparison succeeds.
            """)

    @Argument(help: "A JSON file with the request; - for standard input.")
    var file: String

    @Option(help: "The identifier of the data set, in place of the one that the base names.")
    var dataset: String?

    @Option(help: "The identifier of the data set to test on, in place of the base's test part.")
    var test: String?

    @Flag(help: "Only check it.")
    var validateOnly = false

    @Flag(help: "Print the identifier and do not wait.")
    var detach = false

    @OptionGroup var client: ClientOptions

    func run(_ api: APIClient) throws {
        let target = "/v1/comparisons" + (validateOnly ? "?validate_only=true" : "")
        let created = try api.post(target, request())
        if validateOnly { return show(created) }
        let path = "/v1/comparisons/\(created.identifier.escapedForPath)"
        if detach { return client.json ? show(created) : print(created.identifier) }
        let ended = try Self.follow(path, api)
        if client.json {
            show(ended)
        } else {
            print(String(decoding: try api.bytes(path + ".md"), as: UTF8.self), terminator: "")
        }
        guard ended["state"]?.text == "succeeded" else { throw ExitCode(ExitStatus.endedOtherwise.rawValue) }
    }

    private func request() throws -> JSONValue {
        var document = try InputFile.document(of: file)
        guard var base = document["base"], base.members != nil else { return document }
        if let dataset { base = base.replacing("dataset", by: .string(dataset)) }
        if let test { base = base.replacing("test", by: .object([.init("dataset", .string(test))])) }
        document = document.replacing("base", by: base)
        return document
    }

    private static let pollMicroseconds: UInt32 = 500_000

    /// Waits for the last run, with a progress bar on a terminal.
    private static func follow(_ path: String, _ api: APIClient) throws -> JSONValue {
        let screen = Screen()
        let patience = Patience(seconds: Patience.secondsDefault)
        let interruption = Interruption("the comparison goes on; GET \(path) shows it")
        defer { withExtendedLifetime(interruption) {} }
        while true {
            let comparison = try patience.insist { try api.get(path) }
            if ["succeeded", "failed", "cancelled"].contains(comparison["state"]?.text) {
                screen.finish()
                return comparison
            }
            screen.progress(comparison["progress"]?["fraction"]?.double ?? 0)
            usleep(pollMicroseconds)
        }
    }
}

extension JSONValue {
    /// The object with a member of that name and value, in its old place if it had one.
    fileprivate func replacing(_ name: String, by value: JSONValue) -> JSONValue {
        guard var members else { return self }
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].value = value
        } else {
            members.append(.init(name, value))
        }
        return .object(members)
    }
}
