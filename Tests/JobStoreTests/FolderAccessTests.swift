import Foundation
import Glibc
import Jobs
import Testing

@testable import JobStore

/// Who may read what stands in a data folder.
struct FolderAccessTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        #expect(lstat(path, &status) == 0, "\(path)")
        return status.st_mode & 0o777
    }

    /// The modes of everything below a folder, and its own.
    private func modes(_ folder: String) throws -> [String: mode_t] {
        var modes = ["": mode(folder)]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            modes[path] = mode(folder + "/" + path)
        }
        return modes
    }

    private func open(_ bench: Bench, _ access: FolderAccess) throws -> Store {
        let clock = bench.clock
        var configuration = StoreConfiguration(
            dataDirectory: bench.folder.path, clock: { clock.now }, logger: bench.silentLogger)
        configuration.access = access
        return try Store(configuration)
    }

    private func makeFolder(_ path: String, _ mode: Int) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        #expect(chmod(path, mode_t(mode)) == 0)
    }

    @Test func nobodyElseMayReadWhatAServerMakes() throws {
        let bench = Bench()
        let store = try bench.open()
        _ = try store.makeDataset()
        for (path, mode) in try modes(bench.folder.path) { #expect(mode & 0o077 == 0, "\(path)") }
    }

    @Test func aFolderOfOursThatIsOpenIsClosedWithAllThatIsInIt() throws {
        let bench = Bench()
        var store: Store? = try bench.open()
        let dataset = try #require(try store?.makeDataset())
        #expect(store?.directory.tightened == nil)
        store?.close()
        store = nil
        let folder = bench.folder.path
        for name in ["tenbin.db", "datasets/\(dataset)", "lock", "identity"] {
            #expect(chmod("\(folder)/\(name)", 0o644) == 0)
        }
        #expect(chmod(folder, 0o755) == 0 && chmod("\(folder)/datasets", 0o755) == 0)
        store = try bench.open()
        #expect(mode(folder) == 0o700)
        for (path, mode) in try modes(folder) { #expect(mode & 0o077 == 0, "\(path)") }
        #expect(store?.directory.tightened?.mode == 0o755 && store?.directory.tightened?.count == 6)
    }

    @Test(arguments: [0o755, 0o750, 0o701]) func anEmptyFolderThatOthersMayEnterIsRefused(mode: Int) throws {
        let bench = Bench()
        try makeFolder(bench.folder.path, mode)
        #expect(
            throws: StoreError.refusedFolder(
                directory: bench.folder.path, .openToOthers(mode: mode_t(mode), wanted: 0o700))
        ) { try bench.open() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path) == [])
        #expect(chmod(bench.folder.path, 0o700) == 0)
        _ = try bench.open()
    }

    @Test func aFolderOfSomebodyElsesThatOthersMayEnterIsRefused() throws {
        let bench = Bench()
        try makeFolder(bench.folder.path, 0o755)
        try Data([1]).write(to: URL(filePath: bench.folder.path + "/theirs"))
        #expect(throws: StoreError.self) { try bench.open() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path) == ["theirs"])
    }

    @Test func theGroupMayReadWhereItIsAllowedTo() throws {
        let bench = Bench()
        try makeFolder(bench.folder.path, 0o750)
        var store: Store? = try open(bench, .groupReads)
        let dataset = try #require(try store?.makeDataset())
        let folder = bench.folder.path
        #expect(mode(folder) == 0o750 && mode("\(folder)/datasets") == 0o750)
        for name in ["tenbin.db", "tenbin.db-wal", "identity", "datasets/\(dataset)"] {
            #expect(mode("\(folder)/\(name)") == 0o640, "\(name)")
        }
        // With the right to read it one could lock it, and keep the next server from starting.
        #expect(mode("\(folder)/lock") == 0o600)
        store?.close()
        store = nil
        #expect(chmod(folder, 0o755) == 0)
        store = try open(bench, .groupReads)
        #expect(mode(folder) == 0o750)
        store?.close()
        store = nil
        _ = try open(bench, .owner)
        #expect(mode(folder) == 0o700 && mode("\(folder)/datasets/\(dataset)") == 0o600)
    }
}
