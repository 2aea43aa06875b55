import Foundation
import GRDB
import Glibc
package import Jobs

/// What a restored data folder holds.
package struct RestoredBackup: Sendable, Hashable {
    package var createdAt: Timestamp
    package var jobs: Int
    package var datasets: Int
    package var models: Int
}

/// Makes a data folder from a backup.
///
/// Everything is written beside the folder and checked against the digests that the database holds; only then it gets
/// the folder's name. So a folder is restored as a whole or not at all.
package struct BackupRestoration {
    private let target: String
    private let staging: String
    private var archive: TarReader

    /// Throws `.notEmpty` when there is something in `directory`, `.invalidBackup` when the archive is not what `Backup`
    /// makes or is damaged, `.schemaTooNew`, or what the disk says.
    package static func restore(_ archive: String, to directory: String) throws(StoreError) -> RestoredBackup {
        var generator = SystemRandomNumberGenerator()
        let target = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        let staging = target + ".restoring-" + String(generator.next(), radix: 36)
        do {
            guard (try? FileManager.default.contentsOfDirectory(atPath: target))?.isEmpty ?? true else {
                throw StoreError.notEmpty(directory: directory)
            }
            var restoration = BackupRestoration(
                target: target, staging: staging, archive: try TarReader(path: archive))
            defer { restoration.archive.close() }
            let restored = try restoration.run()
            return restored
        } catch {
            try? FileManager.default.removeItem(atPath: staging)
            throw StoreError(error, operation: "restore")
        }
    }

    private mutating func run() throws -> RestoredBackup {
        for folder in [""] + FileStore.Folder.allCases.map({ "/" + $0.rawValue }) {
            guard mkdir(staging + folder, 0o700) == 0 else { throw StoreError.Fault(errno: errno, operation: "mkdir") }
        }
        let manifest = try readManifest()
        guard manifest.schemaVersion <= Schema.version else {
            throw StoreError.schemaTooNew(found: manifest.schemaVersion, known: Schema.version)
        }
        guard manifest.schemaVersion >= 1 else {
            throw StoreError.invalidBackup("\(BackupManifest.name) has the schema_version \(manifest.schemaVersion)")
        }
        try readDatabase(manifest)
        let (expected, restored) = try prepareDatabase(manifest)
        try readFiles(expected)
        for folder in FileStore.Folder.allCases {
            try FileStore.synchronise(directory: "\(staging)/\(folder.rawValue)")
        }
        try FileStore.synchronise(directory: staging)
        // An empty folder gives way; one that has been filled meanwhile does not.
        _ = rmdir(target)
        guard rename(staging, target) == 0 else { throw StoreError.Fault(errno: errno, operation: "rename") }
        let parent = URL(filePath: target).deletingLastPathComponent().path
        try FileStore.synchronise(directory: parent)
        return restored
    }

    private mutating func readManifest() throws -> BackupManifest {
        guard let header = try archive.nextHeader(), header.name == BackupManifest.name,
            header.size <= BackupManifest.bytesMax
        else { throw StoreError.invalidBackup("it does not begin with \(BackupManifest.name)") }
        var content: [UInt8] = []
        try archive.content { content += $0 }
        return try BackupManifest(parsing: content)
    }

    private mutating func readDatabase(_ manifest: BackupManifest) throws {
        guard let header = try archive.nextHeader(), header.name == Backup.databaseName,
            header.size == manifest.databaseBytes, try write(Backup.databaseName) == manifest.databaseSHA256
        else { throw StoreError.invalidBackup("its database is not what was backed up") }
    }

    /// Looks the database over and makes it that of a new folder. Returns the files that it names, by path.
    private func prepareDatabase(
        _ manifest: BackupManifest
    ) throws -> (files: [String: BackedUpFile], restored: RestoredBackup) {
        let connection = try Connection.stranger(path: "\(staging)/\(Backup.databaseName)")
        defer { try? connection.close() }
        let (files, jobs) = try Self.lookingOver {
            try connection.writeWithoutTransaction { database in
                try Self.check(database, against: manifest)
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // That a worker held a job when the backup was made is no crash of the job's.
                try database.run(
                    "UPDATE jobs SET progressed = 1 WHERE state IN ('starting', 'running', 'pausing', 'cancelling')")
                try database.run("UPDATE server SET clean_stop = 1")
                return (try BackedUpFile.all(in: database), try database.integer("SELECT count(*) FROM jobs") ?? 0)
            }
        }
        try Schema.migrate(connection)
        try connection.writeWithoutTransaction { try FolderIdentity.renew(in: $0) }
        return (
            Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first }),
            RestoredBackup(
                createdAt: manifest.createdAt, jobs: jobs, datasets: files.count { $0.folder == .datasets },
                models: files.count { $0.folder == .models })
        )
    }

    /// What is wrong with the database of a backup is wrong with the backup, whatever SQLite calls it; unless the disk fails.
    private static func lookingOver<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            switch StoreError(error, operation: "read the backup's database") {
            case .corrupt(let detail): throw StoreError.invalidBackup("its database is damaged: \(detail)")
            case .statementFailed(let fault):
                throw StoreError.invalidBackup("its database is damaged: \(fault.detail) (\(fault.code))")
            case let other: throw other
            }
        }
    }

    /// Nothing of the database is used before this has passed: it may come from anybody.
    private static func check(_ database: Database, against manifest: BackupManifest) throws {
        guard try database.integer("PRAGMA application_id") == Connection.applicationID,
            try database.integer("PRAGMA user_version") == manifest.schemaVersion
        else { throw StoreError.invalidBackup("its database is not the one that \(BackupManifest.name) describes") }
        if let difference = try SchemaShape.difference(of: database, at: manifest.schemaVersion) {
            throw StoreError.invalidBackup("its database has another schema than this program makes: \(difference)")
        }
        let damage = try database.rows("PRAGMA quick_check(1)", [], { try $0.text() })
        guard damage == ["ok"] else { throw StoreError.invalidBackup("its database is damaged: \(damage.first ?? "")") }
        let orphan = try database.row("PRAGMA foreign_key_check") { try $0.text() }
        if let orphan {
            throw StoreError.invalidBackup("its database is damaged: \(orphan) has a row that refers to nothing")
        }
    }

    private mutating func readFiles(_ expected: [String: BackedUpFile]) throws {
        var missing = expected
        while let header = try archive.nextHeader() {
            // Only names that the database knows are ever opened, and `FileName` lets none lead out of the folder.
            guard let file = missing.removeValue(forKey: header.name) else {
                throw StoreError.invalidBackup("it holds \(header.name), which its database does not know")
            }
            let digest = try write(file.path)
            guard file.mayBeTorn || (digest == file.sha256 && header.size == file.bytes) else {
                throw StoreError.invalidBackup("\(file.path) is damaged")
            }
        }
        if let file = missing.values.first(where: { !$0.mayBeTorn }) {
            throw StoreError.invalidBackup("\(file.path) is missing")
        }
    }

    /// Writes the current member's content to a file, durably. Returns its SHA-256.
    private mutating func write(_ path: String) throws -> String {
        let file = try IncomingFile(path: "\(staging)/\(path)")
        try archive.content { try file.append($0) }
        let digest = try file.finish()
        file.disown()
        return digest
    }
}
