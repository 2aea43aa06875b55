import ArgumentParser
import JobStore
import Jobs

/// `tenbin keys`
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list and revoke keys.",
        discussion: """
            With --data-dir it works on that data folder, without a key, whether its server runs or not: the folder's owner \
            makes the first admin key so. Otherwise a server is asked, which wants an admin key once there is one.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: KeyCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key; prints its secret, this once.")

        @Option(help: "A name for people.")
        var name: String

        @Option(help: "Whose things the key opens.")
        var owner: String?

        @Option(help: "What it may do: read, write, admin. May be repeated.")
        var scope: [String] = ["read", "write"]

        @Option(help: "How long it is valid: 12h, 30d, …; for ever by default.")
        var expiresIn: Age?

        @OptionGroup var folder: FolderOption
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            var members: [JSONValue.Member] = [.init("name", .string(name)), .init("scopes", JSONValue(scope))]
            if let owner { members.append(.init("owner", .string(owner))) }
            if let expiresIn {
                let expiry = Timestamp(milliseconds: Timestamp.now.milliseconds + expiresIn.seconds * 1_000)
                members.append(.init("expires_at", .string(expiry.description)))
            }
            let key = try api.post("/v1/api-keys", .object(members))
            if client.json { show(key) } else { print(key["secret"]?.text ?? "") }
        }
    }

    struct List: KeyCommand {
        static let configuration = CommandConfiguration(abstract: "List keys, newest first.")

        @OptionGroup var page: PageOptions
        @OptionGroup var folder: FolderOption
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(
                try api.get("/v1/api-keys" + page.query()),
                columns: ["id", "name", "owner", "scopes", "created_at", "expires_at", "last_used_at"])
        }
    }

    struct Revoke: KeyCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a key at once.")

        @Argument(help: "The key's identifier.")
        var id: String

        @OptionGroup var folder: FolderOption
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            try api.delete("/v1/api-keys/\(id.escapedForPath)")
        }
    }
}

/// A data folder instead of a server.
struct FolderOption: ParsableArguments {
    @Option(help: "A data folder of yours, instead of a server and a key.")
    var dataDir: String?
}

/// A command that may work on a data folder as well.
protocol KeyCommand: ClientCommand {
    var folder: FolderOption { get }
}

extension KeyCommand {
    func makeClient() throws -> APIClient {
        guard let path = folder.dataDir else { return try client.client() }
        return APIClient(try DataFolder.sender(for: path))
    }
}
