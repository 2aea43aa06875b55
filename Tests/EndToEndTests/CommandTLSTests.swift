import Foundation
import Testing

@testable import tenbin

/// Commands that speak to their server over TLS.
@Suite(.timeLimit(.minutes(5))) struct CommandTLSTests {
    private let folder = NSTemporaryDirectory() + "tenbin-command-tls-" + UUID().uuidString
    private var certificate: String { folder + "/server.pem" }

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try make("server", names: "IP:127.0.0.1,DNS:localhost")
        try make("client", names: "DNS:alice")
    }

    private func make(_ name: String, names: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=\(name)", "-addext", "subjectAltName=\(names)", "-keyout", "\(folder)/\(name).key", "-out",
            "\(folder)/\(name).pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    @Test func aServerWhoseCertificateIsTrustedIsAsked() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try ServerProcess(options: [
            "--tls-cert", certificate, "--tls-key", folder + "/server.key", "--tls-client-ca", folder + "/client.pem",
        ])
        let arguments = ["datasets", "list", "--server", "https://127.0.0.1:\(server.port)"]
        let named = try CommandRun.outcome(arguments + ["--ca-file", certificate])
        #expect(named.status == 0 && named.output.hasPrefix("id  name"), "\(named.errors)")
        let system = try CommandRun.outcome(arguments, environment: ["SSL_CERT_FILE": certificate])
        #expect(system.status == 0, "\(system.errors)")
        let shown = try CommandRun.outcome(
            arguments + [
                "--ca-file", certificate, "--client-cert", folder + "/client.pem", "--client-key",
                folder + "/client.key",
            ])
        #expect(shown.status == 0, "\(shown.errors)")
        let unknown = try CommandRun.outcome(arguments)
        #expect(unknown.status == 69 && unknown.errors.contains("--ca-file"), "\(unknown.errors)")
        let plain = try CommandRun.outcome(["datasets", "list", "--server", "http://127.0.0.1:\(server.port)"])
        #expect(plain.status == 65 && plain.errors.contains("https"), "\(plain.errors)")
        let missing = try CommandRun.outcome(arguments + ["--ca-file", "/nowhere.pem"])
        #expect(missing.status == 66 && missing.errors.contains("/nowhere.pem"), "\(missing.errors)")
        let keyOnly = try CommandRun.outcome(arguments + ["--client-key", folder + "/client.key"])
        #expect(keyOnly.status == 64 && keyOnly.errors.contains("--client-cert"))
    }

    @Test func proxiesAreThoseOfTheEnvironment() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Nobody listens there, so who asks the proxy fails and names it.
        let environment = ["HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "direct.invalid"]
        let through = try CommandRun.outcome(
            ["jobs", "list", "--server", "https://far.invalid"], environment: environment)
        #expect(through.status == 69 && through.errors.contains("proxy: 127.0.0.1 port 9"), "\(through.errors)")
        let direct = try CommandRun.outcome(
            ["jobs", "list", "--server", "https://direct.invalid"], environment: environment)
        #expect(direct.status == 69 && !direct.errors.contains("proxy"), "\(direct.errors)")
    }
}
