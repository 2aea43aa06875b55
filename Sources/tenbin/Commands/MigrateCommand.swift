import ArgumentParser
import Foundation
import JobStore

/// `tenbin migrate`
struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring a stopped server's data folder to this program's schema.",
        discussion: """
            A server does the same when it starts. Take a backup first: an older program cannot read the result.
            """)

    @Option(help: "The data folder of a server that is not running.")
    var dataDir: String

    @Flag(help: "Only say what is missing.")
    var dryRun = false

    func run() throws {
        umask(FolderAccess.found(at: dataDir).mask)
        do {
            let migration = try SchemaMigration(of: dataDir, dryRun: dryRun)
            print(Self.report(migration, dryRun: dryRun))
        } catch {
            let reason = error == .notFound ? "\(dataDir) holds no server's data" : "\(error)"
            FileHandle.standardError.write(Data("tenbin: \(reason)\n".utf8))
            throw ExitCode.failure
        }
    }

    static func report(_ migration: SchemaMigration, dryRun: Bool) -> String {
        guard !migration.missing.isEmpty else { return "schema \(migration.found): nothing to do" }
        let head = "schema \(migration.found) → \(SchemaMigration.version)\(dryRun ? ", not applied" : "")"
        return ([head] + migration.missing.map { "  \($0)" }).joined(separator: "\n")
    }
}
