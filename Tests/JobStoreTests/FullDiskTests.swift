import Foundation
import Glibc
import Jobs
import Testing

@testable import JobStore

/// A file system in memory of a given size, to be filled up. Needs the right to mount.
final class SmallDisk {
    let path: String

    /// Nil when the system does not let us mount.
    init?(bytes: Int) {
        path = NSTemporaryDirectory() + "tenbin-disk-" + UUID().uuidString
        guard mkdir(path, 0o700) == 0 else { return nil }
        guard mount("tenbin-test", path, "tmpfs", 0, "size=\(bytes),mode=700") == 0 else {
            rmdir(path)
            return nil
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }

    /// Takes so much of the disk that only `free` bytes are left.
    func fill(leaving free: Int) throws {
        let descriptor = open(path + "/ballast", O_RDWR | O_CREAT, 0o600)
        defer { close(descriptor) }
        var status = statvfs()
        #expect(descriptor >= 0 && statvfs(path, &status) == 0)
        let available = Int(status.f_bavail) * Int(status.f_bsize)
        #expect(posix_fallocate(descriptor, 0, max(1, available - free)) == 0)
    }

    func clear() {
        unlink(path + "/ballast")
    }

    static let isPermitted = SmallDisk(bytes: 1 << 16) != nil
}

struct FullDiskTests {
    /// Bytes left when the jobs begin: none, within the first commits, within the first files.
    private static let levels =
        ProcessInfo.processInfo.environment["TENBIN_FILL_LEVELS"].flatMap { Int($0) }
        .map { count in (0..<count).map { $0 * 1_500_000 / count } } ?? [0, 60_000, 700_000]

    @Test(
        .enabled(if: SmallDisk.isPermitted, "SKIPPED: mounting a small file system is not permitted here"),
        arguments: levels)
    func aDiskThatFillsUpLosesNothingThatWasAcknowledgedAndGoesOnWhenThereIsRoom(free: Int) throws {
        let disk = try #require(SmallDisk(bytes: 16 << 20))
        let clock = ManualClock()
        let bench = Bench()
        func open() throws -> Store {
            try Store(
                StoreConfiguration(
                    dataDirectory: disk.path + "/data", clock: { clock.now }, logger: bench.silentLogger))
        }
        var acknowledged: [Identifier] = []
        var models: [Identifier] = []
        var refusals = 0
        do {
            let store = try open()
            let dataset = try store.makeDataset()
            try disk.fill(leaving: free)
            /// Does it, or finds out that the disk is full.
            func attempt(_ body: () throws -> Void) throws {
                do { try body() } catch let error as StoreError {
                    #expect(error.isDiskTrouble, "\(error)")
                    refusals += 1
                }
            }
            for _ in 0..<40 {
                try attempt { acknowledged.append(try store.submit(dataset).id) }
                try attempt {
                    guard let lease = try store.claimNext()?.lease else { return }
                    _ = try store.beginEpoch(1, under: lease).commitAndWait()
                    let large = makeCheckpoint(epoch: 1, bytes: [UInt8](repeating: 7, count: 60_000))
                    _ = try store.record(
                        makeEpoch(1), checkpoint: large, keep: 1, runningMilliseconds: 1, under: lease
                    ).commitAndWait()
                    _ = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1)
                        .commitAndWait()
                    models.append(lease.job)
                }
            }
            #expect(refusals > 0 && !store.disk.isWell, "the disk was not full")
            #expect(throws: StoreError.self) { try store.probeDisk() }
            // Reads go on.
            #expect(try store.jobs(JobFilter(owner: nil), PageRequest(size: 500)).items.count == acknowledged.count)
            disk.clear()
            try store.probeDisk()
            #expect(store.disk.isWell)
            acknowledged.append(try store.submit(dataset).id)
            #expect(try store.searchForDamage() == [])
        }
        let store = try open()
        #expect(try store.searchForDamage() == [])
        let found = try store.jobs(JobFilter(owner: nil), PageRequest(size: 500)).items
        #expect(found.map(\.id).reversed() == acknowledged)
        for job in found where models.contains(job.id) {
            #expect(job.state == .succeeded)
            #expect(try store.modelBytes(store.model(#require(job.model), owner: nil)) == makeModel().bytes)
        }
    }
}
