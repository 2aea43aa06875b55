import ArgumentParser
import HTTPClient

/// `tenbin backup`
struct BackupCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write everything a running server keeps to one file. Needs an admin key.")

    @Argument(help: "The file to write; one that is there already stays until the new one is complete.")
    var file: String

    @OptionGroup var client: ClientOptions

    func run(_ api: APIClient) throws {
        let backup = try ReplacedFile(path: file)
        do {
            var bytes = 0
            try api.download("/v1/backup") { piece throws(ClientError) in
                try backup.append(piece)
                bytes += piece.count
            }
            try backup.finish()
            print("\(file): \(bytes) bytes")
        } catch {
            backup.discard()
            throw error
        }
    }
}
