import Glibc
import Locks

/// The folder that holds everything a server keeps, and the lock that gives it to one process alone.
final class DataDirectory: Sendable {
    let path: String
    private let lock: Lock<Int32?>

    /// Makes what is missing and takes the lock. Throws `StoreError.locked` when another process holds it.
    init(path: String) throws(StoreError) {
        self.path = path
        for directory in [path] + Self.subdirectories.map({ path + "/" + $0 }) {
            try Self.makeDirectory(directory)
        }
        let descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "open lock")) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw StoreError(StoreError.Fault(errno: code, operation: "flock")) }
            throw .locked(directory: path)
        }
        lock = Lock(descriptor)
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

    var database: String { path + "/tenbin.db" }

    private static let subdirectories = FileStore.Folder.allCases.map(\.rawValue)

    private static func makeDirectory(_ path: String) throws(StoreError) {
        // The data of one user: no one else may look.
        guard mkdir(path, 0o700) == 0 else {
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
