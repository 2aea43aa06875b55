import Foundation

/// What a disk holds while a server runs: what was synced, and what only the system's memory knows.
///
/// Of the latter a power cut takes what it likes: bytes of a file and names in a directory each for themselves, in any
/// order (POSIX promises no more than fsync says).
struct VolatileDisk {
    /// What a power cut spares of what was not synced.
    enum Mercy: CaseIterable {
        /// Nothing.
        case none
        /// What was done before some moment.
        case earlier
        /// This and that.
        case some
    }

    private enum Change {
        case wrote(offset: Int, Data)
        case truncated(length: Int)
    }

    private struct File {
        var durable = Data()
        var pending: [(number: Int, change: Change)] = []

        mutating func settle(keeping isKept: (Int) -> Bool) {
            for (number, change) in pending where isKept(number) {
                switch change {
                case .truncated(let length): resize(to: length)
                case .wrote(let offset, let bytes):
                    if durable.count < offset + bytes.count { resize(to: offset + bytes.count) }
                    durable.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
                }
            }
            pending = []
        }

        private mutating func resize(to length: Int) {
            if durable.count > length { durable.removeLast(durable.count - length) }
            if durable.count < length { durable.append(Data(count: length - durable.count)) }
        }
    }

    private struct NameChange {
        var number: Int
        var path: String
        /// Nil for a name that is removed.
        var file: Int?

        var directory: String { URL(filePath: path).deletingLastPathComponent().path }
    }

    private var files: [File] = []
    private var fileOfInode: [UInt64: Int] = [:]
    /// As the running system sees them.
    private var names: [String: Int] = [:]
    private var durableNames: [String: Int] = [:]
    private var pendingNames: [NameChange] = []
    private let directories: [UInt64: String]
    private var count = 0

    /// A disk whose whole content is durable.
    init(_ content: [String: (inode: UInt64, bytes: Data)], directories: [UInt64: String]) {
        self.directories = directories
        for (path, file) in content {
            fileOfInode[file.inode] = files.count
            names[path] = files.count
            files.append(File(durable: file.bytes))
        }
        durableNames = names
    }

    mutating func apply(_ record: PowerRecord) {
        count += 1
        switch record {
        case .wrote(let inode, let offset, let bytes):
            if let file = fileOfInode[inode] { files[file].pending.append((count, .wrote(offset: offset, bytes))) }
        case .truncated(let inode, let length):
            if let file = fileOfInode[inode] { files[file].pending.append((count, .truncated(length: length))) }
        case .synced(let inode):
            if let directory = directories[inode] {
                settleNames { $0.directory == directory }
            } else if let file = fileOfInode[inode] {
                files[file].settle { _ in true }
            }
        case .made(let inode, let path):
            // The number of a removed file is given to a new one.
            fileOfInode[inode] = files.count
            setName(path, to: files.count)
            files.append(File())
        case .removed(let path): setName(path, to: nil)
        case .renamed(let from, let to):
            let file = names[from]
            setName(from, to: nil)
            setName(to, to: file)
        }
    }

    private mutating func setName(_ path: String, to file: Int?) {
        names[path] = file
        pendingNames.append(NameChange(number: count, path: path, file: file))
    }

    private mutating func settleNames(_ isKept: (NameChange) -> Bool) {
        for change in pendingNames where isKept(change) { durableNames[change.path] = change.file }
        pendingNames.removeAll(where: isKept)
    }

    /// What is found after a power cut at this moment.
    func afterCut(_ mercy: Mercy, using generator: inout SeededGenerator) -> [String: Data] {
        var left = self
        let moment = Int.random(in: 0...count, using: &generator)
        var kept: Set<Int> = []
        for number in 0...count where Bool.random(using: &generator) { kept.insert(number) }
        func isKept(_ number: Int) -> Bool {
            switch mercy {
            case .none: false
            case .earlier: number <= moment
            case .some: kept.contains(number)
            }
        }
        for index in left.files.indices { left.files[index].settle(keeping: isKept) }
        left.settleNames { isKept($0.number) }
        return left.durableNames.mapValues { left.files[$0].durable }
    }

    /// How much a power cut at this moment could take.
    var pendingCount: Int { files.reduce(pendingNames.count) { $0 + $1.pending.count } }
}

/// A data folder whose power fails whenever its server has been killed.
final class PowerCutFolder {
    private let folder: String
    private let journal: String
    private var disk: VolatileDisk?
    /// Changes that some cut could have taken: a test in which it is 0 proves nothing.
    private(set) var changesAtRisk = 0
    private(set) var cuts = 0

    init(folder: String, journal: String) {
        self.folder = folder
        self.journal = journal
    }

    /// What makes a server write down what it does there.
    var environment: [String: String] {
        let library = VictimServer.products.appending(path: "libPowerCut.so").path
        return ["LD_PRELOAD": library, "TENBIN_POWER_FOLDER": folder, "TENBIN_POWER_JOURNAL": journal]
    }

    /// Leaves of the folder what a power cut would have left, and begins a new journal.
    func cut(using generator: inout SeededGenerator) throws {
        let manager = FileManager.default
        defer { try? manager.removeItem(atPath: journal) }
        guard manager.fileExists(atPath: journal) else { return }
        var before = try disk ?? VolatileDisk([:], directories: directories())
        for record in try PowerRecord.all(in: Data(contentsOf: URL(filePath: journal))) { before.apply(record) }
        changesAtRisk += before.pendingCount
        cuts += 1
        let mercy = VolatileDisk.Mercy.allCases.randomElement(using: &generator) ?? .none
        try restore(before.afterCut(mercy, using: &generator))
    }

    private func restore(_ content: [String: Data]) throws {
        let manager = FileManager.default
        let directories = try self.directories()
        for path in directories.values {
            for name in try manager.contentsOfDirectory(atPath: path) {
                var isDirectory: ObjCBool = false
                let item = path + "/" + name
                if manager.fileExists(atPath: item, isDirectory: &isDirectory), !isDirectory.boolValue {
                    try manager.removeItem(atPath: item)
                }
            }
        }
        var found: [String: (inode: UInt64, bytes: Data)] = [:]
        // The index of the log is shared memory, which no power cut leaves behind.
        for (path, bytes) in content where !path.hasSuffix("-shm") {
            try bytes.write(to: URL(filePath: path))
            found[path] = (try inode(of: path), bytes)
        }
        disk = VolatileDisk(found, directories: directories)
    }

    /// The folder and those in it, by their inodes.
    private func directories() throws -> [UInt64: String] {
        var found = [try inode(of: folder): folder]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let path = folder + "/" + name
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
                continue
            }
            found[try inode(of: path)] = path
        }
        return found
    }

    private func inode(of path: String) throws -> UInt64 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
    }
}
