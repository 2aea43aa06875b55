import Foundation
import HTTPClient
import Testing

@testable import tenbin

/// What the real server does when it is told to end, or to read its certificate again, while it serves.
@Suite(.timeLimit(.minutes(2))) struct SignalTests {
    @Test func aServerToldToEndSaysSoThenTakesNothingNewAndFinishesWhatIsInFlight() throws {
        let server = try ServerProcess(options: ["--drain-seconds", "60"])
        let address = HTTPClient.Address.tcp(host: "127.0.0.1", port: server.port)
        let upload = try ClientConnection(to: address)
        let csv = "a,b\n" + String(repeating: "1,2\n", count: 100)
        let head =
            "POST /v1/datasets?name=late HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: \(csv.utf8.count)\r\n\r\n"
        try upload.write(Array((head + csv.prefix(4)).utf8))
        while try FileManager.default.contentsOfDirectory(atPath: server.folder + "/incoming").isEmpty {}
        #expect(try HTTPClient(address).send("GET", "/readyz").status == 200)

        server.send(SIGTERM)
        var statuses: [Int] = []
        // Each on a connection of its own, until none is taken any more.
        while let status = try? HTTPClient(address).send("GET", "/readyz").status { statuses.append(status) }
        #expect(statuses.last == 503)
        #expect(statuses.drop { $0 == 200 }.allSatisfy { $0 == 503 })

        try upload.write(Array(csv.dropFirst(4).utf8))
        let (answer, staysOpen) = try ResponseReader(upload, isHead: false).response()
        #expect(answer.status == 201)
        #expect(!staysOpen)
        #expect(server.exitStatus() == 0)
    }

    @Test func whatIsInFlightIsCutWhenItsSecondsAreOver() throws {
        let server = try ServerProcess(options: ["--drain-seconds", "1"])
        let upload = try ClientConnection(to: .tcp(host: "127.0.0.1", port: server.port))
        let head =
            "POST /v1/datasets?name=late HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n"
        try upload.write(Array((head + "a,b\n").utf8))
        while try FileManager.default.contentsOfDirectory(atPath: server.folder + "/incoming").isEmpty {}
        #expect(server.end(with: SIGTERM) == 0)
        #expect(throws: ClientError.self) { try ResponseReader(upload, isHead: false).response() }
    }

    @Test func aHangUpBringsTheNewCertificateAndCutsNobodyOff() throws {
        let certificate = try RenewedCertificate(name: "first")
        defer { certificate.remove() }
        let server = try ServerProcess(options: [
            "--tls-cert", certificate.path, "--tls-key", certificate.keyPath,
        ])
        let kept = try TLSConversation(port: server.port)
        #expect(try kept.ask("/healthz").contains(#""status":"ok""#))
        #expect(try TLSConversation.subject(port: server.port).hasSuffix("first"))

        try certificate.renew(name: "second")
        #expect(try TLSConversation.subject(port: server.port).hasSuffix("first"))
        server.send(SIGHUP)
        while try TLSConversation.subject(port: server.port).hasSuffix("first") {}
        #expect(try TLSConversation.subject(port: server.port).hasSuffix("second"))
        #expect(try kept.ask("/healthz").contains(#""status":"ok""#))

        // One that is no good changes nothing, and the next good one is taken.
        try Data("no certificate".utf8).write(to: URL(filePath: certificate.path))
        server.send(SIGHUP)
        #expect(try TLSConversation.subject(port: server.port).hasSuffix("second"))
        try certificate.renew(name: "third")
        server.send(SIGHUP)
        while try TLSConversation.subject(port: server.port).hasSuffix("second") {}
        #expect(try TLSConversation.subject(port: server.port).hasSuffix("third"))
        #expect(try kept.ask("/healthz").contains(#""status":"ok""#))
    }
}

/// A certificate that vouches for itself, in files that can be written anew.
private struct RenewedCertificate {
    private let folder = NSTemporaryDirectory() + "tenbin-renewed-" + UUID().uuidString
    var path: String { folder + "/server.pem" }
    var keyPath: String { folder + "/server.key" }

    init(name: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try renew(name: name)
    }

    func renew(name: String) throws {
        _ = try OpenSSL.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=\(name)", "-keyout", keyPath, "-out", path,
        ])
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}

/// A TLS connection that stays open, held by `openssl s_client`.
private final class TLSConversation {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(port: UInt16) throws {
        process.executableURL = OpenSSL.program
        process.arguments = ["s_client", "-quiet", "-connect", "127.0.0.1:\(port)"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks for a path and reads as far as the end of a JSON document, or of the connection.
    func ask(_ path: String) throws -> String {
        try input.fileHandleForWriting.write(
            contentsOf: Data("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        var answer = Data()
        while !answer.contains(UInt8(ascii: "}")) {
            guard let more = try output.fileHandleForReading.read(upToCount: 1), !more.isEmpty else { break }
            answer += more
        }
        return String(decoding: answer, as: UTF8.self)
    }

    /// The subject of the certificate that a new connection is shown.
    static func subject(port: UInt16) throws -> String {
        let text = try OpenSSL.run(["s_client", "-connect", "127.0.0.1:\(port)"])
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("subject=") }, "\(text)")
        return String(line)
    }
}

private enum OpenSSL {
    static let program = URL(filePath: "/usr/bin/openssl")

    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }
}
