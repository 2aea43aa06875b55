import Foundation
import Jobs
import Testing

@testable import JobStore

/// The data folder as a power cut could leave it: the write-ahead log ends, or is wrong, at any byte.
///
/// `TENBIN_CUTS` asks for more than the everyday run.
struct PowerCutTests {
    private static let cuts = ProcessInfo.processInfo.environment["TENBIN_CUTS"].flatMap { Int($0) } ?? 10

    /// A folder whose log has never been copied into the database, taken while the store is open.
    /// Its log up to `start` is what the store has written to open.
    private func makeFolder(_ bench: Bench) throws -> (store: Store, jobs: [Identifier], start: Int) {
        let store = try bench.open()
        let start = try Data(contentsOf: URL(filePath: store.directory.database + "-wal")).count
        let dataset = try store.makeDataset()
        var jobs: [Identifier] = []
        for index in 0..<12 {
            jobs.append(try store.submit(dataset).id)
            let lease = try #require(try store.claimNext()).lease
            _ = try store.beginEpoch(1, under: lease).commitAndWait()
            for epoch in 1...3 {
                _ = try store.record(
                    makeEpoch(epoch), checkpoint: makeCheckpoint(epoch: epoch), keep: 2, runningMilliseconds: 1,
                    under: lease
                ).commitAndWait()
            }
            guard index.isMultiple(of: 2) else { continue }
            _ = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        }
        // To ask for names waits for superseded files to be gone, which would come between copying otherwise.
        _ = try store.files.names(in: .checkpoints)
        return (store, jobs, start)
    }

    enum Damage: CaseIterable {
        case truncated, altered
    }

    @Test(arguments: Damage.allCases)
    func whateverIsLeftOfTheLogTheStoreIsWholeUpToThere(damage: Damage) throws {
        let bench = Bench()
        let (store, jobs, start) = try makeFolder(bench)
        let log = try Data(contentsOf: URL(filePath: store.directory.database + "-wal"))
        var generator = SystemRandomNumberGenerator()
        var lost = 0
        for _ in 0..<Self.cuts {
            // Before that the folder has no identity that a database could be behind: see the test below.
            let offset = Int.random(in: start..<log.count, using: &generator)
            let copy = TemporaryFolder()
            try FileManager.default.copyItem(atPath: bench.folder.path, toPath: copy.path)
            try FileManager.default.removeItem(atPath: copy.path + "/tenbin.db-shm")
            var left = log
            switch damage {
            case .truncated: left = log.prefix(offset)
            case .altered: left[offset] ^= 0xFF
            }
            try left.write(to: URL(filePath: copy.path + "/tenbin.db-wal"))
            lost += try jobs.count - expectWhole(copy.path, of: jobs, like: bench, "\(damage) at \(offset)")
        }
        #expect(Self.cuts < 5 || lost > 0, "the log was not damaged")
        withExtendedLifetime(store) {}
    }

    /// What the store was opened with was on disk before anything else was: a log that ends before that is no power cut, but
    /// another database, and it must not decide what in the folder is litter.
    @Test func aLogThatHasLostTheStartIsRefused() throws {
        let bench = Bench()
        let (store, _, start) = try makeFolder(bench)
        let log = try Data(contentsOf: URL(filePath: store.directory.database + "-wal"))
        for offset in [0, start / 2, start - 1] {
            let copy = TemporaryFolder()
            try FileManager.default.copyItem(atPath: bench.folder.path, toPath: copy.path)
            try FileManager.default.removeItem(atPath: copy.path + "/tenbin.db-shm")
            try log.prefix(offset).write(to: URL(filePath: copy.path + "/tenbin.db-wal"))
            let clock = bench.clock
            #expect("\(offset)") {
                try Store(
                    StoreConfiguration(dataDirectory: copy.path, clock: { clock.now }, logger: bench.silentLogger))
            } throws: { error in
                if case .refusedFolder? = error as? StoreError { true } else { false }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: copy.path + "/models").count == 6)
        }
        withExtendedLifetime(store) {}
    }

    /// Returns how many jobs are there: the first ones submitted, without a gap.
    private func expectWhole(
        _ path: String, of jobs: [Identifier], like bench: Bench, _ comment: Comment
    ) throws -> Int {
        let clock = bench.clock
        let store = try Store(
            StoreConfiguration(dataDirectory: path, clock: { clock.now }, logger: bench.silentLogger))
        #expect(try store.searchForDamage() == [], comment)
        let found = try store.jobs(JobFilter(owner: nil), PageRequest(size: 500)).items
        #expect(found.map(\.id).reversed() == Array(jobs.prefix(found.count)), comment)
        for job in found {
            let epochs = try store.epochs(of: job.id, owner: nil, since: 0, limit: 100).map(\.epoch)
            #expect(epochs == Array(1..<(epochs.count + 1)), comment)
            #expect(job.state == .succeeded || job.state == .queued, comment)
            if let model = job.model { _ = try store.modelBytes(store.model(model, owner: nil)) }
        }
        // Whatever was interrupted can be taken up, from a checkpoint whose file is still there or from the beginning.
        while let lease = try store.claimNext()?.lease {
            if let (bytes, record) = try store.loadCheckpoint(lease) {
                #expect(bytes.dropLast(32).last == UInt8(record.epoch))
            }
        }
        return found.count
    }
}
