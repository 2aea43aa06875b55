import Foundation
import GRDB
import Jobs
import Migrations
import Testing

@testable import JobStore

/// Backups that no server has made: the manifest is right, and what it describes is not.
struct CraftedBackupTests {
    /// A backup of a store with a job that has a checkpoint and a model.
    private func makeArchive(_ bench: Bench) throws -> [UInt8] {
        let store = try bench.open()
        _ = try store.submit(try store.makeDataset())
        let lease = try #require(try store.claimNext()).lease
        _ = try store.record(
            makeEpoch(1), checkpoint: makeCheckpoint(epoch: 1), keep: 2, runningMilliseconds: 1, under: lease
        ).commitAndWait()
        _ = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        let backup = try store.beginBackup()
        var bytes: [UInt8] = []
        while true {
            let next = try backup.next(bytesMax: 1 << 20)
            if next.isEmpty { return bytes }
            bytes += next
        }
    }

    private struct Member {
        var name: String
        var content: [UInt8]
    }

    private func members(of archive: [UInt8]) throws -> [Member] {
        var members: [Member] = []
        var rest = archive[...]
        while let header = TarHeader(Array(rest.prefix(512))) {
            rest = rest.dropFirst(512)
            members.append(Member(name: header.name, content: Array(rest.prefix(header.size))))
            rest = rest.dropFirst(header.size + TarHeader.padding(after: header.size))
        }
        return members
    }

    /// The archive with another database, and a manifest that tells of that one.
    private func craft(
        _ archive: [UInt8], in folder: TemporaryFolder, dropping dropped: String? = nil,
        _ change: (Database) throws -> Void
    ) throws -> String {
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        var members = try members(of: archive)
        let path = folder.path + "/crafted.db"
        try Data(members[1].content).write(to: URL(filePath: path))
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.writeWithoutTransaction(change)
        let version = try database.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
        try database.close()
        members[1].content = Array(try Data(contentsOf: URL(filePath: path)))
        let kept = members.dropFirst(2).filter { member in dropped.map { !member.name.hasPrefix($0) } ?? true }
        return try write(members[1].content, schema: version ?? 0, Array(kept), in: folder)
    }

    /// An archive of that database and those files, with a manifest that tells of it.
    private func write(
        _ database: [UInt8], schema: Int, _ files: [Member], in folder: TemporaryFolder
    ) throws -> String {
        let manifest = BackupManifest(
            schemaVersion: schema, createdAt: Timestamp(milliseconds: 0), databaseBytes: database.count,
            databaseSHA256: FileStore.digest(of: database))
        let members = [
            Member(name: BackupManifest.name, content: manifest.encoded),
            Member(name: Backup.databaseName, content: database),
        ]
        var bytes: [UInt8] = []
        for member in members + files {
            bytes += TarHeader(name: member.name, size: member.content.count).block + member.content
            bytes += [UInt8](repeating: 0, count: TarHeader.padding(after: member.content.count))
        }
        let target = folder.path + "/crafted.tar"
        try Data(bytes + [UInt8](repeating: 0, count: 1_024)).write(to: URL(filePath: target))
        return target
    }

    /// Each with a word that the refusal holds.
    static let attacks: [(sql: String, word: String)] = [
        ("UPDATE checkpoints SET file = '../../../../etc/passwd'", "../../../../etc/passwd"),
        ("UPDATE checkpoints SET file = '..'", ".."),
        ("UPDATE checkpoints SET file = ''", "names the file"),
        ("UPDATE models SET id = '../tenbin'", "../tenbin"),
        ("UPDATE datasets SET id = '/etc/passwd'", "/etc/passwd"),
        ("CREATE TRIGGER t AFTER UPDATE ON server BEGIN DELETE FROM models; END", "trigger t"),
        ("CREATE VIEW v AS SELECT 1", "view v"),
        ("CREATE TABLE extra (x)", "extra"),
        ("DROP TABLE models; CREATE VIEW models AS SELECT 1", "models"),
        ("CREATE VIRTUAL TABLE v USING fts5(x)", "v"),
        ("ALTER TABLE server ADD COLUMN more TEXT", "more"),
        ("CREATE INDEX i ON server (probe)", "index i"),
        ("DROP INDEX jobs_by_state", "missing index jobs_by_state"),
        ("UPDATE checkpoints SET job = 99", "refers to nothing"),
        ("PRAGMA user_version = 0", "schema_version"),
        ("PRAGMA user_version = 1", "schema"),
        ("PRAGMA application_id = 7", "describes"),
        ("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'models'", "damaged"),
    ]

    @Test(arguments: attacks) func whatNoServerMakesIsNotRestored(sql: String, word: String) throws {
        let (bench, folder) = (Bench(), TemporaryFolder())
        let archive = try makeArchive(bench)
        // As whoever does this would leave out what the database does not name any more.
        for dropped in [nil, "checkpoints/", "models/", "datasets/"] {
            let crafted = try craft(archive, in: folder, dropping: dropped) { try $0.execute(sql: sql) }
            #expect("\(sql)") {
                try BackupRestoration.restore(crafted, to: folder.path + "/restored")
            } throws: { error in
                guard case .invalidBackup(let detail)? = error as? StoreError else { return false }
                return detail.contains(word)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(left == ["crafted.db", "crafted.tar"])
        }
    }

