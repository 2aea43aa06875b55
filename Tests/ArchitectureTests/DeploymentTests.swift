import Foundation
import Testing

/// What is shipped to run the server with.
struct DeploymentTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Reads the unit as systemd does; nothing of it is run.
    @Test func systemdFindsLittleThatTheUnitMayDo() throws {
        let program = Process()
        program.executableURL = URL(filePath: "/usr/bin/systemd-analyze")
        program.arguments = [
            "security", "--offline=true", "--no-pager", Self.root.appending(path: "deploy/tenbin.service").path,
        ]
        let pipe = Pipe()
        program.standardOutput = pipe
        program.standardError = FileHandle.nullDevice
        try program.run()
        let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        program.waitUntilExit()
        let line = try #require(output.split(separator: "\n").last { $0.contains("Overall exposure level") })
        let figure = try #require(line.firstMatch(of: #/: ([0-9.]+) /#).flatMap { Double($0.1) })
        #expect(figure <= 1.5, "\(output)")
    }

    /// A policy that forbids root can only tell from a number.
    @Test func theContainerRunsAsAUserWithANumberAndAFolderOfItsOwn() throws {
        let lines = try Self.text("deploy/Containerfile").split(separator: "\n")
        let user = try #require(lines.last { $0.hasPrefix("USER ") })
        #expect(user.wholeMatch(of: /USER [1-9][0-9]*:[1-9][0-9]*/) != nil)
        #expect(lines.contains { $0.contains("-m 0700 /var/lib/tenbin") })
    }

    @Test(arguments: [".git", ".build*"])
    func theImageIsBuiltWithout(entry: String) throws {
        #expect(try Self.text(".containerignore").split(separator: "\n").contains { $0 == entry })
    }
}
