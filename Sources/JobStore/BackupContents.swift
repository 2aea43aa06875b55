import GRDB
import Jobs

/// What a backup says of itself: its first member, `manifest.json`.
struct BackupManifest: Hashable {
    static let name = "manifest.json"
    static let format = "tenbin-backup"
    static let version = 1
    /// Longer ones are not read.
    static let bytesMax = 64 * 1_024

    var schemaVersion: Int
    var createdAt: Timestamp
    var databaseBytes: Int
    /// Lower-case hexadecimal.
    var databaseSHA256: String

    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("format")
            writer.value(Self.format)
            writer.name("version")
            writer.value(Self.version)
            writer.name("schema_version")
            writer.value(schemaVersion)
            writer.name("created_at")
            writer.value(createdAt.description)
            writer.name("database_bytes")
            writer.value(databaseBytes)
            writer.name("database_sha256")
            writer.value(databaseSHA256)
        }
        return writer.bytes
    }
}

extension BackupManifest {
    init(parsing bytes: [UInt8]) throws(StoreError) {
        guard let json = try? JSONValue(parsing: bytes), json["format"]?.text == Self.format,
            let schemaVersion = json["schema_version"]?.int, let createdAt = json["created_at"]?.text,
            let createdAt = Timestamp(rfc3339: createdAt), let databaseBytes = json["database_bytes"]?.int,
            let databaseSHA256 = json["database_sha256"]?.text
        else { throw .invalidBackup("\(Self.name) does not describe a backup of this program") }
        guard json["version"]?.int == Self.version else {
            throw .invalidBackup("its format has a version that this program does not know")
        }
        self.init(
            schemaVersion: schemaVersion, createdAt: createdAt, databaseBytes: databaseBytes,
            databaseSHA256: databaseSHA256)
    }
}

/// A file beside the database that a row names.
struct BackedUpFile: Hashable {
    var folder: FileStore.Folder
    var name: FileName
    var bytes: Int
    /// Lower-case hexadecimal.
    var sha256: String

    /// In a backup, and below the data folder.
    var path: String { "\(folder.rawValue)/\(name)" }

    /// Torn checkpoints are found and left out when a job goes on; anything else must be whole.
    var mayBeTorn: Bool { folder == .checkpoints }

    /// Every file that a database names.
    static func all(in database: Database) throws -> [BackedUpFile] {
        try database.rows(
            """
            SELECT 'datasets', id, bytes, sha256 FROM datasets
            UNION ALL SELECT 'models', id, bytes, sha256 FROM models
            UNION ALL SELECT 'checkpoints', file, bytes, sha256 FROM checkpoints
            """
        ) {
            BackedUpFile(
                folder: try $0.name(FileStore.Folder.self), name: try $0.fileName(), bytes: try $0.fileBytes(),
                sha256: try $0.text())
        }
    }
}
