import GRDB
package import Glibc
import Jobs

/// Which data folder something belongs to, and which of its states: kept in the database and in the file `identity` beside it.
///
/// The generation grows with every start and every stop in order, in the database first and then in the file. So the
/// database may be ahead of the file after a crash; behind it only when an older database was copied back.
struct FolderIdentity: Hashable {
    static let fileName = "identity"
    /// The schema in which the database has it.
    private static let schemaVersion = 7
    private static let digits = 32
    private static let fileBytesMax = 4_096

    /// 128 bits as lower-case hexadecimal digits.
    let identity: String
    let generation: Int

    init?(identity: String, generation: Int) {
        let isHexadecimal = identity.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard identity.utf8.count == Self.digits, isHexadecimal, generation >= 0 else { return nil }
        self.identity = identity
        self.generation = generation
    }

    // MARK: - In the database

    /// Nil where the schema is too old to have one. Throws `.corrupt` where it should have one.
    static func stored(in database: Database, schema: Int) throws -> FolderIdentity? {
        guard schema >= schemaVersion else { return nil }
        return try stored(in: database)
    }

    static func stored(in database: Database) throws -> FolderIdentity {
        let row = try database.row("SELECT identity, generation FROM data_folder") {
            (try $0.text(), try $0.integer())
        }
        guard let row, let found = FolderIdentity(identity: row.0, generation: row.1) else {
            throw StoreError.corrupt("the table data_folder holds no identity")
        }
        return found
    }

    /// Counts a start or a stop in order, inside the open transaction.
    static func grow(in database: Database) throws -> FolderIdentity {
        try database.run("UPDATE data_folder SET generation = generation + 1")
        return try stored(in: database)
    }

    /// Makes the database that of a new folder.
    static func renew(in database: Database) throws {
        try database.run("UPDATE data_folder SET identity = lower(hex(randomblob(16))), generation = 0")
    }

    // MARK: - In the file

    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("identity")
            writer.value(identity)
            writer.name("generation")
            writer.value(generation)
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Nil where there is no such file. Throws `.refusedFolder` for one that does not hold an identity.
    static func file(in directory: String) throws(StoreError) -> FolderIdentity? {
        let descriptor = open("\(directory)/\(fileName)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreError(StoreError.Fault(errno: errno, operation: "open \(fileName)"))
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: fileBytesMax)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "read \(fileName)")) }
        guard let json = try? JSONValue(parsing: Array(bytes[..<count])), let identity = json["identity"]?.text,
            let generation = json["generation"]?.int,
            let found = FolderIdentity(identity: identity, generation: generation)
        else { throw .refusedFolder(directory: directory, .damagedIdentity) }
        return found
    }
}

extension DataDirectory {
    /// Whether the database is this folder's and its newest, without changing a byte of it. Throws `.refusedFolder`,
    /// `.foreignDatabase` or `.schemaTooNew`.
    func verify() throws {
        // Only a database whose making was cut off has a journal, which SQLite must put back before it can be read.
        let isCutOff = try Self.size(of: database + "-journal") > 0
        let connection = try isCutOff ? Connection.stranger(path: database) : Connection.reader(path: database)
        defer { try? connection.close() }
        try verify(connection)
    }

    private func verify(_ connection: DatabaseQueue) throws {
        let file = try FolderIdentity.file(in: path)
        try connection.read { database in
            let schema = try Schema.look(at: database)
            if schema == 0, let trace = try Self.traces(in: path).first {
                throw StoreError.refusedFolder(directory: path, .noDatabase(found: trace))
            }
            let stored = try FolderIdentity.stored(in: database, schema: schema)
            guard let file else { return try checkRows(of: database, schema: schema) }
            guard let stored else {
                throw StoreError.refusedFolder(directory: path, .olderDatabase(file: file.generation, database: nil))
            }
            guard stored.identity == file.identity else {
                throw StoreError.refusedFolder(
                    directory: path, .otherDatabase(file: file.identity, database: stored.identity))
            }
            guard stored.generation >= file.generation else {
                throw StoreError.refusedFolder(
                    directory: path, .olderDatabase(file: file.generation, database: stored.generation))
            }
        }
    }

    /// Of a folder without the file, as older programs have made them: its database names one of the files at least.
    private func checkRows(of database: Database, schema: Int) throws {
        var found: String?
        for folder in FileStore.Folder.allCases {
            guard let sql = folder.rows else { continue }
            let names = try FileStore.names(of: "\(path)/\(folder.rawValue)")
            guard let name = names.first else { continue }
            found = found ?? "\(folder.rawValue)/\(name)"
            let known = Set(try database.rows(sql) { try $0.text() })
            if names.contains(where: known.contains) { return }
        }
        if let found { throw StoreError.refusedFolder(directory: path, .unknownFiles(found: found)) }
    }
}

// MARK: - Refusals

/// Why a data folder is left alone.
package enum FolderRefusal: Sendable, Hashable {
    /// The database is missing or empty, and there is something that a server has kept.
    case noDatabase(found: String)
    /// There are files, and no row of the database names any of them.
    case unknownFiles(found: String)
    case otherDatabase(file: String, database: String)
    /// The database's generation is lower than the file's; nil when it is from before there were generations.
    case olderDatabase(file: Int, database: Int?)
    case damagedIdentity
    case openToOthers(mode: mode_t, wanted: mode_t)

    /// What is wrong, and what to do.
    func description(of directory: String) -> String {
        let (database, identity) = (DataDirectory.databaseName, FolderIdentity.fileName)
        let remedy = """
            Put the right \(database) back (is every disk mounted?), or make a new folder from a backup: \
            tenbin restore FILE --data-dir NEW-FOLDER.
            """
        switch self {
        case .noDatabase(let found):
            return """
                \(directory)/\(database) is missing or empty, but there is \(directory)/\(found). A new database would know \
                nothing of what is kept here, so nothing was changed. \(remedy) To begin anew, name an empty folder.
                """
        case .unknownFiles(let found):
            return """
                \(directory)/\(database) names none of the files in \(directory), such as \(found). It is new, or belongs \
                to another folder, so nothing was changed. \(remedy)
                """
        case .otherDatabase(let file, let found):
            return """
                \(directory)/\(database) belongs to another data folder: it has the identity \(found), and \
                \(directory)/\(identity) has \(file). Nothing was changed. \(remedy)
                """
        case .olderDatabase(let file, let found):
            let state = found.map { "generation \($0)" } ?? "no generation"
            return """
                \(directory)/\(database) is older than this folder: it has \(state), and \(directory)/\(identity) has \
                generation \(file). What was made since is not in it, so nothing was changed. \(remedy) To go on \
                with the old database and set aside the files that it does not know, remove \(directory)/\(identity) first.
                """
        case .damagedIdentity:
            return """
                \(directory)/\(identity) cannot be read as {"identity": …, "generation": …}. If \(directory)/\(database) \
                is the newest database of this folder, remove \(directory)/\(identity) and start again.
                """
        case .openToOthers(let mode, let wanted):
            let (mode, wanted) = (String(mode, radix: 8), String(wanted, radix: 8))
            return """
                \(directory) is open to other users of this machine: its mode is 0\(mode), expected 0\(wanted) or less. \
                Run: chmod \(wanted) \(directory)
                """
        }
    }
}
