import Foundation
import Glibc
import Jobs
import Logging

/// What became of files that nobody claims.
struct SetAside {
    /// Below the data folder; nil when nothing was moved.
    var folder: String?
    var moved = 0
    /// What could not be moved, with the reason.
    var failures: [String] = []
}

/// Files that no row names, or that are not what a row says. They are moved to `unclaimed/<time>/`, for a repair must not
/// delete: what it takes to be true may be false.
extension FileStore {
    static let unclaimed = "unclaimed"

    /// Moves files, given with the folder that each is in.
    func setAside(_ names: [(folder: Folder, name: String)], at time: Timestamp) -> SetAside {
        var result = SetAside()
        guard !names.isEmpty else { return result }
        do {
            let batch = try makeBatch(at: time)
            result.folder = batch
            for (folder, names) in Dictionary(grouping: names, by: \.folder) {
                let target = "\(batch)/\(folder.rawValue)"
                try makeFolder(target)
                for (_, name) in names {
                    if rename("\(root)/\(folder.rawValue)/\(name)", "\(root)/\(target)/\(name)") == 0 {
                        result.moved += 1
                    } else {
                        result.failures.append("\(folder.rawValue)/\(name): \(String(cString: strerror(errno)))")
                    }
                }
                try Self.synchronise(directory: "\(root)/\(target)")
                try Self.synchronise(directory: "\(root)/\(folder.rawValue)")
            }
        } catch {
            result.failures.append("\(Self.unclaimed): \(error)")
        }
        return result
    }

    /// Moves one file, now or when the last backup that may read it has ended.
    func setAside(_ folder: Folder, _ name: FileName, at time: Timestamp, logger: Logger) {
        afterBackups { [self] in
            let result = setAside([(folder, name.description)], at: time)
            for failure in result.failures { logger.warning("cannot set aside \(failure)") }
        }
    }

    /// Deletes what was set aside longer ago than that. Returns how many folders went.
    func removeUnclaimed(before bound: Timestamp) throws(StoreError) -> Int {
        var removed = 0
        for name in try unclaimed(before: bound) {
            do {
                try FileManager.default.removeItem(atPath: "\(root)/\(Self.unclaimed)/\(name)")
                removed += 1
            } catch {
                throw .unavailable(
                    StoreError.Fault(operation: "remove \(Self.unclaimed)/\(name)", code: 0, detail: "\(error)"))
            }
        }
        return removed
    }

    /// The folders of what was set aside up to a time. One whose name does not begin with a time is not ours.
    func unclaimed(before bound: Timestamp) throws(StoreError) -> [String] {
        try Self.names(of: "\(root)/\(Self.unclaimed)").filter { name in
            Self.time(ofBatch: name).map { $0 <= bound } ?? false
        }
    }

    /// A new folder for what is moved at one time, so that nothing in it is ever replaced.
    private func makeBatch(at time: Timestamp) throws(StoreError) -> String {
        try makeFolder(Self.unclaimed)
        let stamp = time.description.filter { $0 != "-" && $0 != ":" }
        for attempt in 1...Self.batchesPerTimeMax {
            let name = "\(Self.unclaimed)/\(stamp)" + (attempt == 1 ? "" : "-\(attempt)")
            if mkdir("\(root)/\(name)", access.folderMode) == 0 {
                try Self.synchronise(directory: "\(root)/\(Self.unclaimed)")
                return name
            }
            guard errno == EEXIST else { throw StoreError(StoreError.Fault(errno: errno, operation: "mkdir \(name)")) }
        }
        throw .unavailable(StoreError.Fault(errno: EEXIST, operation: "mkdir \(Self.unclaimed)/\(stamp)"))
    }

    private static let batchesPerTimeMax = 1_000

    private func makeFolder(_ name: String) throws(StoreError) {
        guard mkdir("\(root)/\(name)", access.folderMode) != 0, errno != EEXIST else { return }
        throw StoreError(StoreError.Fault(errno: errno, operation: "mkdir \(name)"))
    }

    /// The inverse of the name of a batch: `20261201T024739.123Z` is 2026-12-01T02:47:39.123Z.
    private static func time(ofBatch name: String) -> Timestamp? {
        let stamp = Array(name.prefix { $0 != "-" })
        guard stamp.count == 20 else { return nil }
        let parts = [stamp[0..<4], stamp[4..<6], stamp[6..<11], stamp[11..<13], stamp[13...]].map { String($0) }
        return Timestamp(rfc3339: "\(parts[0])-\(parts[1])-\(parts[2]):\(parts[3]):\(parts[4])")
    }
}
