import Foundation
import GRDB
import Jobs
import Migrations
import Testing

@testable import JobStore

/// A database that is not its folder's, or not its newest, must not decide what in the folder is litter.
struct FolderIdentityTests {
    /// A folder with a data set, a model and two checkpoints, whose server has ended in order.
    private func makeFolder() throws -> Bench {
        let bench = Bench()
        let store = try bench.open()
        let dataset = try store.makeDataset()
        _ = try store.submit(dataset)
        let first = try #require(try store.claimNext()).lease
        _ = try store.record(
            makeEpoch(1), checkpoint: makeCheckpoint(epoch: 1), keep: 2, runningMilliseconds: 1, under: first
        ).commitAndWait()
        _ = try store.succeed(first, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        store.close()
        return bench
    }

    /// Every file of a folder with its content, but the lock and what SQLite keeps in memory.
    private func content(of bench: Bench) throws -> [String: Data] {
        let root = URL(filePath: bench.folder.path)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        var found: [String: Data] = [:]
        for path in paths where path != "lock" && !path.hasPrefix("tenbin.db-") {
            found[path] = (try? Data(contentsOf: root.appending(path: path))) ?? Data()
        }
        return found
    }

    private func expectRefused(
        _ bench: Bench, _ comment: Comment? = nil, where isExpected: (FolderRefusal) -> Bool
    ) throws {
        let before = try content(of: bench)
        func isRefusal(_ error: any Error) -> Bool {
            guard case .refusedFolder(bench.folder.path, let refusal)? = error as? StoreError else { return false }
            return isExpected(refusal)
        }
        #expect(comment) { try bench.open() } throws: { isRefusal($0) }
        for dryRun in [true, false] where before["tenbin.db"] != nil {
            #expect(comment) {
                try SchemaMigration(of: bench.folder.path, dryRun: dryRun)
            } throws: { isRefusal($0) }
        }
        #expect(try content(of: bench) == before, comment)
    }

    private func path(_ bench: Bench, _ name: String) -> String { bench.folder.path + "/" + name }

    private func remove(_ bench: Bench, _ names: String...) throws {
        for name in names { try FileManager.default.removeItem(atPath: path(bench, name)) }
    }

    enum Loss: CaseIterable {
        case removed, emptied, withoutTables
    }

    @Test(arguments: Loss.allCases, [true, false])
    func aFolderWhoseDatabaseIsLostIsLeftAsItIs(loss: Loss, hasIdentity: Bool) throws {
        let bench = try makeFolder()
        if !hasIdentity { try remove(bench, "identity") }
        try remove(bench, "tenbin.db")
        switch loss {
        case .removed: break
        case .emptied: try Data().write(to: URL(filePath: path(bench, "tenbin.db")))
        case .withoutTables:
            let empty = try DatabaseQueue(path: path(bench, "tenbin.db"))
            try empty.writeWithoutTransaction { try $0.execute(sql: "PRAGMA auto_vacuum = 2; VACUUM") }
            try empty.close()
        }
        try expectRefused(bench) { if case .noDatabase = $0 { true } else { false } }
    }

    @Test func aLogWithoutItsDatabaseIsNotThrownAway() throws {
        let bench = Bench()
        try FileManager.default.createDirectory(
            atPath: bench.folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data([1]).write(to: URL(filePath: path(bench, "tenbin.db-wal")))
        #expect(
            throws: StoreError.refusedFolder(directory: bench.folder.path, .noDatabase(found: "tenbin.db-wal"))
        ) { try bench.open() }
        #expect(try Data(contentsOf: URL(filePath: path(bench, "tenbin.db-wal"))) == Data([1]))
    }

    @Test(arguments: [true, false]) func aNewDatabaseIsNotTheFolders(hasIdentity: Bool) throws {
        let (bench, other) = (try makeFolder(), Bench())
        try other.open().close()
        if !hasIdentity { try remove(bench, "identity") }
        try remove(bench, "tenbin.db")
        try FileManager.default.copyItem(atPath: path(other, "tenbin.db"), toPath: path(bench, "tenbin.db"))
        try expectRefused(bench) {
            switch $0 {
            case .otherDatabase: hasIdentity
            case .unknownFiles: !hasIdentity
            default: false
            }
        }
    }

    @Test func anOlderDatabaseOfTheSameFolderIsRefused() throws {
        let bench = try makeFolder()
        let old = try Data(contentsOf: URL(filePath: path(bench, "tenbin.db")))
        let store = try bench.open()
        _ = try store.makeDataset(content: "a,b\n3,4\n")
        store.close()
        try old.write(to: URL(filePath: path(bench, "tenbin.db")))
        try expectRefused(bench) { $0 == .olderDatabase(file: 4, database: 2) }
        // Whoever knows better says so, and loses nothing either.
        try remove(bench, "identity")
        let reopened = try bench.open()
        #expect(try reopened.files.names(in: .datasets).count == 1)
        let aside = try FileManager.default.subpathsOfDirectory(atPath: path(bench, "unclaimed"))
        #expect(aside.contains { $0.contains("/datasets/ds_") })
    }

