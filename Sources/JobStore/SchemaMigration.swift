import Foundation
import GRDB
import Migrations

/// Brings the data folder of a stopped server to the schema of this program, without starting one.
package struct SchemaMigration: Sendable, Hashable {
    /// The schema that the folder had.
    package let found: Int
    /// The names of the migrations that were missing, in order.
    package let missing: [String]

    /// The schema that this program writes.
    package static var version: Int { Schema.version }

    /// Applies what is missing, each migration in one transaction; with `dryRun` only says what that is.
    ///
    /// Throws `.notFound` where no server has kept anything yet, `.locked` while a server runs, `.schemaTooNew`,
    /// `.foreignDatabase`, `.refusedFolder`, or what the disk said.
    package init(of dataDirectory: String, dryRun: Bool) throws(StoreError) {
        guard FileManager.default.fileExists(atPath: dataDirectory + "/tenbin.db") else { throw .notFound }
        let directory = try DataDirectory(path: dataDirectory, access: .found(at: dataDirectory))
        defer { directory.release() }
        do {
            try directory.verify()
            let connection = try Connection.writer(
                path: directory.database, walBytesMax: StoreLimits().walBytesBeforeCheckpoint)
            let found = try Schema.version(of: connection)
            if !dryRun { try Schema.migrate(connection) }
            try connection.close()
            self.found = found
            missing = migrations.filter { $0.number > found }.map(\.name)
        } catch {
            throw StoreError(error, operation: "migrate")
        }
    }
}
