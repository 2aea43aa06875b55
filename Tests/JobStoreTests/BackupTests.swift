import Foundation
import Jobs
import Testing

@testable import JobStore

struct BackupTests {
    /// A store with a job that has a model, one in a worker's hands with a checkpoint, and one that waits.
    private func makeFilledStore(_ bench: Bench) throws -> (store: Store, jobs: [Identifier]) {
        let store = try bench.open()
        let dataset = try store.makeDataset()
        let jobs = try (0..<3).map { _ in try store.submit(dataset).id }
        let first = try #require(try store.claimNext()).lease
        _ = try store.beginEpoch(1, under: first).commitAndWait()
        _ = try store.succeed(first, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        let second = try #require(try store.claimNext()).lease
        _ = try store.beginEpoch(1, under: second).commitAndWait()
        _ = try store.record(
            makeEpoch(1), checkpoint: makeCheckpoint(epoch: 1), keep: 2, runningMilliseconds: 1, under: second
        ).commitAndWait()
        return (store, jobs)
    }

    private func archive(_ backup: Backup, piece: Int = 1_000) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let next = try backup.next(bytesMax: piece)
            if next.isEmpty { return bytes }
            #expect(next.count <= piece)
            bytes += next
        }
    }

    /// The archive in a file, and a name for a folder beside it that is not there.
    private func save(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> (archive: String, target: String) {
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let path = folder.path + "/backup.tar"
        try Data(bytes).write(to: URL(filePath: path))
        return (path, folder.path + "/restored")
    }

    private func open(_ path: String, like bench: Bench) throws -> Store {
        let clock = bench.clock
        return try Store(
            StoreConfiguration(dataDirectory: path, clock: { clock.now }, logger: bench.silentLogger))
    }

    @Test func whatIsRestoredIsWhatWasBackedUp() throws {
        let bench = Bench()
        let (store, jobs) = try makeFilledStore(bench)
        let backup = try store.beginBackup()
        let bytes = try archive(backup)
        #expect(bytes.count == backup.bytes && bytes.count.isMultiple(of: 512))
        let folder = TemporaryFolder()
        let (archive, target) = try save(bytes, in: folder)
        let restored = try BackupRestoration.restore(archive, to: target)
        #expect(restored == RestoredBackup(createdAt: bench.clock.now, jobs: 3, datasets: 1, models: 1))
        let copy = try open(target, like: bench)
        #expect(!copy.followsCrash)
        let states = try jobs.map { try copy.job($0, owner: nil).state }
        #expect(states == [.succeeded, .queued, .queued])
        let interrupted = try copy.job(jobs[1], owner: nil)
        #expect(interrupted.attempt == 2 && interrupted.crashes == 0)
        #expect(try copy.epochs(of: jobs[1], owner: nil, since: 0, limit: 10) == [makeEpoch(1)])
        let model = try copy.model(try #require(try copy.job(jobs[0], owner: nil).model), owner: nil)
        #expect(try copy.modelBytes(model) == makeModel().bytes)
        let lease = try #require(try copy.claimNext()).lease
        #expect(lease.job == jobs[1])
        #expect(try copy.loadCheckpoint(lease)?.bytes.dropLast(32) == makeCheckpoint(epoch: 1).content.bytes[...])
    }

    @Test func theArchiveIsOneThatTarReads() throws {
        let (store, _) = try makeFilledStore(Bench())
        let folder = TemporaryFolder()
        let (archive, _) = try save(try archive(try store.beginBackup()), in: folder)
        let tar = Process()
        tar.executableURL = URL(filePath: "/bin/tar")
        tar.arguments = ["-tf", archive]
        let output = Pipe()
        tar.standardOutput = output
        try tar.run()
        let listing = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        tar.waitUntilExit()
        let names = listing.split(separator: "\n").map(String.init)
        #expect(tar.terminationStatus == 0 && names.count == 5)
        #expect(names.prefix(2) == ["manifest.json", "tenbin.db"])
    }

    @Test func filesRemovedDuringABackupAreStillInIt() throws {
        let bench = Bench()
        let (store, jobs) = try makeFilledStore(bench)
        var bytes: [UInt8]
        do {
            let backup = try store.beginBackup()
            bytes = try backup.next(bytesMax: 100)
            let id = try #require(try store.job(jobs[0], owner: nil).model)
            try store.deleteModel(id, owner: nil).commitAndWait()
            _ = try store.submit(try store.makeDataset(content: "later"))
            bytes += try archive(backup)
        }
        #expect(try store.files.names(in: .models) == [], "the removal was forgotten")
        let folder = TemporaryFolder()
        let (archive, target) = try save(bytes, in: folder)
        #expect(try BackupRestoration.restore(archive, to: target).models == 1)
        #expect(try open(target, like: bench).jobs(JobFilter(owner: nil), PageRequest()).items.count == 3)
    }

    @Test func aTornCheckpointDoesNotStopABackupAndAMissingModelDoes() throws {
        let bench = Bench()
        let (store, jobs) = try makeFilledStore(bench)
        let record = try #require(try store.checkpoints(of: jobs[1], owner: nil).first)
        try Data([1]).write(to: URL(filePath: store.files.path(.checkpoints, record.file)))
        let folder = TemporaryFolder()
        let (archive, target) = try save(try archive(try store.beginBackup()), in: folder)
        #expect(try BackupRestoration.restore(archive, to: target).jobs == 3)
        let model = try #require(try store.job(jobs[0], owner: nil).model)
        try FileManager.default.removeItem(atPath: store.files.path(.models, FileName(model)))
        #expect(throws: StoreError.corrupt("models/\(model) is missing or has another size")) {
            try store.beginBackup()
        }
    }

    @Test func whatIsDamagedIsNotRestoredAndLeavesNothingBehind() throws {
        let bench = Bench()
        let (store, _) = try makeFilledStore(bench)
        let whole = try archive(try store.beginBackup())
        let folder = TemporaryFolder()
        var damaged: [[UInt8]] = [[], Array(repeating: 0, count: 2_048), Array(whole.prefix(whole.count / 2))]
        // One byte flipped in the manifest, in the database, in the names of files, and in the last file.
        for offset in [520, 6_000, 20_000] {
            damaged.append(whole)
            damaged[damaged.count - 1][offset] ^= 1
        }
        for (index, byte) in whole.enumerated() where byte == 9 && whole[index...].starts(with: [9, 9, 9]) {
            damaged.append(whole)
            damaged[damaged.count - 1][index] = 8
            break
        }
        for (index, bytes) in damaged.enumerated() {
            let (archive, target) = try save(bytes, in: folder)
            #expect("case \(index)") { try BackupRestoration.restore(archive, to: target) } throws: { error in
                if case .invalidBackup? = error as? StoreError { true } else { false }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["backup.tar"])
        }
    }

    /// The disk is not to blame for a name that was mistyped.
    @Test func anArchiveThatCannotBeReadIsNamedAndLeavesNothingBehind() throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        for archive in [folder.path + "/missing.tar", folder.path] {
            #expect { try BackupRestoration.restore(archive, to: folder.path + "/restored") } throws: { error in
                if case .unreadable? = error as? StoreError { true } else { false }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }
    }

    @Test func aFolderWithSomethingInItIsLeftAlone() throws {
        let bench = Bench()
        let (store, _) = try makeFilledStore(bench)
        let folder = TemporaryFolder()
        let (archive, target) = try save(try archive(try store.beginBackup()), in: folder)
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: target + "/precious"))
        #expect(throws: StoreError.notEmpty(directory: target)) {
            try BackupRestoration.restore(archive, to: target)
        }
        try FileManager.default.removeItem(atPath: target + "/precious")
        #expect(try BackupRestoration.restore(archive, to: target).jobs == 3)
    }

    @Test func namesThatLeadOutOfTheFolderAreRefused() throws {
        let (store, _) = try makeFilledStore(Bench())
        let bytes = Array(try archive(try store.beginBackup()).dropLast(1_024))
        let evil = TarHeader(name: "../evil", size: 0).block + [UInt8](repeating: 0, count: 1_024)
        let folder = TemporaryFolder()
        let (archive, target) = try save(bytes + evil, in: folder)
        #expect(throws: StoreError.invalidBackup("it holds ../evil, which its database does not know")) {
            try BackupRestoration.restore(archive, to: target)
        }
    }

    @Test(arguments: [0, 1, 511, 512, 0o77_777_777_777, 0o77_777_777_777 + 1, 1 << 50])
    func aHeaderIsReadBackAsItWasWritten(size: Int) throws {
        let header = TarHeader(name: "models/" + String(repeating: "m", count: 90), size: size)
        #expect(TarHeader(header.block) == header)
        var block = header.block
        block[3] ^= 1
        #expect(TarHeader(block) == nil)
    }
}
