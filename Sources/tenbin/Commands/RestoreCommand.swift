import ArgumentParser
import Foundation
import JobStore

/// `tenbin restore`
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a data folder from a backup.")

    @Argument(help: "The backup.")
    var file: String

    @Option(help: "The data folder to make: new or empty.")
    var dataDir: String

    func run() throws {
        umask(FolderAccess.owner.mask)
        do {
            let restored = try BackupRestoration.restore(file, to: dataDir)
            print(
                "restored \(restored.jobs) jobs, \(restored.datasets) data sets and \(restored.models) models as of \(restored.createdAt)"
            )
        } catch {
            FileHandle.standardError.write(Data("tenbin: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }
}
