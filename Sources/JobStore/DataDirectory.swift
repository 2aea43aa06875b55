import Glibc
import Locks

/// The folder that holds everything a server keeps, and the lock that gives it to one process alone.
final class DataDirectory: Sendable {
    static let databaseName = "tenbin.db"
    private static let logName = databaseName + "-wal"
    static let lockName = "lock"
    /// What a server makes in the folder itself.
    static let fileNames = [
        databaseName, logName, databaseName + "-shm", databaseName + "-journal", lockName, FolderIdentity.fileName,
    ]
    static let subdirectories = FileStore.Folder.allCases.map(\.rawValue)

    let path: String
    /// The mode that the folder had before, and of how many files and folders the mode was changed; nil when none was.
    let tightened: (mode: mode_t, count: Int)?
    private let lock: Lock<Int32?>

    /// Makes what is missing and takes the lock. Throws `StoreError.locked` when another process holds it, and
    /// `.refusedFolder` for a folder that others may look into, or one that has lost its database.
    init(path: String, access: FolderAccess = .owner) throws(StoreError) {
        self.path = path
        try Self.makeDirectory(path, mode: access.folderMode)
        let modes = FolderModes(path: path, access: access)
        let mode = try modes.check()
        let descriptor = try Self.takeLock(of: path)
        do {
            try Self.prepare(path, access)
        } catch {
            close(descriptor)
            throw error
        }
        lock = Lock(descriptor)
        let count = modes.tighten()
        tightened = count > 0 ? (mode, count) : nil
    }

    deinit {
        release()
    }

    /// Gives the folder back.
    func release() {
        lock.withLock { lock in
            if let descriptor = lock.take() { close(descriptor) }
        }
    }

    var database: String { Self.database(in: path) }

    private static func database(in path: String) -> String { "\(path)/\(databaseName)" }

    /// What shows that a server has kept something in a folder, beside the database: some of it.
    static func traces(in path: String) throws(StoreError) -> [String] {
        var traces: [String] = []
        if try size(of: "\(path)/\(FolderIdentity.fileName)") > 0 { traces.append(FolderIdentity.fileName) }
        for folder in subdirectories + [FileStore.unclaimed] {
            if let name = try FileStore.names(of: "\(path)/\(folder)").first { traces.append("\(folder)/\(name)") }
        }
        // SQLite removes the log of a database that is not there.
        if try size(of: "\(path)/\(logName)") > 0, try size(of: database(in: path)) == 0 { traces.append(logName) }
        return traces
    }

    /// 0 for a file that is missing.
    static func size(of path: String) throws(StoreError) -> Int {
        var status = stat()
        if stat(path, &status) == 0 { return Int(status.st_size) }
        guard errno == ENOENT else { throw StoreError(StoreError.Fault(errno: errno, operation: "stat \(path)")) }
        return 0
    }

    private static func takeLock(of path: String) throws(StoreError) -> Int32 {
        // Nobody else may hold it, not even those who may read the rest.
        let descriptor = open("\(path)/\(lockName)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "open lock")) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw StoreError(StoreError.Fault(errno: code, operation: "flock")) }
            throw .locked(directory: path)
        }
        return descriptor
    }

    /// Makes folders and an empty database, which gives its mode to the files that SQLite makes beside it. Throws
    /// `.refusedFolder` where there was a database once.
    private static func prepare(_ path: String, _ access: FolderAccess) throws(StoreError) {
        let database = database(in: path)
        let isNew = try size(of: database) == 0
        if isNew, let trace = try traces(in: path).first {
            throw .refusedFolder(directory: path, .noDatabase(found: trace))
        }
        for folder in subdirectories {
            try makeDirectory("\(path)/\(folder)", mode: access.folderMode)
        }
        let descriptor = open(database, O_RDWR | O_CREAT | O_CLOEXEC, access.fileMode)
        guard descriptor >= 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "open \(database)")) }
        close(descriptor)
        // Nothing that tells of it may be more durable than its name.
        if isNew { try FileStore.synchronise(directory: path) }
    }

    private static func makeDirectory(_ path: String, mode: mode_t) throws(StoreError) {
        guard mkdir(path, mode) == 0 else {
            if errno == EEXIST { return }
            throw StoreError(StoreError.Fault(errno: errno, operation: "mkdir \(path)"))
        }
        // Its name must be as durable as what is put into it.
        try FileStore.synchronise(directory: path + "/..")
    }
}

extension StoreError.Fault {
    init(errno code: Int32, operation: String) {
        self.init(operation: operation, code: code, detail: String(cString: strerror(code)))
    }
}

extension StoreError {
    init(_ fault: Fault) {
        self = fault.code == ENOSPC || fault.code == EDQUOT ? .diskFull(fault) : .unavailable(fault)
    }
}
