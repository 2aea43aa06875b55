import ArgumentParser
import Foundation

/// The command line: one binary is the server and its client.
@main
struct Tenbin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenbin",
        abstract: "Train multi-task networks and let the balance weigh the tasks.",
        version: Build.version,
        subcommands: [
            ServeCommand.self, DemoCommand.self, DatasetsCommand.self, JobsCommand.self, ModelsCommand.self,
            CompareCommand.self, KeysCommand.self, MigrateCommand.self, BackupCommand.self, RestoreCommand.self,
        ])

    /// Runs the command that is asked for. Every way to end passes here, so that none loses output or its exit status.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
            try StandardOutput.flush()
        } catch {
            Foundation.exit(end(error).rawValue)
        }
        Foundation.exit(ExitStatus.success.rawValue)
    }

    /// Says why a command has ended.
    private static func end(_ error: any Error) -> ExitStatus {
        if let failure = CommandFailure(error) {
            // What was printed before comes first.
            try? StandardOutput.flush()
            StandardError.say(([failure.text] + failure.advice).joined(separator: "\n"))
            return failure.status
        }
        let status = ExitStatus(rawValue: exitCode(for: error).rawValue) ?? .failure
        do {
            let message = fullMessage(for: error)
            if status == .success {
                print(message)
            } else if !message.isEmpty {
                let words = CommandLine.arguments.dropFirst()
                StandardError.write((Suggestion.line(for: Array(words), below: Tenbin.self) ?? message) + "\n")
            }
            try StandardOutput.flush()
            return status
        } catch {
            StandardError.say("\(error)")
            return .output
        }
    }
}

/// What this binary is.
enum Build {
    static let version = "0.1.0"

    #if DEBUG
        static let configuration = "debug"
    #else
        static let configuration = "release"
    #endif
}
