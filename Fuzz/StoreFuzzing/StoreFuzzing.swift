import Foundation
import Glibc
import HTTPTypes
import Jobs

@testable import JobStore

/// What the fuzzers of the store do with their bytes. Refusals and answers of 4xx and 5xx are fine; a trap, a hang, a 200 that
/// is no JSON, and a file outside the folder are not.
package enum StoreFuzzing {
    private static let root: String = {
        let path = "/dev/shm/tenbin-fuzz-\(getpid())"
        guard mkdir(path, 0o700) == 0 else { preconditionFailure("cannot make \(path)") }
        atexit { StoreFuzzing.removeRoot() }
        return path
    }()

    private static func removeRoot() {
        try? FileManager.default.removeItem(atPath: root)
    }

    private static let sample: Sample = {
        do {
            return try Sample(in: root + "/sample")
        } catch {
            preconditionFailure("the sample cannot be made: \(error)")
        }
    }()

    /// Bytes of a real database altered: opened and asked for everything; then what changes things.
    package static func exerciseDatabase(_ input: UnsafeBufferPointer<UInt8>) {
        let folder = root + "/altered"
        try? FileManager.default.removeItem(atPath: folder)
        let database = Edits(input[...]).applied(to: sample.database)
        do {
            for name in ["datasets", "models", "checkpoints"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)", withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            }
            guard chmod(folder, 0o700) == 0 else { return }
            for file in sample.files { try write(file.content, to: "\(folder)/\(file.name)") }
            try write(sample.identity, to: folder + "/identity")
            try write(database, to: folder + "/tenbin.db")
        } catch {
            preconditionFailure("\(error)")
        }
        guard let store = try? Store(Sample.configuration(folder)) else { return }
        exercise(store)
        store.close()
        expectInside(folder, ["tenbin.db", "identity", "lock", "unclaimed", "control.sock"])
    }

    /// Archives altered: as a whole, or in their database with a manifest that fits.
    package static func exerciseBackup(_ input: UnsafeBufferPointer<UInt8>) {
        guard let mode = input.first else { return }
        let edits = Edits(input.dropFirst())
        let archive =
            switch mode % 3 {
            case 0: Array(input.dropFirst())
            case 1: edits.applied(to: sample.archive)
            default: crafted(edits.applied(to: sample.database))
            }
        let (path, target) = (root + "/archive.tar", root + "/restored")
        try? FileManager.default.removeItem(atPath: target)
        do { try write(archive, to: path) } catch { preconditionFailure("\(error)") }
        guard (try? BackupRestoration.restore(path, to: target)) != nil else {
            expectInside(root, ["archive.tar", "sample", "altered"])
            return
        }
        guard let store = try? Store(Sample.configuration(target)) else { return }
        exercise(store)
        store.close()
        expectInside(root, ["archive.tar", "sample", "altered", "restored"])
    }

    private static func exercise(_ store: Store) {
        let asking = Asking(store)
        for path in sample.paths { asking.get(path) }
        let offer = ClaimOffer(
            freeThreads: 8, threadsMax: 8, runningJobs: 0, runsIsolatedJob: false, stoppingOnly: false,
            environment: ["build": "2"])
        if case .claimed(let claim, _)? = try? store.claim(offer).commitAndWait() {
            _ = try? store.loadCheckpoint(claim.lease)
        }
        _ = try? store.searchForDamage()
        let job = sample.paths.first { $0.hasPrefix("/v1/jobs/") } ?? ""
        asking.send(.post, "/v1/jobs", sample.spec, key: "k")
        asking.send(.patch, job, #"{"priority":3,"labels":{"c":"d"}}"#)
        asking.send(.post, job + "/cancel?force=true")
        for path in sample.paths.reversed() where path.split(separator: "/").count == 3 { asking.send(.delete, path) }
        var retention = Retention(checkpointSeconds: 0, jobSeconds: 0)
        retention.unclaimedSeconds = 0
        _ = try? store.collect(retention).commitAndWait()
        if let backup = try? store.beginBackup() {
            while let piece = try? backup.next(bytesMax: 1 << 16), !piece.isEmpty {}
        }
    }

    /// A backup with that database and a manifest that describes it.
    private static func crafted(_ database: [UInt8]) -> [UInt8] {
        let manifest = BackupManifest(
            schemaVersion: Schema.version, createdAt: Sample.clock(), databaseBytes: database.count,
            databaseSHA256: FileStore.digest(of: database))
        let members = [(BackupManifest.name, manifest.encoded), (Backup.databaseName, database)] + sample.files
        var bytes: [UInt8] = []
        for (name, content) in members {
            bytes += TarHeader(name: name, size: content.count).block + content
            bytes += [UInt8](repeating: 0, count: TarHeader.padding(after: content.count))
        }
        return bytes + [UInt8](repeating: 0, count: 2 * TarHeader.blockBytes)
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }

    private static func expectInside(_ folder: String, _ names: [String]) {
        let known = Set(names + FileStore.Folder.allCases.map(\.rawValue))
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let others = found.filter { !known.contains($0) && !$0.hasPrefix("tenbin.db-") }
        precondition(others.isEmpty, "\(others) in \(folder)")
    }
}
