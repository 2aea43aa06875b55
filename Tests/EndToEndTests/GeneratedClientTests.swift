import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// What others make of openapi.yaml: a validator, and clients generated from it that do a whole job.
///
/// The programs are Python packages; `make test` installs them (`Tools/python-tools.sh`).
@Suite(.serialized, .timeLimit(.minutes(5))) struct GeneratedClientTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let description = root.appending(path: "openapi.yaml").path
    private static let clients = root.appending(path: "Tests/EndToEndTests/Clients").path
    private static let tools = root.appending(path: ".build/python-tools/clients/bin").path

    private static func run(_ program: String, _ arguments: [String]) throws {
        let path = "\(tools)/\(program)"
        try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is missing: make test installs it")
        let process = Process()
        // `timeout` bounds every run, whatever the program does.
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        process.arguments = ["120", path] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text.suffix(4_000))")
        #expect(!text.contains("WARNING") && !text.contains("Warning(s)"), "\(text.prefix(4_000))")
    }

    /// A server that wants a key, and an admin's key for it.
    private static func makeServer() throws -> (server: ServerProcess, url: String, secret: String) {
        let server = try ServerProcess(options: ["--require-auth"])
        let key = JSONValue.object([.init("name", .string("generated")), .init("scopes", JSONValue(["admin"]))])
        let made = try APIClient(DataFolder.sender(for: server.folder)).post("/v1/api-keys", key)
        return (server, "http://127.0.0.1:\(server.port)", try #require(made["secret"]?.text))
    }

    private static func makeFolder() -> String { NSTemporaryDirectory() + "tenbin-client-" + UUID().uuidString }

    @Test func theDescriptionIsValidOpenAPI() throws {
        try Self.run("openapi-spec-validator", [Self.description])
        try Self.run("openapi-spec-validator", [Self.root.appending(path: "openapi.json").path])
    }

    @Test func theClientOfOpenAPIPythonClientDoesAWholeJob() throws {
        let folder = Self.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.run(
            "openapi-python-client",
            [
                "generate", "--path", Self.description, "--meta", "none", "--fail-on-warning",
                "--output-path", "\(folder)/tenbin_client", "--config", "\(Self.clients)/openapi-python-client.yaml",
            ])
        let (server, url, secret) = try Self.makeServer()
        let admin = APIClient(HTTPClient(.tcp(host: "127.0.0.1", port: server.port), bearer: secret))
        let dataset = try admin.upload(ServerProcess.digits, name: "digits", type: "text/csv").identifier
        try Self.run("python", ["\(Self.clients)/openapi_python_client.py", folder, url, secret, dataset])
    }

    @Test func theClientOfOpenAPIGeneratorDoesAWholeJob() throws {
        let folder = Self.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.run(
            "openapi-generator-cli",
            [
                "generate", "-i", Self.description, "-g", "python", "-o", folder,
                "--additional-properties=packageName=tenbin_client",
                "--global-property=apiTests=false,modelTests=false",
            ])
        let (server, url, secret) = try Self.makeServer()
        try Self.run("python", ["\(Self.clients)/openapi_generator.py", folder, url, secret, ServerProcess.digits])
        withExtendedLifetime(server) {}
    }
}
