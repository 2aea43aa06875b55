import Crypto
import Glibc
import Jobs
import Locks

extension FileStore {
    /// The bytes of a file; nil where they are not what was written: `count` bytes with the SHA-256, lower-case hexadecimal.
    /// Throws `.unreadable` where the disk does not give them, `.interrupted` where they are not wanted any more.
    func read(
        _ folder: Folder, _ name: FileName, count: Int, sha256: String, isWanted: () -> Bool = { true }
    ) throws(StoreError) -> [UInt8]? {
        let descriptor = Glibc.open(path(folder, name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(StoreError.Fault(errno: errno, operation: "open")) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadable(StoreError.Fault(errno: errno, operation: "fstat"))
        }
        guard Int(status.st_size) == count else { return nil }
        let digest = BlockDigest()
        do throws(OutOfMemory) {
            try MemoryRoom.claim(count)
        } catch {
            throw .outOfMemory(error)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            guard isWanted() else { throw .interrupted }
            let block = try Self.block(of: descriptor, count: min(count - bytes.count, BlockDigest.blockBytes))
            guard !block.isEmpty else { return nil }
            digest.add(block)
            bytes += block
            // The pages of a long file are used again, as when it was written. Only advice.
            if bytes.count < count { _ = posix_fadvise(descriptor, 0, bytes.count, POSIX_FADV_DONTNEED) }
        }
        return String(hexadecimal: digest.hash.finalize()) == sha256 ? bytes : nil
    }

    /// What a file turned out to be when it was opened.
    enum OpenedFile {
        /// As it was written; whoever gets it closes it.
        case whole(Int32)
        case altered
        case missing
    }

    /// Opens a file and checks that it is what was written: `count` bytes with the SHA-256, lower-case hexadecimal. One that was
    /// found whole is not read again before it changes.
    ///
    /// Throws `.unreadable` where the disk does not give it.
    func open(_ folder: Folder, _ name: FileName, count: Int, sha256: String) throws(StoreError) -> OpenedFile {
        let descriptor = Glibc.open(path(folder, name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return .missing }
            throw .unreadable(StoreError.Fault(errno: errno, operation: "open"))
        }
        do {
            if try isWhole(descriptor, count: count, sha256: sha256) { return .whole(descriptor) }
        } catch {
            close(descriptor)
            throw error
        }
        close(descriptor)
        return .altered
    }

    private func isWhole(_ descriptor: Int32, count: Int, sha256: String) throws(StoreError) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadable(StoreError.Fault(errno: errno, operation: "fstat"))
        }
        guard Int(status.st_size) == count else { return false }
        let stamp = FileStamp(status)
        if checked.digest(of: stamp) == sha256 { return true }
        let digest = BlockDigest()
        var offset = 0
        while offset < count {
            let block = try Self.block(of: descriptor, count: min(count - offset, BlockDigest.blockBytes))
            guard !block.isEmpty else { return false }
            digest.add(block)
            offset += block.count
        }
        guard String(hexadecimal: digest.hash.finalize()) == sha256 else { return false }
        checked.note(sha256, of: stamp)
        return true
    }

    /// Fewer bytes only at the end of the file.
    private static func block(of descriptor: Int32, count: Int) throws(StoreError) -> [UInt8] {
        var failure: Int32 = 0
        let block = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let status = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
                if status < 0 && errno == EINTR { continue }
                if status < 0 { failure = errno }
                guard status > 0 else { return }
                filled += status
            }
        }
        guard failure == 0 else { throw .unreadable(StoreError.Fault(errno: failure, operation: "read")) }
        return block
    }

    /// Whether a file that could not be read will not be read later either: it is gone, or the disk has lost some of it.
    func isLost(_ folder: Folder, _ name: FileName, after error: StoreError) -> Bool {
        // What `open` says does not tell a file that is gone from a failing disk; that it is not in its folder does.
        var status = stat()
        let isGone = lstat(path(folder, name), &status) != 0 && errno == ENOENT
        let isBroken = if case .unreadable(let fault) = error { fault.operation == "read" } else { false }
        return isGone || isBroken
    }
}
