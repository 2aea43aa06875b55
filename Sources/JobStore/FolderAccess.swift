package import Glibc

/// Who beside the server's own user may read what stands in a data folder. Nobody else may ever write there.
package enum FolderAccess: Sendable, Hashable {
    case owner
    /// The folder's group may list folders and read files.
    case groupReads

    /// What a folder that is there was opened with before, to go by for commands that are not told.
    package static func found(at path: String) -> FolderAccess {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o777 == FolderAccess.groupReads.folderMode
            ? .groupReads : .owner
    }

    var folderMode: mode_t { self == .owner ? 0o700 : 0o750 }
    var fileMode: mode_t { self == .owner ? 0o600 : 0o640 }

    /// The process's mask (`umask`), so that libraries make their files alike.
    package var mask: mode_t { ~folderMode & 0o777 }
}

// MARK: - Modes of what is there

/// Takes from a data folder the rights that nobody but its owner should have.
struct FolderModes {
    let path: String
    let access: FolderAccess

    /// Refuses a folder that others may look into, unless it is one of ours: then `tighten` mends it. Returns its mode.
    func check() throws(StoreError) -> mode_t {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw StoreError(StoreError.Fault(errno: errno, operation: "stat \(path)"))
        }
        let mode = status.st_mode & 0o777
        guard mode & ~access.folderMode != 0 else { return mode }
        let isOurs = [DataDirectory.databaseName, FolderIdentity.fileName].contains { exists("\(path)/\($0)") }
        guard isOurs, status.st_uid == geteuid() else {
            throw .refusedFolder(directory: path, .openToOthers(mode: mode, wanted: access.folderMode))
        }
        return mode
    }

    /// Sets the folder, what stands in it and what a server has made there to the modes that are wanted. Returns how many
    /// were changed. What belongs to another user stays as it is.
    func tighten() -> Int {
        // The folder may be given by a link; what stands in it may not.
        var changed = change(path + "/.", to: access.folderMode) ? 1 : 0
        for name in DataDirectory.fileNames {
            let mode = name == DataDirectory.lockName ? FolderAccess.owner.fileMode : access.fileMode
            if change("\(path)/\(name)", to: mode) { changed += 1 }
        }
        for folder in DataDirectory.subdirectories + [FileStore.unclaimed] {
            changed += tighten(folder: "\(path)/\(folder)", levels: folder == FileStore.unclaimed ? 2 : 0)
        }
        return changed
    }

    /// - Parameter levels: how many folders deep there may be further ones.
    private func tighten(folder: String, levels: Int) -> Int {
        guard exists(folder) else { return 0 }
        var changed = change(folder, to: access.folderMode) ? 1 : 0
        for name in (try? FileStore.names(of: folder)) ?? [] {
            let path = "\(folder)/\(name)"
            if change(path, to: access.fileMode) { changed += 1 }
            if levels > 0 { changed += tighten(folder: path, levels: levels - 1) }
        }
        return changed
    }

    private func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Takes away what `mode` does not have. Links are not followed.
    private func change(_ path: String, to mode: mode_t) -> Bool {
        var status = stat()
        let isFolder = mode == access.folderMode
        guard lstat(path, &status) == 0, status.st_uid == geteuid(),
            status.st_mode & S_IFMT == (isFolder ? S_IFDIR : S_IFREG)
        else { return false }
        let excess = status.st_mode & 0o777 & ~mode
        return excess != 0 && chmod(path, status.st_mode & 0o7777 & ~excess) == 0
    }
}
