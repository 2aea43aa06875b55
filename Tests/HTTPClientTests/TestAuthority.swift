import Foundation
import Glibc
import Testing

/// A certificate authority made by the `openssl` program, and the certificates that it signs.
final class TestAuthority: Sendable {
    let folder: String
    var path: String { folder + "/ca.pem" }

    /// A certificate and its key, in files.
    struct Identity: Sendable {
        let certificate: String
        let key: String
    }

    init() throws {
        folder = NSTemporaryDirectory() + "tenbin-client-tls-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Self.openssl(
            Self.newKey(folder + "/ca.key") + [
                "-x509", "-days", "2", "-out", path, "-subj", "/CN=Test authority", "-addext",
                "basicConstraints=critical,CA:TRUE",
            ])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static func newKey(_ path: String) -> [String] {
        ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]
    }

    /// - Parameters:
    ///   - names: as in `DNS:localhost,IP:127.0.0.1`.
    ///   - days: how long it is valid from now on; one that is below zero has expired.
    func identity(_ names: String, commonName: String = "test", days: Int = 2) throws -> Identity {
        let stem = "\(folder)/\(UInt64.random(in: .min ... .max))"
        let (request, identity) = (stem + ".csr", Identity(certificate: stem + ".pem", key: stem + ".key"))
        try Self.openssl(
            Self.newKey(identity.key) + [
                "-out", request, "-subj", "/CN=\(commonName)", "-addext", "subjectAltName=\(names)",
            ])
        try Self.openssl([
            "x509", "-req", "-in", request, "-CA", path, "-CAkey", folder + "/ca.key", "-days", String(days),
            "-copy_extensions", "copyall", "-out", identity.certificate,
        ])
        return identity
    }

    /// One that nobody but itself vouches for.
    func selfSigned(_ names: String) throws -> Identity {
        let stem = "\(folder)/\(UInt64.random(in: .min ... .max))"
        let identity = Identity(certificate: stem + ".pem", key: stem + ".key")
        try Self.openssl(
            Self.newKey(identity.key) + [
                "-x509", "-days", "2", "-out", identity.certificate, "-subj", "/CN=test", "-addext",
                "subjectAltName=\(names)",
            ])
        return identity
    }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(text)")
    }
}
