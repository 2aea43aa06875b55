import ArgumentParser

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
