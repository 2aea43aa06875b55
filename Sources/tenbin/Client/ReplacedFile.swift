import Glibc
import HTTPClient

/// A file that appears under its name only when it is complete and on disk; until then the one before it stays.
///
/// It is written beside that name, as `NAME.partial`. What a killed process leaves there, the next one writes over. A device
/// or a pipe cannot be replaced: it is written to as it is.
final class ReplacedFile {
    private let path: String
    private let partial: String
    private let descriptor: Descriptor
    private let isReplaced: Bool

    /// - Parameter permissions: of the file, before the process's mask.
    init(path: String, permissions: mode_t = 0o600) throws(ClientError) {
        self.path = path
        var status = stat()
        isReplaced = stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
        guard isReplaced else {
            partial = path
            descriptor = Descriptor(open(path, O_WRONLY | O_CLOEXEC))
            guard descriptor.value >= 0 else { throw .unwritable(path: path, errno) }
            return
        }
        partial = path + ".partial"
        descriptor = Descriptor(open(partial, O_WRONLY | O_CREAT | O_CLOEXEC, permissions))
        // Two that write the same file would mix their bytes.
        guard descriptor.value >= 0, flock(descriptor.value, LOCK_EX | LOCK_NB) == 0,
            ftruncate(descriptor.value, 0) == 0
        else { throw .unwritable(path: partial, errno) }
    }

    func append(_ bytes: ArraySlice<UInt8>) throws(ClientError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor.value, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unwritable(path: partial, errno) }
            written += count
        }
    }

    /// Gives the file its name, durably.
    func finish() throws(ClientError) {
        guard isReplaced else { return }
        guard fsync(descriptor.value) == 0, rename(partial, path) == 0 else {
            throw .unwritable(path: path, errno)
        }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? "."
        let directory = Descriptor(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard directory.value >= 0, fsync(directory.value) == 0 else { throw .unwritable(path: folder, errno) }
    }

    /// Removes what was written so far.
    func discard() {
        if isReplaced { unlink(partial) }
    }
}
