import ArgumentParser
import Foundation
import HTTPClient
import Testing

@testable import tenbin

/// Each flag that bounds what a client may cost, against the real server.
struct LimitFlagTests {
    /// A flag, what is sent, and the status of the answer.
    struct Case: Sendable, CustomTestStringConvertible {
        let flags: [String]
        let request: String
        let status: Int

        var testDescription: String { flags.joined(separator: " ") }
    }

    private static let line = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"

    @Test(arguments: [
        Case(flags: [], request: line + "X: \(String(repeating: "a", count: 900))\r\n\r\n", status: 200),
        Case(
            flags: ["--header-bytes-max", "500"],
            request: line + "X: \(String(repeating: "a", count: 900))\r\n\r\n", status: 431),
        Case(flags: ["--header-fields-max", "3"], request: line + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", status: 431),
        Case(
            flags: ["--target-bytes-max", "32"],
            request: "GET /\(String(repeating: "a", count: 32)) HTTP/1.1\r\nHost: localhost\r\n\r\n", status: 414),
        Case(
            flags: ["--dataset-bytes-max", "10"],
            request: "POST /v1/datasets?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
                + "Content-Length: 11\r\n\r\n", status: 413),
        Case(flags: ["--header-seconds", "0.2"], request: line, status: 408),
        Case(flags: ["--connections-max", "1"], request: line + "\r\n", status: 200),
    ])
    func aFlagMovesTheLimit(_ test: Case) throws {
        let server = try ServerProcess(options: test.flags)
        #expect(try Self.status(server, test.request) == test.status)
    }

    @Test(arguments: ["--connections-max", "--connections-per-address-max"])
    func oneConnectionMoreIsAnswered503(_ flag: String) throws {
        let server = try ServerProcess(options: [flag, "1"])
        let first = try ClientConnection(to: .tcp(host: "127.0.0.1", port: server.port))
        try first.write(Array((Self.line + "\r\n").utf8))
        _ = try first.read(atMost: 4096)
        #expect(try Self.status(server, "") == 503)
    }

    @Test(arguments: [
        ["--header-bytes-max", "0"], ["--target-bytes-max", "2000000"], ["--streams-max", "-1"],
        ["--handshake-seconds", "0"], ["--idle-seconds", "nan"], ["--log-format", "xml"],
    ])
    func aLimitThatMakesNoSenseIsRefused(_ flags: [String]) {
        #expect(throws: (any Error).self) { try ServeCommand.parse(["--data-dir", "/nowhere"] + flags) }
    }

    @Test func withoutDescriptorsLeftWhoIsThereIsServedAndOthersComeLater() throws {
        let server = try ServerProcess(descriptorsMax: 64)
        let address = HTTPClient.Address.tcp(host: "127.0.0.1", port: server.port)
        let early = try ClientConnection(to: address)
        func isAnswered(_ connection: ClientConnection) throws -> Bool {
            try connection.write(Array((Self.line + "\r\n").utf8))
            return String(decoding: try connection.read(atMost: 4096), as: UTF8.self).hasPrefix("HTTP/1.1 200 ")
        }
        #expect(try isAnswered(early))
        var crowd = try (0..<100).map { _ in try ClientConnection(to: address) }
        // One of the crowd is closed at once for want of a descriptor, and the server goes on with those it has.
        for connection in crowd { try? connection.write(Array("GET /healthz".utf8)) }
        #expect(try isAnswered(early))
        crowd = []
        // There is room as soon as the server has seen them go; who comes a moment before is closed without an answer.
        let end = Date(timeIntervalSinceNow: 10)
        var status: Int?
        while status != 200, Date() < end { status = try? Self.status(server, Self.line + "\r\n") }
        #expect(status == 200)
    }

    /// A server that could answer nobody does not start, and says why.
    @Test func withoutDescriptorsForAnybodyTheServerDoesNotStart() throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "ulimit -n 32; exec \"$0\" serve --port 0 --data-dir \"$1\"", ServerProcess.binary.path, folder,
        ]
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus != 0)
        #expect(output.fileHandleForReading.readDataToEndOfFile().isEmpty)
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text.contains("ulimit -n"))
    }

    @Test func withFewDescriptorsTheServerSaysSo() throws {
        let server = try ServerProcess(descriptorsMax: 50)
        let answer = try server.http.send("GET", "/readyz")
        #expect(answer.status == 503)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("ulimit -n"))
    }

    @Test func withLittleAddressSpaceTheServerSaysSo() throws {
        let idle = try #require(try ServerProcess().addressKibibytesPeak)
        let server = try ServerProcess(addressKibibytesMax: idle + 32 << 10)
        let answer = try server.http.send("GET", "/readyz")
        #expect(answer.status == 503)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("ulimit -v"))
    }

    private static func status(_ server: ServerProcess, _ request: String) throws -> Int? {
        let connection = try ClientConnection(to: .tcp(host: "127.0.0.1", port: server.port))
        try connection.write(Array(request.utf8))
        return Int(String(decoding: try connection.read(atMost: 4096), as: UTF8.self).dropFirst(9).prefix(3))
    }
}