    @Test func aRestoredFolderIsAnotherOne() throws {
        let (bench, folder) = (Bench(), TemporaryFolder())
        let archive = try makeArchive(bench)
        let crafted = try craft(archive, in: folder) { _ in }
        var identities = [try bench.open().identity]
        for name in ["one", "two"] {
            let target = folder.path + "/" + name
            _ = try BackupRestoration.restore(crafted, to: target)
            let clock = bench.clock
            let store = try Store(
                StoreConfiguration(dataDirectory: target, clock: { clock.now }, logger: bench.silentLogger))
            identities.append(store.identity)
            #expect(try store.files.names(in: .models).count == 1)
        }
        #expect(Set(identities).count == 3)
    }

    @Test func aBackupOfAnOlderProgramIsRestored() throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        for version in 1..<migrations.count {
            let path = "\(folder.path)/\(version).db"
            let connection = try Connection.writer(path: path, walBytesMax: 1 << 20)
            try Schema.migrate(connection, with: Array(migrations.prefix(version)))
            try connection.close()
            let database = Array(try Data(contentsOf: URL(filePath: path)))
            let archive = try write(database, schema: version, [], in: folder)
            let target = "\(folder.path)/restored-\(version)"
            #expect(try BackupRestoration.restore(archive, to: target).jobs == 0)
            let bench = Bench()
            let store = try Store(
                StoreConfiguration(dataDirectory: target, clock: { bench.clock.now }, logger: bench.silentLogger))
            #expect(try store.submit(try store.makeDataset()).state == .queued, "\(version)")
        }
    }

    /// A folder that was restored by a program that did not look may hold such a row.
    @Test func aRowThatLeadsOutOfTheFolderIsNeitherReadNorRemoved() throws {
        let bench = Bench()
        let store = try bench.open()
        let job = try store.submit(try store.makeDataset()).id
        let lease = try #require(try store.claimNext()).lease
        _ = try store.record(
            makeEpoch(1), checkpoint: makeCheckpoint(epoch: 1), keep: 2, runningMilliseconds: 1, under: lease
        ).commitAndWait()
        _ = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        let precious = bench.folder.path + "/precious"
        try Data([1]).write(to: URL(filePath: precious))
        try store.writer.exclusively { try $0.execute(sql: "UPDATE checkpoints SET file = '../precious'") }
        func expectCorrupt(_ body: () throws -> Void) {
            #expect {
                try body()
            } throws: { error in
                if case .corrupt? = error as? StoreError { true } else { false }
            }
        }
        expectCorrupt { _ = try store.checkpoint(of: job, owner: nil, epoch: 1) }
        expectCorrupt { _ = try store.checkpoints(of: job, owner: nil) }
        expectCorrupt { try store.deleteJob(job, owner: nil).commitAndWait() }
        expectCorrupt { _ = try store.beginBackup() }
        bench.clock.advance(seconds: 100)
        expectCorrupt { _ = try store.collect(Retention(checkpointSeconds: 1, jobSeconds: 1)).commitAndWait() }
        #expect(FileManager.default.fileExists(atPath: precious))
    }

    /// Texts of JSON that go into answers as they are, and numbers that could not be counted on.
    @Test(arguments: [
        "UPDATE jobs SET spec = '{\"a\":'", "UPDATE jobs SET spec = ''", "UPDATE attempts SET environment = 'x'",
        "UPDATE jobs SET crashes = 9223372036854775807", "UPDATE jobs SET epochs_done = -9223372036854775808",
        "UPDATE job_events SET detail = '{,}'", "UPDATE job_events SET detail = '1 2' WHERE detail IS NOT NULL",
    ])
    func whatNoServerHasWrittenIsDamage(sql: String) throws {
        let bench = Bench()
        let store = try bench.open()
        let job = try store.submit(try store.makeDataset()).id
        let lease = try #require(try store.claimNext()).lease
        _ = try store.record(
            makeEpoch(1), checkpoint: makeCheckpoint(epoch: 1), keep: 2, runningMilliseconds: 1, under: lease
        ).commitAndWait()
        #expect(try store.events(of: job, owner: nil, after: 0, limit: 10).count > 1)
        try store.writer.exclusively { try $0.execute(sql: sql) }
        #expect {
            _ = try store.job(job, owner: nil)
            _ = try store.reproduction(of: job, owner: nil)
            _ = try store.events(of: job, owner: nil, after: 0, limit: 10)
        } throws: { error in
            if case .corrupt? = error as? StoreError { true } else { false }
        }
    }

    @Test(arguments: ["a", "ds_0-Z", String(repeating: "x", count: 255)]) func whatIsAFileName(text: String) {
        #expect(FileName(text)?.description == text)
    }

    @Test(arguments: ["", ".", "..", "a/b", "a\\b", "a.b", "a b", "ä", "a\0", String(repeating: "x", count: 256)])
    func whatIsNone(text: String) {
        #expect(FileName(text) == nil)
    }
}
