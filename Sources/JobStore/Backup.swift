import Crypto
import GRDB
import Glibc
import Jobs
import Locks

/// Everything a store keeps, as it was at one moment, in one tar archive that is read piece by piece.
///
/// The database is copied first, on a connection for reading; the files beside it never change and stay until the backup
/// is let go of. So jobs and requests go on meanwhile. Members: `manifest.json`, `tenbin.db`, then a file each.
package final class Backup: Sendable {
    /// Of the whole archive.
    package let bytes: Int
    private let files: FileStore
    private let state: Lock<State>

    static let databaseName = DataDirectory.databaseName

    /// Copies the database and keeps every file in place. Throws what the disk says, `.corrupt` when a file is missing.
    fileprivate init(of store: Store) throws(StoreError) {
        files = store.files
        files.pin()
        do {
            let copy = try store.copyDatabase()
            let found = try Self.members(of: copy, in: store)
            bytes = found.reduce(State.trailerBytes) { $0 + $1.bytesInArchive }
            state = Lock(State(members: found))
        } catch {
            store.files.unpin()
            throw StoreError(error, operation: "back up")
        }
    }

    deinit {
        state.withLock { $0.close() }
        files.unpin()
    }

    /// The next piece of the archive, of at most `bytesMax` bytes; empty at its end.
    package func next(bytesMax: Int) throws(StoreError) -> [UInt8] {
        try state.withLock { state throws(StoreError) in try state.next(bytesMax: bytesMax) }
    }

    private static func members(of copy: DatabaseCopy, in store: Store) throws -> [Member] {
        let manifest = BackupManifest(
            schemaVersion: Schema.version, createdAt: store.now, databaseBytes: copy.bytes,
            databaseSHA256: copy.sha256)
        var members = [
            Member(name: BackupManifest.name, source: .memory(manifest.encoded)),
            Member(name: databaseName, source: .open(copy.descriptor, bytes: copy.bytes)),
        ]
        for file in copy.files {
            let path = store.files.path(file.folder, file.name)
            var status = stat()
            if stat(path, &status) == 0, status.st_size == file.bytes {
                members.append(Member(name: file.path, source: .closed(path, bytes: file.bytes)))
            } else if !file.mayBeTorn {
                throw StoreError.corrupt("\(file.path) is missing or has another size")
            }
        }
        return members
    }
}

extension Store {
    /// Begins a backup while everything goes on.
    package func beginBackup() throws(StoreError) -> Backup {
        try Backup(of: self)
    }
}

// MARK: - The copy of the database

/// A copy of the database as an open file without a name, and the files that it tells of.
private struct DatabaseCopy {
    var descriptor: Int32
    var bytes: Int
    var sha256: String
    var files: [BackedUpFile]
}

extension Store {
    fileprivate func copyDatabase() throws -> DatabaseCopy {
        let path = files.path(.incoming, FileName(unique: "backup-"))
        defer { unlink(path) }
        let source = try Connection.reader(path: directory.database)
        defer { try? source.close() }
        try source.unsafeRead { try $0.execute(sql: "VACUUM INTO ?", arguments: [path]) }
        let copy = try Connection.reader(path: path)
        defer { try? copy.close() }
        let files = try copy.unsafeRead { try BackedUpFile.all(in: $0) }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.Fault(errno: errno, operation: "open") }
        do {
            let (bytes, digest) = try FileStore.digest(of: descriptor)
            return DatabaseCopy(descriptor: descriptor, bytes: bytes, sha256: digest, files: files)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }
}

extension FileStore {
    static let chunkBytes = 256 * 1_024

    /// The length and the SHA-256, lower-case hexadecimal, of an open file, which is then at its beginning again.
    static func digest(of descriptor: Int32) throws -> (bytes: Int, sha256: String) {
        var (hash, bytes) = (SHA256(), 0)
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw StoreError.Fault(errno: errno, operation: "read") }
            guard count > 0 else { break }
            hash.update(data: chunk[..<count])
            bytes += count
        }
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw StoreError.Fault(errno: errno, operation: "lseek") }
        return (bytes, String(hexadecimal: hash.finalize()))
    }
}

// MARK: - The archive

private struct Member {
    enum Source {
        case memory([UInt8])
        case open(Int32, bytes: Int)
        case closed(String, bytes: Int)
    }

    var name: String
    var source: Source

    var bytes: Int {
        switch source {
        case .memory(let content): content.count
        case .open(_, let bytes), .closed(_, let bytes): bytes
        }
    }

    var bytesInArchive: Int {
        TarHeader.blockBytes + bytes + TarHeader.padding(after: bytes)
    }
}

/// How far the archive has been read.
private struct State {
    /// Two empty blocks end an archive.
    static let trailerBytes = 2 * TarHeader.blockBytes

    /// Those that have not been opened yet, last first.
    private var members: [Member]
    /// Bytes that come next.
    private var ready: ArraySlice<UInt8> = []
    private var descriptor: Int32 = -1
    /// Of the open file.
    private var remaining = 0
    private var padding = 0
    private var isAtEnd = false
    private var failure: StoreError?

    init(members: [Member]) {
        self.members = members.reversed()
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        for case .open(let descriptor, _) in members.map(\.source) { Glibc.close(descriptor) }
        members = []
    }

    mutating func next(bytesMax: Int) throws(StoreError) -> [UInt8] {
        if let failure { throw failure }
        do {
            while ready.isEmpty, !isAtEnd { try advance(bytesMax: max(1, bytesMax)) }
        } catch {
            failure = error
            throw error
        }
        let piece = Array(ready.prefix(bytesMax))
        ready = ready.dropFirst(piece.count)
        return piece
    }

    /// Makes something ready, or comes to the end.
    private mutating func advance(bytesMax: Int) throws(StoreError) {
        if remaining > 0 { return try readOn(bytesMax: bytesMax) }
        if descriptor >= 0 {
            Glibc.close(descriptor)
            descriptor = -1
            ready = [UInt8](repeating: 0, count: padding)[...]
            if !ready.isEmpty { return }
        }
        guard let member = members.popLast() else {
            isAtEnd = true
            ready = [UInt8](repeating: 0, count: Self.trailerBytes)[...]
            return
        }
        var head = TarHeader(name: member.name, size: member.bytes).block
        switch member.source {
        case .memory(let content):
            head += content + [UInt8](repeating: 0, count: TarHeader.padding(after: content.count))
        case .open(let copy, _):
            descriptor = copy
            remaining = member.bytes
        case .closed(let path, _):
            descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw StoreError(StoreError.Fault(errno: errno, operation: "open")) }
            remaining = member.bytes
        }
        padding = TarHeader.padding(after: member.bytes)
        ready = head[...]
    }

    private mutating func readOn(bytesMax: Int) throws(StoreError) {
        var chunk = [UInt8](repeating: 0, count: min(remaining, bytesMax, FileStore.chunkBytes))
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { return }
        guard count > 0 else {
            if count == 0 { throw .corrupt("a file became shorter while it was backed up") }
            throw StoreError(StoreError.Fault(errno: errno, operation: "read"))
        }
        remaining -= count
        ready = chunk[..<count]
    }
}
