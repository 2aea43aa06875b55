import Glibc
import Locks

/// Which bytes stand where in a file system: changes whenever somebody writes to the file.
struct FileStamp: Hashable {
    private let device, inode: UInt64
    private let bytes: Int
    private let seconds, nanoseconds: Int

    /// - Parameter status: what `fstat` says of the file. The time of its last change cannot be set by anybody.
    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        bytes = Int(status.st_size)
        seconds = status.st_ctim.tv_sec
        nanoseconds = status.st_ctim.tv_nsec
    }
}

/// Files that were read once and whose digest was found, so that many small parts of one are served without reading it all each time.
final class CheckedFiles: Sendable {
    private static let countMax = 1_024

    private let digests = Lock<[FileStamp: String]>([:])

    /// Lower-case hexadecimal; nil for a file that was not read, or was changed since.
    func digest(of stamp: FileStamp) -> String? {
        digests.withLock { $0[stamp] }
    }

    func note(_ digest: String, of stamp: FileStamp) {
        digests.withLock { digests in
            // Which ones go matters little: they are read once more.
            if digests.count >= Self.countMax { digests.removeAll() }
            digests[stamp] = digest
        }
    }
}
