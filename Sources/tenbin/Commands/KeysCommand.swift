import ArgumentParser
import Jobs

/// `tenbin keys`
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make, list and revoke keys. Needs an admin key once there is one.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key; prints its secret, this once.")

        @Option(help: "A name for people.")
        var name: String

        @Option(help: "Whose things the key opens.")
        var owner: String?

        @Option(help: "What it may do: read, write, admin. May be repeated.")
        var scope: [String] = ["read", "write"]

        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            var members: [JSONValue.Member] = [.init("name", .string(name)), .init("scopes", JSONValue(scope))]
            if let owner { members.append(.init("owner", .string(owner))) }
            let key = try api.post("/v1/api-keys", .object(members))
            if client.json { show(key) } else { print(key["secret"]?.text ?? "") }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List keys, newest first.")

        @OptionGroup var page: PageOptions
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(
                try api.get("/v1/api-keys" + page.query()),
                columns: ["id", "name", "owner", "scopes", "created_at", "expires_at", "last_used_at"])
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a key at once.")

        @Argument(help: "The key's identifier.")
        var id: String

        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            try api.delete("/v1/api-keys/\(id.escapedForPath)")
        }
    }
}
