import Foundation
import JobStore
import Jobs
import Locks
import Testing

struct ReportTests {
    private func makeRunningJob() throws -> (store: Store, id: Identifier, lease: Lease) {
        let store = try Bench().open()
        let id = try store.submit(try store.makeDataset()).id
        let lease = try #require(try store.claimNext()).lease
        _ = try store.beginEpoch(1, under: lease).commitAndWait()
        return (store, id, lease)
    }

    private func record(
        _ epoch: EpochRecord, _ checkpoint: Checkpoint? = nil, keep: Int = 2, in store: Store, _ lease: Lease
    ) throws -> EpochReceipt {
        try store.record(epoch, checkpoint: checkpoint, keep: keep, runningMilliseconds: 1, under: lease)
            .commitAndWait()
    }

    @Test func anEpochIsReadBackAsItWasReported() throws {
        let (store, id, lease) = try makeRunningJob()
        var epoch = makeEpoch(1)
        epoch.gradientCosine = [[1, nil], [0.25, 1]]
        epoch.gradientNorm = 0.125
        epoch.backwardPasses = 7
        epoch.solverFallbacks = 2
        epoch.tasks[0].gradientNorm = 3
        #expect(try record(epoch, in: store, lease) == .recorded)
        #expect(try store.epochs(of: id, owner: "local", since: 0, limit: 10) == [epoch])
        #expect(try store.epochs(of: id, owner: "local", since: 1, limit: 10) == [])
        #expect(try store.epochs(of: id, owner: "local", since: Int.max, limit: 10) == [])
        #expect(
            try store.taskWeights(of: id, owner: "local") == TaskWeights(tasks: ["y"], epochs: [1], weights: [[1]]))
    }

    @Test func progressIsToldOnceASecondAlsoAfterTheClockWasPutBack() throws {
        let bench = Bench()
        let store = try bench.open()
        let id = try store.submit(try store.makeDataset()).id
        let lease = try #require(try store.claimNext()).lease
        let told = Lock(0)
        let subscription = store.changes.subscribe { if $0 == .progress(id) { told.withLock { $0 += 1 } } }
        for (advance, expected) in [(0, 1), (0, 1), (1, 2), (-86_400, 3), (1, 4)] as [(Int64, Int)] {
            bench.clock.advance(seconds: advance)
            store.report(
                TrainingProgress(epoch: 1, epochs: 2, batch: 1, batches: 9, samplesPerSecond: 1), under: lease)
            #expect(told.withLock { $0 } == expected)
        }
        withExtendedLifetime(subscription) {}
    }

    @Test func anEpochIsRecordedOnceAndADifferentRepetitionIsTold() throws {
        let (store, id, lease) = try makeRunningJob()
        #expect(try record(makeEpoch(1), in: store, lease) == .recorded)
        #expect(try record(makeEpoch(1, attempt: 2), in: store, lease) == .repeated(matches: true))
        #expect(try record(makeEpoch(1, attempt: 2, loss: 0.5.nextUp), in: store, lease) == .repeated(matches: false))
        #expect(try store.epochs(of: id, owner: nil, since: 0, limit: 10) == [makeEpoch(1)])
        let kinds = try store.events(of: id, owner: nil, after: 0, limit: 100).map(\.kind)
        #expect(kinds.filter { $0 == .epoch }.count == 1 && kinds.filter { $0 == .resumeMismatch }.count == 1)
    }

    @Test func losesThatAreNoNumbersComeBackAsNone() throws {
        let (store, id, lease) = try makeRunningJob()
        var epoch = makeEpoch(1)
        epoch.trainLoss = .nan
        #expect(try record(epoch, in: store, lease) == .recorded)
        #expect(try record(epoch, in: store, lease) == .repeated(matches: true))
        #expect(try store.epochs(of: id, owner: nil, since: 0, limit: 10).first?.trainLoss == nil)
    }

    @Test func aWorkerOfAnEarlierAttemptIsFencedOut() throws {
        let (store, id, lease) = try makeRunningJob()
        try store.release(lease, runningMilliseconds: 5).commitAndWait()
        #expect(try store.job(id, owner: nil).attempt == 2)
        let reports: [(String, () throws -> Void)] = [
            ("begin", { _ = try store.beginEpoch(1, under: lease).commitAndWait() }),
            ("epoch", { _ = try record(makeEpoch(1), makeCheckpoint(epoch: 1), in: store, lease) }),
            (
                "succeed",
                {
                    _ = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
                }
            ),
            ("release", { try store.release(lease, runningMilliseconds: 1).commitAndWait() }),
            ("log", { try store.log(.info, "x", under: lease).commitAndWait() }),
        ]
        for claimsAgain in [false, true] {
            if claimsAgain { _ = try store.claimNext() }
            for (name, report) in reports {
                #expect(throws: StoreError.fencedOut, "\(name)") { try report() }
            }
        }
        #expect(try store.files.names(in: .checkpoints) == [] && store.files.names(in: .models) == [])
    }

    @Test func onlyTheCheckpointsThatAreWantedStay() throws {
        let (store, id, lease) = try makeRunningJob()
        func save(_ checkpoint: Checkpoint) throws {
            try store.record(checkpoint, keep: 2, runningMilliseconds: 1, under: lease).commitAndWait()
        }
        try save(makeCheckpoint(.interim, epoch: 0, batch: 4))
        for epoch in 1...4 {
            _ = try record(makeEpoch(epoch), makeCheckpoint(epoch: epoch), in: store, lease)
            if epoch == 2 { try save(makeCheckpoint(.best, epoch: 2)) }
            if epoch == 3 { try save(makeCheckpoint(.best, epoch: 3)) }
        }
        try save(makeCheckpoint(.interim, epoch: 4, batch: 1))
        try save(makeCheckpoint(.interim, epoch: 4, batch: 2))
        let records = try store.checkpoints(of: id, owner: nil)
        #expect(
            records.map { "\($0.kind) \($0.epoch).\($0.batch)" } == [
                "epoch 3.0", "best 3.0", "epoch 4.0", "interim 4.2",
            ])
        #expect(try Set(store.files.names(in: .checkpoints)) == Set(records.map(\.file.description)))
        #expect(try store.checkpoint(of: id, owner: nil, epoch: 4).kind == .epoch)
        #expect(throws: StoreError.notFound) { try store.checkpoint(of: id, owner: nil, epoch: 1) }
        #expect(try store.job(id, owner: nil).bestEpoch == 3)
    }

    @Test func theBestEpochIsKnownWhileTheJobRuns() throws {
        let (store, id, lease) = try makeRunningJob()
        for (number, best) in [(1, 1), (2, 1), (3, 3), (2, 2)] {
            var epoch = makeEpoch(number)
            epoch.bestEpoch = best
            _ = try record(epoch, nil, in: store, lease)
        }
        // What was recorded of epoch 2 first stays, and so does what came behind it.
        #expect(try store.job(id, owner: nil).bestEpoch == 3)
    }

    /// Small content is digested at once, large content on another thread.
    @Test(arguments: [0, 3, 200_000])
    func aCheckpointsFileEndsWithTheDigestOfWhatComesBefore(count: Int) throws {
        let (store, id, lease) = try makeRunningJob()
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7) }
        _ = try record(makeEpoch(1), makeCheckpoint(epoch: 1, bytes: content), in: store, lease)
        let kept = try store.checkpoint(of: id, owner: nil, epoch: 1)
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: store.files.path(.checkpoints, kept.file))))
        #expect(bytes.dropLast(32) == content[...])
        let seal = bytes.suffix(32).map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined()
        #expect(seal == FileStore.digest(of: content))
        #expect(kept.bytes == bytes.count && kept.sha256 == FileStore.digest(of: bytes))
    }

    /// Content that goes to disk in one block, in two and in three, from pieces that end nowhere near a block's end.
    @Test(arguments: [8 << 20, 8 << 20 + 1, 16 << 20 + 3])
    func aLongCheckpointIsWrittenWhole(count: Int) throws {
        let (store, id, lease) = try makeRunningJob()
        let floats = (0..<count / 12).map { Float($0) }
        let lent = [UInt8](repeating: 1, count: count - 4 * floats.count - 1)
        var checkpoint = makeCheckpoint(epoch: 1)
        let content = try lent.withUnsafeBytes { buffer in
            checkpoint.content = [.bytes([7]), .floats([]), .lent(buffer), .floats(floats)]
            _ = try record(makeEpoch(1), checkpoint, in: store, lease)
            return [7] + lent + floats.withUnsafeBytes { Array($0) }
        }
        #expect(content.count == count)
        let kept = try store.checkpoint(of: id, owner: nil, epoch: 1)
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: store.files.path(.checkpoints, kept.file))))
        #expect(kept.bytes == count + 32 && bytes.count == kept.bytes)
        #expect(FileStore.digest(of: bytes) == kept.sha256)
        #expect(FileStore.digest(of: Array(bytes.dropLast(32))) == FileStore.digest(of: content))
    }

    @Test(arguments: ["truncated", "altered", "endless", "missing"])
    func aTornCheckpointIsReportedAndTheOneBeforeIsUsed(damage: String) throws {
        let (store, id, lease) = try makeRunningJob()
        for epoch in 1...2 { _ = try record(makeEpoch(epoch), makeCheckpoint(epoch: epoch), in: store, lease) }
        let newest = store.files.path(.checkpoints, try store.checkpoint(of: id, owner: nil, epoch: 2).file)
        switch damage {
        case "truncated": try Data([1, 2]).write(to: URL(filePath: newest))
        case "altered":
            var bytes = try Data(contentsOf: URL(filePath: newest))
            bytes[1] ^= 1
            try bytes.write(to: URL(filePath: newest))
        case "endless": #expect(truncate(newest, 1 << 42) == 0)
        default: try FileManager.default.removeItem(atPath: newest)
        }
        let loaded = try #require(try store.loadCheckpoint(lease))
        #expect(loaded.bytes.dropLast(32) == [1, 2, 1] && loaded.record.epoch == 1)
        let event = try #require(
            try store.events(of: id, owner: nil, after: 0, limit: 100).first { $0.kind == .checkpointDiscarded })
        #expect(event.detail?.contains(#""epoch":2"#) == true)
        #expect(!FileManager.default.fileExists(atPath: newest))
        // What is left of it may be all that is left.
        let file = URL(filePath: newest)
        let unclaimed = file.deletingLastPathComponent().deletingLastPathComponent().appending(path: "unclaimed")
        let aside = (try? FileManager.default.subpathsOfDirectory(atPath: unclaimed.path)) ?? []
        #expect(aside.contains { $0.hasSuffix("/" + file.lastPathComponent) } == (damage != "missing"))
    }

    /// A file that cannot be opened is not one that is gone: the disk may give it again.
    @Test func aCheckpointThatTheDiskDoesNotGiveIsNotDropped() throws {
        let (store, id, lease) = try makeRunningJob()
        for epoch in 1...2 { _ = try record(makeEpoch(epoch), makeCheckpoint(epoch: epoch), in: store, lease) }
        let newest = store.files.path(.checkpoints, try store.checkpoint(of: id, owner: nil, epoch: 2).file)
        try FileManager.default.moveItem(atPath: newest, toPath: newest + ".away")
        try FileManager.default.createSymbolicLink(atPath: newest, withDestinationPath: newest)
        let failure = #expect(throws: StoreError.self) { try store.loadCheckpoint(lease) }
        guard case .unreadable? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        try FileManager.default.removeItem(atPath: newest)
        try FileManager.default.moveItem(atPath: newest + ".away", toPath: newest)
        #expect(try store.loadCheckpoint(lease)?.record.epoch == 2)
        let events = try store.events(of: id, owner: nil, after: 0, limit: 100)
        #expect(!events.isEmpty && events.allSatisfy { $0.kind != .checkpointDiscarded })
    }

    @Test func successAfterAnAcceptedCancelIsACancel() throws {
        let (store, id, lease) = try makeRunningJob()
        _ = try store.command(.cancel, job: id, owner: nil, actor: "local").commitAndWait()
        let state = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        #expect(state == .cancelled)
        #expect(try store.models(owner: nil, PageRequest()).items.isEmpty && store.files.names(in: .models) == [])
    }

    @Test func aChangeOfWeightingTakesEffectBehindTheEpochThatRuns() throws {
        let (store, id, lease) = try makeRunningJob()
        #expect(try store.beginEpoch(1, under: lease).commitAndWait() == nil)
        let patch = JobPatch(weighting: .object([.init("strategy", .string("equal"))]))
        let result = try store.patch(patch, job: id, owner: nil, actor: "local").commitAndWait()
        #expect(result.weightingFromEpoch == 2)
        _ = try record(makeEpoch(1), in: store, lease)
        let change = try store.beginEpoch(2, under: lease).commitAndWait()
        #expect(change?.fromEpoch == 2 && change?.json["weighting"]?["strategy"]?.text == "equal")
        #expect(try store.beginEpoch(3, under: lease).commitAndWait() == nil)
        #expect(try store.weightingSwitches(of: id, owner: nil).count == 1)
        _ = try store.succeed(lease, .completed, model: makeModel(), runningMilliseconds: 1).commitAndWait()
        #expect(throws: StoreError.jobIsOver(state: .succeeded)) {
            try store.patch(patch, job: id, owner: nil, actor: "local").commitAndWait()
        }
    }

    @Test func logsAreKeptInOrderAndUpToALimit() throws {
        var bench = Bench()
        bench.limits.logLinesPerJobMax = 3
        bench.limits.logLineBytesMax = 4
        let store = try bench.open()
        let id = try store.submit(try store.makeDataset()).id
        let lease = try #require(try store.claimNext()).lease
        for line in 1...5 { try store.log(.warning, "line \(line)", under: lease).commitAndWait() }
        let lines = try store.logs(of: id, owner: nil, after: 0, limit: 10)
        #expect(lines.map(\.seq) == [3, 4, 5] && lines.allSatisfy { $0.message == "line" && $0.level == .warning })
        #expect(try store.logs(of: id, owner: nil, after: 4, limit: 10).map(\.seq) == [5])
    }
}
