import Crypto
import Dispatch
import Glibc
import Jobs
import Locks

/// The files beside the database: uploads, checkpoints and models.
///
/// A file appears under its name only when it is complete and on disk, and before the row that names it; so after any
/// crash every row has its file, and a file without a row is litter.
package final class FileStore: Sendable {
    package enum Folder: String, Sendable, CaseIterable {
        case datasets, checkpoints, models
        /// Files that are still being written; what a process that died has left is set aside at the next start.
        case incoming

        /// The statement that lists the names that the database knows; nil where it knows none.
        var rows: String? {
            switch self {
            case .datasets: "SELECT id FROM datasets"
            case .models: "SELECT id FROM models"
            case .checkpoints: "SELECT file FROM checkpoints"
            case .incoming: nil
            }
        }
    }

    let root: String
    let access: FolderAccess
    private let removals: Lock<Removals>
    /// Files that were read and found whole.
    let checked = CheckedFiles()
    /// Where files go that nobody waits for.
    private let removing = DispatchQueue(label: "tenbin.store.removals", qos: .utility)

    /// While a backup reads the files, removals wait.
    private struct Removals {
        var pins = 0
        var waiting: [@Sendable () -> Void] = []
    }

    init(root: String, access: FolderAccess = .owner) {
        self.root = root
        self.access = access
        removals = Lock(Removals())
    }

    package func path(_ folder: Folder, _ name: FileName) -> String {
        "\(root)/\(folder.rawValue)/\(name)"
    }

    /// A new file to be filled piece by piece, for an upload.
    package func makeIncoming() throws(StoreError) -> IncomingFile {
        var generator = SystemRandomNumberGenerator()
        let name = FileName(unique: String(generator.next(), radix: 36))
        return try IncomingFile(path: path(.incoming, name), mode: access.fileMode)
    }

    /// Writes a file so that it is whole or absent after a crash, and returns its SHA-256, lower-case hexadecimal.
    func write(_ bytes: [UInt8], to folder: Folder, _ name: FileName) throws(StoreError) -> String {
        let file = try makeIncoming()
        try file.append(bytes)
        let digest = try file.finish()
        try adopt(file, as: folder, name)
        return digest
    }

    /// Gives a finished incoming file its name, durably.
    func adopt(_ file: IncomingFile, as folder: Folder, _ name: FileName) throws(StoreError) {
        let target = path(folder, name)
        guard rename(file.path, target) == 0 else {
            throw StoreError(StoreError.Fault(errno: errno, operation: "rename"))
        }
        file.disown()
        do {
            try Self.synchronise(directory: "\(root)/\(folder.rawValue)")
        } catch {
            unlink(target)
            throw error
        }
    }

    /// Removes a file, now or when the last backup that may read it has ended. A missing one is no error.
    func remove(_ folder: Folder, _ name: FileName) {
        let path = path(folder, name)
        afterBackups { unlink(path) }
    }

    /// Does it now, or when the last backup that may read the files has ended.
    func afterBackups(_ action: @escaping @Sendable () -> Void) {
        let isNow = removals.withLock { removals in
            if removals.pins > 0 { removals.waiting.append(action) }
            return removals.pins == 0
        }
        if isNow { action() }
    }

    /// Removes a file in a moment: to free a large one takes time, which whoever has written the next need not spend.
    func removeSoon(_ folder: Folder, _ name: FileName) {
        removing.async { [self] in remove(folder, name) }
    }

    /// Keeps every file in place until `unpin`.
    func pin() {
        removals.withLock { $0.pins += 1 }
    }

    /// Ends one `pin`; with the last one go the files that were to be removed meanwhile.
    func unpin() {
        let released = removals.withLock { removals in
            removals.pins -= 1
            defer { if removals.pins == 0 { removals.waiting = [] } }
            return removals.pins == 0 ? removals.waiting : []
        }
        for action in released { action() }
    }

    /// The names of all files of a folder.
    package func names(in folder: Folder) throws(StoreError) -> [String] {
        // What was to go in a moment is gone.
        removing.sync {}
        return try Self.names(of: "\(root)/\(folder.rawValue)")
    }

    /// The names of all that stands in a folder; none when it is missing.
    static func names(of folder: String) throws(StoreError) -> [String] {
        guard let directory = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw StoreError(StoreError.Fault(errno: errno, operation: "opendir"))
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Writes a file in the data folder itself, in place of the one before: whole, and durable when this returns.
    func replace(_ name: String, with bytes: [UInt8]) throws(StoreError) {
        let file = try makeIncoming()
        try file.append(bytes)
        try file.finish()
        guard rename(file.path, "\(root)/\(name)") == 0 else {
            throw StoreError(StoreError.Fault(errno: errno, operation: "rename"))
        }
        file.disown()
        try Self.synchronise(directory: root)
    }

    static func synchronise(directory: String) throws(StoreError) {
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "open directory")) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw StoreError(StoreError.Fault(errno: errno, operation: "fsync directory"))
        }
    }

    /// SHA-256 in lower-case hexadecimal.
    package static func digest(of bytes: [UInt8]) -> String {
        String(hexadecimal: SHA256.hash(data: bytes))
    }
}

