import GRDB
import Jobs
import Migrations
import Testing

@testable import JobStore

/// Migrating a folder without starting a server.
struct SchemaMigrationTests {
    @Test func anOldFolderIsBroughtToThisSchemaOnce() throws {
        let bench = Bench()
        try makeFolder(of: bench, with: Array(migrations.prefix(1)))
        let missing = migrations.dropFirst().map(\.name)

        let looked = try SchemaMigration(of: bench.folder.path, dryRun: true)
        #expect(looked.found == 1 && looked.missing == missing)
        let applied = try SchemaMigration(of: bench.folder.path, dryRun: false)
        #expect(applied.found == 1 && applied.missing == missing)
        let again = try SchemaMigration(of: bench.folder.path, dryRun: false)
        #expect(again.found == SchemaMigration.version && again.missing == [])

        let store = try bench.open()
        #expect(try store.submit(try store.makeDataset()).state == .queued)
    }

    @Test func aRunningServersFolderIsLeftAlone() throws {
        let bench = Bench()
        let store = try bench.open()
        #expect(throws: StoreError.locked(directory: bench.folder.path)) {
            try SchemaMigration(of: bench.folder.path, dryRun: true)
        }
        withExtendedLifetime(store) {}
    }

    @Test func aFolderWithoutADatabaseIsNotFilled() throws {
        let folder = TemporaryFolder()
        #expect(throws: StoreError.notFound) { try SchemaMigration(of: folder.path, dryRun: false) }
        #expect(throws: StoreError.notFound) { try SchemaMigration(of: folder.path + "/missing", dryRun: false) }
    }

    private func makeFolder(of bench: Bench, with migrations: [Migration]) throws {
        let directory = try DataDirectory(path: bench.folder.path)
        let connection = try Connection.writer(path: directory.database, walBytesMax: 1 << 20)
        try Schema.migrate(connection, with: migrations)
        try connection.close()
        directory.release()
    }
}
