import GRDB
import Jobs

/// How the database is opened, for writing and for reading.
enum Connection {
    static let busyTimeoutSeconds = 5.0
    /// "TNBN": tells our databases from those of other programs (`PRAGMA application_id`).
    static let applicationID = 0x544E_424E
    /// Pages that a connection keeps, in KiB: so little that they are all in use soon, and memory stays as it is from
    /// then on. What is not there comes from the system's own cache.
    private static let writerCacheKibibytes = 4_096
    private static let readerCacheKibibytes = 512

    /// The one connection that writes, and also copies the write-ahead log into the database: SQLite before 3.51.3 can
    /// corrupt the file when two connections do.
    static func writer(path: String, walBytesMax: Int) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "tenbin.writer"
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.journalMode = .wal
        // Transactions span closures that GRDB cannot see through; the writer ends each one itself.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            // Takes effect only before the first table is made.
            try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        }
        let connection = try DatabaseQueue(path: path, configuration: configuration)
        // Opening in WAL mode has set `synchronous` to NORMAL, after `prepareDatabase`. What a savepoint may have to put back
        // stays in memory: a temporary file would be made for each commit, and take each page that a request changes.
        try connection.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA journal_size_limit = \(walBytesMax);
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cache_size = -\(writerCacheKibibytes);
                    PRAGMA temp_store = MEMORY;
                    """)
        }
        return connection
    }

    /// A database that may come from anybody: functions in its schema are not called, and its pages are not taken at their word.
    static func stranger(path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "tenbin.restore"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    static func reader(path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "tenbin.reader"
        configuration.readonly = true
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            try database.execute(
                sql: "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -\(readerCacheKibibytes);")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}

extension StoreError {
    /// The store's view of an error thrown below it.
    init(_ error: any Error, operation: String) {
        switch error {
        case let error as StoreError: self = error
        case let fault as Fault: self = StoreError(fault)
        case let error as DatabaseError: self = StoreError(error, operation: operation)
        default: self = .statementFailed(Fault(operation: operation, code: 0, detail: "\(error)"))
        }
    }

    private init(_ error: DatabaseError, operation: String) {
        let fault = Fault(
            operation: operation, code: error.extendedResultCode.rawValue,
            detail: error.message ?? "\(error.resultCode)")
        switch error.resultCode {
        case .SQLITE_FULL: self = .diskFull(fault)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt("\(fault.detail) (\(fault.code))")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL,
            .SQLITE_NOMEM:
            self = .unavailable(fault)
        default: self = .statementFailed(fault)
        }
    }
}
