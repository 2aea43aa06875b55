import ArgumentParser
import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// What the commands say and how they end when something is wrong.
@Suite(.timeLimit(.minutes(5))) struct CommandFaultTests {
    private static func file(_ content: String, suffix: String = "json") throws -> String {
        let path = NSTemporaryDirectory() + "tenbin-input-\(UUID().uuidString).\(suffix)"
        try Data(content.utf8).write(to: URL(filePath: path))
        return path
    }

    @Test func aFullDiskIsAnError() throws {
        let server = try ServerProcess()
        let url = "http://127.0.0.1:\(server.port)"
        for arguments in [["datasets", "list", "--server", url], ["--version"], ["jobs", "--help"], ["help"]] {
            let full = try CommandRun.outcome(arguments, redirection: "/dev/full")
            #expect(full.status == 74, "\(arguments)")
            #expect(full.errors.hasPrefix("tenbin: cannot write the output"), "\(full.errors)")
            #expect(try CommandRun.outcome(arguments, redirection: "/dev/null").status == 0)
        }
        // A device is written to, not replaced by a file.
        let backup = try CommandRun.outcome(["backup", "/dev/full", "--server", url])
        #expect(backup.status == 74 && backup.errors.contains("/dev/full"), "\(backup.errors)")
        #expect(
            try FileManager.default.attributesOfItem(atPath: "/dev/full")[.type] as? FileAttributeType
                == .typeCharacterSpecial)
    }

    @Test func aRefusedConnectionSaysHowToStartAServer() throws {
        let outcome = try CommandRun.outcome(["jobs", "list", "--server", "http://127.0.0.1:9"])
        #expect(outcome.status == 69)
        for part in ["127.0.0.1 port 9", "tenbin serve --data-dir", "--server"] {
            #expect(outcome.errors.contains(part), "\(outcome.errors)")
        }
    }

    @Test func aMissingKeySaysWhereOneComesFrom() throws {
        let server = try ServerProcess(options: ["--require-auth"])
        let outcome = try CommandRun.outcome(["jobs", "list", "--server", "http://127.0.0.1:\(server.port)"])
        #expect(outcome.status == 77)
        for part in ["--key", "TENBIN_KEY", "tenbin keys create"] { #expect(outcome.errors.contains(part)) }
    }

    @Test func aSpecThatIsRefusedNamesThePlaceOnceAndWhatToDoNext() throws {
        let server = try ServerProcess()
        let environment = ["TENBIN_SERVER": "http://127.0.0.1:\(server.port)"]
        let tasks = #""tasks":[{"target":"a","type":"regression"}]"#
        let spec = try Self.file("{\"dataset\":\"factory\",\(tasks)}")
        let job = try CommandRun.outcome(["jobs", "submit", spec], environment: environment)
        #expect(job.status == 65)
        #expect(job.errors.components(separatedBy: "no such data set").count == 2, "\(job.errors)")
        #expect(job.errors.contains("/dataset") && job.errors.contains("tenbin datasets list"))

        let dataset = try server.uploadDigits()
        let request = try Self.file(
            "{\"base\":{\"dataset\":\"\(dataset)\",\(tasks)},\"strategies\":[{\"strategy\":\"equal\"}]}")
        let comparison = try CommandRun.outcome(["compare", request], environment: environment)
        #expect(comparison.status == 65)
        #expect(comparison.errors.contains("/base/test") && comparison.errors.contains("--test ID"))

        let missing = try CommandRun.outcome(["jobs", "show", "job_x"], environment: environment)
        #expect(missing.status == 76)
        #expect(missing.errors.contains("tenbin jobs list"))
    }

    @Test func aFileThatIsNoDataSetIsNamedByRowLineAndColumn() throws {
        let server = try ServerProcess()
        let csv = try Self.file("a,b\n1,2\n3\n", suffix: "csv")
        let outcome = try CommandRun.outcome(["datasets", "upload", csv, "--server", "http://127.0.0.1:\(server.port)"])
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains("row 2") && outcome.errors.contains("line 3"), "\(outcome.errors)")
    }

    @Test func anInputThatCannotBeReadIsNamed() throws {
        let server = try ServerProcess()
        let environment = ["TENBIN_SERVER": "http://127.0.0.1:\(server.port)"]
        let noJSON = try Self.file("{\"a\":1,\n}")
        for (arguments, part) in [
            (["jobs", "submit", "/nowhere.json"], "No such file"), (["jobs", "submit", noJSON], "line 2, column 1"),
            (["datasets", "upload", "/nowhere.csv"], "No such file"),
        ] {
            let outcome = try CommandRun.outcome(arguments, environment: environment)
            #expect(outcome.status == 66)
            #expect(outcome.errors.contains(part) && outcome.errors.contains(arguments[2]), "\(outcome.errors)")
        }
    }

    @Test(arguments: [
        (["job", "list"], "tenbin jobs"), (["jobs", "lst"], "tenbin jobs list"), (["model"], "tenbin models"),
        (["datasets", "Upload", "x.csv"], "tenbin datasets upload"),
    ])
    func aCommandThatDoesNotExistNamesTheNearest(arguments: [String], meant: String) throws {
        let outcome = try CommandRun.outcome(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("Did you mean: \(meant)\n"), "\(outcome.errors)")
    }

    @Test func aWordThatIsNearToNothingGetsTheList() throws {
        let outcome = try CommandRun.outcome(["frobnicate"])
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("datasets, jobs, models") && !outcome.errors.contains("Did you mean"))
    }

    @Test func whatMayHoldAPasswordIsNotRepeated() throws {
        let outcome = try CommandRun.outcome(["jobs", "list", "--server", "http://me:secret@lab.example"])
        #expect(outcome.status == 64)
        #expect(!outcome.errors.contains("secret"), "\(outcome.errors)")
    }

    @Test(arguments: [
        (400, 65), (401, 77), (403, 77), (404, 76), (409, 65), (412, 65), (413, 65), (415, 65), (422, 65), (429, 75),
        (503, 75), (500, 1), (507, 1), (301, 1),
    ])
    func anAnswerHasItsExitStatus(answer: Int, status: Int32) {
        let failure = APIFailure(.init(status: answer, fields: [:], body: []))
        #expect(CommandFailure(failure)?.status.rawValue == status)
    }

    @Test func everyExitStatusIsDocumented() throws {
        let page = try String(contentsOf: Self.root.appending(path: "docs/command-line.md"), encoding: .utf8)
        let numbers = page.split(separator: "\n").compactMap { line -> Int32? in
            guard line.hasPrefix("| ") else { return nil }
            return Int32(line.dropFirst(2).prefix { $0 != " " })
        }
        #expect(numbers == ExitStatus.allCases.map(\.rawValue))
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every command, at any depth.
    private static func commands(below command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [command] + command.configuration.subcommands.flatMap(commands)
    }

    @Test func everyCommandThatAsksAServerTakesCertificates() {
        let clients = Self.commands(below: Tenbin.self).filter { $0 is any ClientCommand.Type }
        #expect(clients.count >= 20)
        for command in clients {
            let help = Tenbin.helpMessage(for: command)
            for flag in ["--ca-file", "--client-cert", "--client-key"] { #expect(help.contains(flag), "\(command)") }
            #expect(!help.contains("insecure"))
        }
    }

    @Test func aModelsFormatIsThatOfItsFilesName() throws {
        let server = try ServerProcess()
        let job = try server.submit(try server.uploadDigits(), epochs: 1)
        let model = try #require(try server.waitForEnd(job)["model"]?.text)
        let environment = ["TENBIN_SERVER": "http://127.0.0.1:\(server.port)"]
        let folder = try FileManager.default.url(
            for: .itemReplacementDirectory, in: .userDomainMask, appropriateFor: URL(filePath: "/tmp"), create: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, flags, format) in [
            ("net.onnx", [], "onnx"), ("net.safetensors", [], "safetensors"), ("NET.ONNX", [], "onnx"),
            ("net.bin", ["--format", "onnx"], "onnx"), ("odd.onnx", ["--format", "safetensors"], "safetensors"),
        ] as [(String, [String], String)] {
            let path = folder.appending(path: name).path
            let outcome = try CommandRun.outcome(["models", "download", model, path] + flags, environment: environment)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let expected = try server.client.bytes("/v1/models/\(model)/content?format=\(format)")
            #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == expected, "\(name)")
        }
        let unnamed = try CommandRun.outcome(["models", "download", model, "net.pt"], environment: environment)
        #expect(unnamed.status == 64 && unnamed.errors.contains("--format"))
    }
}
