import ArgumentParser
import Foundation
import HTTPClient
import HTTPServer
import JobStore
import Jobs
import Logging

/// `tenbin demo`: starts a server, trains three tasks on real digits through its public API, and shows the balance at work.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Train on real data through the API and show the task weights.")

    @Option(help: "The CSV file with the digits.")
    var data = "Examples/data/digits.csv"

    @Option(help: "The job's seed.")
    var seed = 1

    @Option(help: "Where to keep the server's data; a new temporary folder by default.")
    var dataDir: String?

    func validate() throws {
        guard FileManager.default.isReadableFile(atPath: data) else {
            throw ValidationError(
                "--data \(data): there is no such file; run this from the project's folder")
        }
        guard (0...TrainingSpec.seedMax).contains(seed) else {
            throw ValidationError("--seed must lie between 0 and \(TrainingSpec.seedMax)")
        }
    }

    func run() throws {
        umask(FolderAccess.owner.mask)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .warning
            return handler
        }
        let folder = dataDir ?? NSTemporaryDirectory() + "tenbin-demo-" + UUID().uuidString.lowercased()
        let service = try Service(
            Service.Configuration(
                addresses: [.tcp(host: "127.0.0.1", port: 0)], dataDirectory: folder, workers: 1, loops: 1,
                logger: Logger(label: "tenbin")))
        defer { service.drain(seconds: 5) }
        guard let port = service.server.addresses.first?.port else { throw ExitCode.failure }
        print("server    http://127.0.0.1:\(port), data in \(folder)")
        let run = DemoRun(
            client: APIClient(HTTPClient(.tcp(host: "127.0.0.1", port: port))), screen: Screen())
        let job = try run.train(data: data, seed: seed)
        printAgain(job, folder: folder)
    }

    /// How to see the same things by hand, once this server has ended.
    private func printAgain(_ job: String, folder: String) {
        let url = "http://127.0.0.1:8080/v1/jobs/\(job)"
        print(
            """

            See the same things with curl (start the server on the demo's data first):
              \(CommandLine.arguments[0]) serve --data-dir \(folder) &
              curl -s \(url)
              curl -s \(url)/epochs
              curl -s -H 'Accept: text/csv' \(url)/task-weights
            """)
    }
}