    @Test func aDatabaseFromBeforeThereWereIdentitiesIsOlder() throws {
        let bench = try makeFolder()
        try remove(bench, "tenbin.db")
        try makeDatabase(at: path(bench, "tenbin.db"), with: Array(migrations.prefix(6)))
        try expectRefused(bench) { $0 == .olderDatabase(file: 2, database: nil) }
    }

    @Test func aFolderOfAnOlderProgramIsTakenOver() throws {
        let bench = Bench()
        let folder = bench.folder.path
        try FileManager.default.createDirectory(atPath: folder + "/datasets", withIntermediateDirectories: true)
        try makeDatabase(at: folder + "/tenbin.db", with: Array(migrations.prefix(6)))
        let id = "ds_00000000-0000-7000-8000-000000000000"
        let database = try DatabaseQueue(path: folder + "/tenbin.db")
        try database.write {
            try $0.execute(
                sql: """
                    INSERT INTO datasets (id, owner, name, format, bytes, sha256, rows, columns, created_at)
                    VALUES (?, 'local', 't', 'csv', 1, '', 1, '[]', 0)
                    """, arguments: [id])
        }
        try database.close()
        try Data([1]).write(to: URL(filePath: folder + "/datasets/" + id))
        let store = try bench.open()
        #expect(try store.files.names(in: .datasets) == [id])
        #expect(try FolderIdentity.file(in: folder)?.identity == store.identity)
    }

    @Test func aCrashBetweenDatabaseAndFileIsNoReasonToRefuse() throws {
        let bench = try makeFolder()
        let before = try Data(contentsOf: URL(filePath: path(bench, "identity")))
        var store: Store? = try bench.open()
        #expect(store != nil)
        store = nil
        try before.write(to: URL(filePath: path(bench, "identity")))
        let again = try bench.open()
        #expect(try again.files.names(in: .models).count == 1 && again.files.names(in: .datasets).count == 1)
    }

    /// A process that dies while it makes its database leaves a page and a journal that says that there was none.
    @Test func aDatabaseWhoseMakingWasCutOffIsMadeAnew() throws {
        let bench = Bench()
        try FileManager.default.createDirectory(
            atPath: bench.folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let database = try DatabaseQueue(path: path(bench, "making.db"), configuration: configuration)
        try database.writeWithoutTransaction { database in
            // So little room in memory that pages go to the file before the commit.
            try database.execute(sql: "PRAGMA cache_size = 1; BEGIN IMMEDIATE; CREATE TABLE t (x)")
            for _ in 0..<50 { try database.execute(sql: "INSERT INTO t VALUES (zeroblob(4000))") }
        }
        for end in ["", "-journal"] {
            try FileManager.default.copyItem(
                atPath: path(bench, "making.db" + end), toPath: path(bench, "tenbin.db" + end))
        }
        try database.writeWithoutTransaction { try $0.rollback() }
        #expect(try FileManager.default.attributesOfItem(atPath: path(bench, "tenbin.db"))[.size] as? Int ?? 0 > 0)
        let store = try bench.open()
        #expect(try store.submit(try store.makeDataset()).state == .queued)
    }

    @Test func everyStartAndEveryStopInOrderIsCounted() throws {
        let bench = Bench()
        func generation() throws -> Int? { try FolderIdentity.file(in: bench.folder.path)?.generation }
        var store: Store? = try bench.open()
        #expect(try generation() == 1)
        store?.close()
        #expect(try generation() == 2)
        store = try bench.open()
        #expect(try generation() == 3)
        store = nil
        _ = try bench.open()
        #expect(try generation() == 4, "a process that dies stops in no order")
    }

    @Test func anIdentityThatCannotBeReadIsNotGuessed() throws {
        let bench = try makeFolder()
        for text in ["", "{", "{\"identity\":\"x\",\"generation\":1}", String(repeating: "9", count: 10_000)] {
            try Data(text.utf8).write(to: URL(filePath: path(bench, "identity")))
            try expectRefused(bench, "\(text.prefix(20))") { $0 == .damagedIdentity }
        }
        try remove(bench, "identity")
        _ = try bench.open()
    }

    @Test func aRefusalSaysWhatToDo() {
        let refusals: [FolderRefusal] = [
            .noDatabase(found: "models/m"), .unknownFiles(found: "models/m"), .otherDatabase(file: "a", database: "b"),
            .olderDatabase(file: 2, database: 1), .olderDatabase(file: 2, database: nil), .damagedIdentity,
            .openToOthers(mode: 0o755, wanted: 0o700),
        ]
        for refusal in refusals {
            let text = StoreError.refusedFolder(directory: "/data", refusal).description
            let remedies = ["tenbin restore", "remove /data/identity", "chmod 700 /data"]
            let hasRemedy = remedies.contains { text.contains($0) }
            #expect(text.contains("/data") && hasRemedy, "\(text)")
        }
    }

    private func makeDatabase(at path: String, with migrations: [Migration]) throws {
        let connection = try Connection.writer(path: path, walBytesMax: 1 << 20)
        try Schema.migrate(connection, with: migrations)
        try connection.close()
    }
}
