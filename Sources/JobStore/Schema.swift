import GRDB
import Migrations

/// Brings a database to the schema that this program knows.
enum Schema {
    static var version: Int { migrations.last?.number ?? 0 }

    /// Applies what is missing, each migration in one transaction. Refuses databases of other programs and newer schemas.
    static func migrate(_ connection: DatabaseQueue, with migrations: [Migration] = migrations) throws {
        try connection.writeWithoutTransaction { database in
            let found = try version(of: database, with: migrations)
            try claim(database, isNew: found == 0)
            for migration in migrations where migration.number > found {
                try database.inTransaction(.immediate) {
                    try database.execute(sql: migration.sql)
                    try database.execute(sql: "PRAGMA user_version = \(migration.number)")
                    return .commit
                }
            }
        }
    }

    /// The schema of a database. Throws `StoreError.schemaTooNew` for one that this program does not know.
    static func version(of connection: DatabaseQueue) throws -> Int {
        try connection.read { try version(of: $0, with: migrations) }
    }

    private static func version(of database: Database, with migrations: [Migration]) throws -> Int {
        let found = try database.integer("PRAGMA user_version") ?? 0
        let known = migrations.last?.number ?? 0
        guard found <= known else { throw StoreError.schemaTooNew(found: found, known: known) }
        return found
    }

    /// The schema of a database, 0 for an empty one. Throws `StoreError.foreignDatabase` or `.schemaTooNew`.
    static func look(at database: Database) throws -> Int {
        let found = try version(of: database, with: migrations)
        _ = try isClaimed(database, isNew: found == 0)
        return found
    }

    private static func isClaimed(_ database: Database, isNew: Bool) throws -> Bool {
        let id = try database.integer("PRAGMA application_id") ?? 0
        if id == Connection.applicationID { return true }
        let tables = try database.integer("SELECT count(*) FROM sqlite_schema") ?? 0
        guard isNew, id == 0, tables == 0 else { throw StoreError.foreignDatabase }
        return false
    }

    private static func claim(_ database: Database, isNew: Bool) throws {
        if try isClaimed(database, isNew: isNew) { return }
        try database.execute(sql: "PRAGMA application_id = \(Connection.applicationID)")
    }
}
