import Foundation
import GRDB
import Jobs
import Migrations
import Testing

@testable import JobStore

struct OpeningTests {
    @Test func thePragmasInForceAreTheOnesThatDurabilityNeeds() throws {
        let store = try Bench().open()
        let expected = [
            "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0",
            "busy_timeout": "5000", "wal_autocheckpoint": "0", "journal_size_limit": "4194304", "auto_vacuum": "2",
        ]
        try store.writer.exclusively { database in
            for (pragma, value) in expected {
                let found = try String.fetchOne(database, sql: "PRAGMA \(pragma)")
                #expect(found == value, "\(pragma)")
            }
        }
        try store.read { database in
            let trusted = try String.fetchOne(database, sql: "PRAGMA trusted_schema")
            #expect(trusted == "0")
            #expect(throws: DatabaseError.self) { try database.execute(sql: "DELETE FROM jobs") }
        }
    }

    @Test func everyTableIsStrict() throws {
        let store = try Bench().open()
        let loose = try store.read { database in
            try String.fetchAll(
                database,
                sql:
                    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'"
            )
        }
        #expect(loose == [])
    }

    @Test func theEmbeddedMigrationsAreTheFilesOfTheFolder() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Migrations")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".sql") }.sorted()
        #expect(files == migrations.map { $0.name + ".sql" })
        #expect(migrations.map(\.number) == Array(1...files.count))
        for migration in migrations {
            #expect(migration.name.hasPrefix(String(format: "%04d_", migration.number)))
            #expect(
                try String(contentsOf: folder.appending(path: migration.name + ".sql"), encoding: .utf8)
                    == migration.sql)
        }
    }

    @Test func twoServersCannotShareADataFolder() throws {
        let bench = Bench()
        let store = try bench.open()
        #expect(throws: StoreError.locked(directory: bench.folder.path)) { try bench.open() }
        withExtendedLifetime(store) {}
    }

    @Test func aNewerSchemaIsRefusedAndLeftAlone() throws {
        let bench = Bench()
        var store: Store? = try bench.open()
        try store?.writer.exclusively { try $0.execute(sql: "PRAGMA user_version = 99") }
        store?.close()
        store = nil
        #expect(throws: StoreError.schemaTooNew(found: 99, known: migrations.count)) { try bench.open() }
    }

    @Test func aDatabaseOfAnotherProgramIsRefused() throws {
        let bench = Bench()
        try FileManager.default.createDirectory(atPath: bench.folder.path, withIntermediateDirectories: true)
        let other = try DatabaseQueue(path: bench.folder.path + "/tenbin.db")
        try other.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
        try other.close()
        #expect(throws: StoreError.foreignDatabase) { try bench.open() }
    }

    @Test func eachStartIsANewProcessEpochAndKnowsHowTheLastOneEnded() throws {
        let bench = Bench()
        var store: Store? = try bench.open()
        #expect(store?.processEpoch == 1 && store?.followsCrash == false)
        store?.close()
        store = nil
        store = try bench.open()
        #expect(store?.processEpoch == 2 && store?.followsCrash == false)
        store = nil
        store = try bench.open()
        #expect(store?.processEpoch == 3 && store?.followsCrash == true)
    }

    @Test func aClosedStoreRefusesWrites() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        store.close()
        #expect(throws: StoreError.closed) { try store.submit(dataset) }
    }

    @Test func aFolderKeepsItsIdentityAndAnotherFolderHasAnother() throws {
        let bench = Bench()
        var store: Store? = try bench.open()
        let identity = try #require(store?.identity)
        #expect(identity.wholeMatch(of: /[0-9a-f]{32}/) != nil)
        store?.close()
        store = nil
        #expect(try bench.open().identity == identity)
        #expect(try Bench().open().identity != identity)
    }
}