/// A file that is being written and has no name yet. Gone when it is let go of before the store has taken it over.
package final class IncomingFile: Sendable {
    package let path: String
    private let state: Lock<State>

    private struct State: Sendable {
        var descriptor: Int32
        var bytes = 0
        var hash = SHA256()
        var digest: String?
        var isOwned = true

        mutating func synchronise() throws(StoreError) {
            guard fsync(descriptor) != 0 else { return }
            let fault = StoreError.Fault(errno: errno, operation: "fsync")
            // From now on the descriptor tells lies about what is on disk.
            close(descriptor)
            descriptor = -1
            throw StoreError(fault)
        }
    }

    init(path: String, mode: mode_t = 0o600) throws(StoreError) {
        self.path = path
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "create file")) }
        state = Lock(State(descriptor: descriptor))
    }

    deinit {
        discard()
    }

    /// Bytes appended so far.
    package var bytes: Int { state.withLock { $0.bytes } }

    func append(_ bytes: [UInt8], isDigested: Bool = true) throws(StoreError) {
        try FilePiece.bytes(bytes).withBytes { buffer throws(StoreError) in
            try append(buffer, isDigested: isDigested)
        }
    }

    /// One caller at a time: a chunk of an upload behind the one before.
    package func append(_ buffer: UnsafeRawBufferPointer) throws(StoreError) {
        try append(buffer, isDigested: true)
    }

    private func append(_ buffer: UnsafeRawBufferPointer, isDigested: Bool) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            guard state.descriptor >= 0 else { throw .closed }
            var written = 0
            while written < buffer.count {
                let status = Glibc.write(
                    state.descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
                if status < 0 && errno == EINTR { continue }
                guard status > 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "write")) }
                written += status
            }
            state.bytes += buffer.count
            if isDigested { state.hash.update(bufferPointer: buffer) }
        }
    }

    /// Brings to disk what there is, and out of memory: on a virtual machine pages never used before cost more time than the
    /// disk, so the next part of a long file is to have these.
    func release() throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            try state.synchronise()
            // Only advice: where it is not taken, the pages stay.
            _ = posix_fadvise(state.descriptor, 0, 0, POSIX_FADV_DONTNEED)
        }
    }

    /// Brings the content to disk and closes the file. Returns its SHA-256, lower-case hexadecimal.
    @discardableResult
    package func finish() throws(StoreError) -> String {
        try state.withLock { state throws(StoreError) in
            if let digest = state.digest { return digest }
            guard state.descriptor >= 0 else { throw .closed }
            try state.synchronise()
            close(state.descriptor)
            state.descriptor = -1
            let digest = String(hexadecimal: state.hash.finalize())
            state.digest = digest
            return digest
        }
    }

    /// Removes the file unless the store has taken it over.
    package func discard() {
        state.withLock { state in
            if state.descriptor >= 0 { close(state.descriptor) }
            state.descriptor = -1
            if state.isOwned { unlink(path) }
            state.isOwned = false
        }
    }

    /// The file goes by another name now.
    func disown() {
        state.withLock { $0.isOwned = false }
    }
}
