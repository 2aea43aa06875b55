import Crypto
import Glibc
import Jobs
import Locks

/// Holds the file of a data set against the SHA-256 that was taken of it on upload, so that nothing is trained on bytes that
/// the disk has changed.
///
/// A process does it once for each file. A file that looks changed to the file system is held against its digest again.
enum StoredFile {
    /// What the file system says of a file. It is another one after the file was written to or replaced.
    private struct Mark: Hashable {
        var device: UInt64
        var number: UInt64
        var bytes: Int
        var modified: [Int]

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            number = UInt64(status.st_ino)
            bytes = Int(status.st_size)
            modified = [
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]
        }
    }

    private static let digitCount = 64
    /// Files remembered; beyond, all are forgotten and read again.
    private static let rememberedMax = 100_000
    /// The digest of each file as last read, shared by all readers in the process.
    private static let checked = Lock([Mark: String]())

    /// Whether this process has found the file to be what was uploaded, and it has not changed since.
    ///
    /// A source without a SHA-256 is of a file that nobody has stored.
    static func isChecked(_ source: DatasetSource) -> Bool {
        guard source.sha256.utf8.count == Self.digitCount else { return true }
        guard let mark = mark(of: source.path) else { return false }
        return checked.withLock { $0[mark] } == source.sha256
    }

    /// Reads the whole file if this process has not found it to be what was uploaded.
    ///
    /// - Throws: `.damaged` where it is not; `.interrupted`; `.unreadable`.
    static func check(_ source: DatasetSource, isWanted: @escaping () -> Bool) throws(DatasetError) {
        if isChecked(source) { return }
        let digest = FileDigest(source)
        var chunks = try FileChunks(source.path, digest: digest, isWanted: isWanted)
        while try !chunks.next().isEmpty {}
        try digest.check()
    }

    /// Reads a file with a digest beside it if there is to be one. Where reading fails, the rest of the file is read too:
    /// what cannot be understood may be what has changed.
    static func checking<Value>(
        _ source: DatasetSource, isWanted: @escaping () -> Bool, _ read: (FileDigest?) throws(DatasetError) -> Value
    ) throws(DatasetError) -> Value {
        if isChecked(source) { return try read(nil) }
        let digest = FileDigest(source)
        let value: Value
        do {
            value = try read(digest)
        } catch {
            if error.isAboutContent { try check(source, isWanted: isWanted) }
            throw error
        }
        try digest.check()
        return value
    }

    private static func mark(of path: String) -> Mark? {
        var status = stat()
        return stat(path, &status) == 0 ? Mark(status) : nil
    }

    private static func remember(_ mark: Mark?, sha256: String) {
        guard let mark else { return }
        checked.withLock { checked in
            if checked.count >= rememberedMax { checked.removeAll() }
            checked[mark] = sha256
        }
    }

    /// The SHA-256 of a file that is being read from its beginning to its end.
    final class FileDigest {
        private let source: DatasetSource
        private let mark: Mark?
        private var hash = SHA256()

        init(_ source: DatasetSource) {
            self.source = source
            mark = StoredFile.mark(of: source.path)
        }

        func add(_ bytes: UnsafeBufferPointer<UInt8>) {
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
        }

        /// The file has been read to its end.
        ///
        /// - Throws: `.damaged` where it is not what was uploaded.
        func check() throws(DatasetError) {
            guard String(hexadecimal: hash.finalize()) == source.sha256 else { throw StoredFile.damaged(source) }
            StoredFile.remember(mark, sha256: source.sha256)
        }
    }

    /// The file's name is the data set's identifier.
    private static func damaged(_ source: DatasetSource) -> DatasetError {
        let name = source.path.split(separator: "/").last ?? ""
        return DatasetError(
            "the stored file of the data set \(name) is not the one that was uploaded: its SHA-256 has changed; "
                + "restore the file from a backup, or upload the data set again",
            kind: .damaged)
    }
}
