import ArgumentParser
import Foundation
import HTTPClient
import Jobs

/// Which server a command speaks to, and how it shows what it hears.
struct ClientOptions: ParsableArguments {
    @Option(
        help: """
            The server: http://HOST:PORT, https://HOST:PORT or unix:PATH; a path behind the port is kept. TENBIN_SERVER \
            when absent, else http://127.0.0.1:8080.
            """)
    var server: String?

    @Option(help: "The key to send. TENBIN_KEY when absent.")
    var key: String?

    @Option(help: "Trust these authorities (PEM) and no others. The system's, or SSL_CERT_FILE, when absent.")
    var caFile: String?

    @Option(help: "A certificate (PEM) to show to a server that asks for one.")
    var clientCert: String?

    @Option(help: "The certificate's private key (PEM); the certificate's own file when absent.")
    var clientKey: String?

    @Flag(help: "Print the server's JSON as it is.")
    var json = false

    func validate() throws {
        _ = try serverURL()
        guard clientKey == nil || clientCert != nil else {
            throw ValidationError("--client-key needs --client-cert, the certificate that it belongs to")
        }
        if let key = sentKey, key.isEmpty || !key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            let name = self.key == nil ? "TENBIN_KEY" : "--key"
            throw ValidationError("\(name): expected a key as tenbin keys create prints it, tnb_…")
        }
    }

    private static let environment = ProcessInfo.processInfo.environment

    private func serverURL() throws(ValidationError) -> ServerURL {
        let (name, text) =
            if let server {
                ("--server", server)
            } else if let server = Self.environment["TENBIN_SERVER"], !server.isEmpty {
                ("TENBIN_SERVER", server)
            } else {
                ("", "http://127.0.0.1:8080")
            }
        do {
            return try ServerURL(text)
        } catch {
            // What may hold a password is not repeated.
            throw ValidationError("\(name)\(text.contains("@") ? "" : " " + text): \(error.detail)")
        }
    }

    /// An empty variable counts as none.
    private var sentKey: String? { key ?? Self.environment["TENBIN_KEY"].flatMap { $0.isEmpty ? nil : $0 } }

    /// The client of the server that is meant.
    func client() throws -> APIClient {
        APIClient(HTTPClient(try serverURL(), Self.configuration(key: sentKey, tls: tls)))
    }

    private var tls: TLSSettings {
        TLSSettings(
            authorityPath: caFile, systemFile: Self.variable("SSL_CERT_FILE"),
            systemFolder: Self.variable("SSL_CERT_DIR"), certificatePath: clientCert, keyPath: clientKey)
    }

    private static func configuration(key: String?, tls: TLSSettings) -> HTTPClient.Configuration {
        HTTPClient.Configuration(
            bearer: key, userAgent: "tenbin/\(Build.version)", tls: tls,
            proxy: ProxySettings(
                https: variable("https_proxy", "HTTPS_PROXY"), http: variable("http_proxy", "HTTP_PROXY"),
                exceptions: variable("no_proxy", "NO_PROXY")))
    }

    /// The first of these variables that is set and not empty.
    private static func variable(_ names: String...) -> String? {
        names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
}

/// A command that asks a server. Its failures are put in words by `CommandFailure`.
protocol ClientCommand: ParsableCommand {
    var client: ClientOptions { get }

    func makeClient() throws -> APIClient
    func run(_ api: APIClient) throws
}

extension ClientCommand {
    func makeClient() throws -> APIClient { try client.client() }

    func run() throws { try run(makeClient()) }

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
