import ArgumentParser
import Foundation
import JobStore
import Jobs

/// Which server a command speaks to, and how it shows what it hears.
struct ClientOptions: ParsableArguments {
    @Option(help: "The server: http://HOST:PORT or unix:PATH. TENBIN_SERVER when absent, else http://127.0.0.1:8080.")
    var server: String?

    @Option(help: "The key to send. TENBIN_KEY when absent.")
    var key: String?

    @Flag(help: "Print the server's JSON as it is.")
    var json = false

    func validate() throws {
        guard Self.address(of: serverText) != nil else {
            throw ValidationError("--server \(serverText): expected http://HOST:PORT or unix:PATH")
        }
    }

    private var serverText: String {
        server ?? ProcessInfo.processInfo.environment["TENBIN_SERVER"] ?? "http://127.0.0.1:8080"
    }

    /// The client of the server that is meant.
    func client() throws -> APIClient {
        guard let address = Self.address(of: serverText) else { throw ExitCode.validationFailure }
        return APIClient(HTTPClient(address, bearer: key ?? ProcessInfo.processInfo.environment["TENBIN_KEY"]))
    }

    static func address(of text: String) -> HTTPClient.Address? {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst("unix:".count)
            return path.isEmpty ? nil : .unix(path: String(path))
        }
        guard let url = URL(string: text), url.scheme == "http", let host = url.host(), !host.isEmpty,
            let port = UInt16(exactly: url.port ?? 80)
        else { return nil }
        return .tcp(host: host.trimmingCharacters(in: ["[", "]"]), port: port)
    }
}

/// A command that asks a server: its failures are the server's words on standard error, and exit status 1.
protocol ClientCommand: ParsableCommand {
    var client: ClientOptions { get }

    func makeClient() throws -> APIClient
    func run(_ api: APIClient) throws
}

extension ClientCommand {
    func makeClient() throws -> APIClient { try client.client() }

    func run() throws {
        do {
            try run(makeClient())
        } catch let error as APIFailure {
            try fail(error.description)
        } catch let error as ClientError {
            try fail(error.description)
        } catch let error as DataFolderError {
            try fail(error.description)
        } catch let error as StoreError {
            try fail(error.description)
        }
    }

    private func fail(_ reason: String) throws -> Never {
        FileHandle.standardError.write(Data("tenbin: \(reason)\n".utf8))
        throw ExitCode.failure
    }

    /// A resource in full: JSON either way, laid out unless `--json` asks for it as it came.
    func show(_ resource: JSONValue) {
        print(client.json ? String(decoding: resource.encoded, as: UTF8.self) : resource.laidOut())
    }

    /// A list as a table of some members, or as JSON.
    func show(_ page: JSONValue, columns: [String]) {
        guard !client.json else { return show(page) }
        let rows = (page["items"]?.elements ?? []).map { item in columns.map { item[$0]?.cell ?? "" } }
        let table = [columns] + rows
        let widths = columns.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        for row in table {
            let cells = zip(row, widths).map { $0.padded(to: $1) }
            print(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
        }
        if let token = page["next_page_token"]?.text { print("… more: --page-token \(token)") }
    }
}

extension JSONValue {
    /// The value as a table shows it.
    fileprivate var cell: String {
        switch self {
        case .string(let text): text
        case .null: "–"
        default: String(decoding: encoded, as: UTF8.self)
        }
    }

    /// The value with a line for each member.
    fileprivate func laidOut(indent: String = "") -> String {
        let deeper = indent + "  "
        switch self {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { member in
                deeper + String(decoding: JSONValue.string(member.name).encoded, as: UTF8.self) + ": "
                    + member.value.laidOut(indent: deeper)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + indent + "}"
        case .array(let values) where values.contains { $0.members != nil }:
            let lines = values.map { deeper + $0.laidOut(indent: deeper) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + indent + "]"
        default:
            return String(decoding: encoded, as: UTF8.self)
        }
    }
}
