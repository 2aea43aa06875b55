import Foundation
import HTTPServer
import Testing

/// A certificate authority made by the `openssl` program, with a certificate for this machine and one for a client.
final class TestCertificates: Sendable {
    let directory: String
    var authority: String { directory + "/ca.pem" }
    var configuration: TLSConfiguration {
        TLSConfiguration(certificatePath: directory + "/server.pem", keyPath: directory + "/server.key")
    }

    init() throws {
        directory = NSTemporaryDirectory() + "tenbin-tls-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try make("ca", subject: "/CN=Test authority", ["basicConstraints=critical,CA:TRUE"], signed: false)
        try make(
            "server", subject: "/CN=localhost",
            ["basicConstraints=critical,CA:FALSE", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        try make("client", subject: "/O=Tests/CN=alice", ["basicConstraints=critical,CA:FALSE"])
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func make(_ name: String, subject: String, _ extensions: [String], signed: Bool = true) throws {
        var arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        ]
        arguments += ["-keyout", "\(directory)/\(name).key", "-out", "\(directory)/\(name).pem", "-subj", subject]
        if signed { arguments += ["-CA", authority, "-CAkey", directory + "/ca.key"] }
        for text in extensions { arguments += ["-addext", text] }
        let outcome = try OutsideProgram.run("/usr/bin/openssl", arguments)
        try #require(outcome.status == 0, "\(outcome.text)")
    }

    /// Puts the files of another authority in place of these.
    func replace(with other: TestCertificates) throws {
        for name in ["ca.pem", "server.pem", "server.key"] {
            try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
            try FileManager.default.copyItem(atPath: "\(other.directory)/\(name)", toPath: "\(directory)/\(name)")
        }
    }
}
