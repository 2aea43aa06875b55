import Foundation
import JobStore
import Jobs
import Locks
import Logging
import MetricsTestKit
import Testing

/// A data folder that is removed at the end, with stores that are opened on it one after the other.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "tenbin-\(UUID().uuidString)").path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// A clock that stands still until it is moved.
final class ManualClock: Sendable {
    private let milliseconds = Lock<Int64>(1_700_000_000_000)

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    func advance(seconds: Int64) {
        milliseconds.withLock { $0 += seconds * 1_000 }
    }
}

/// A store on a folder of its own, and short ways to fill it.
struct Bench {
    let folder = TemporaryFolder()
    let clock = ManualClock()
    var limits = StoreLimits()
    let metrics = TestMetrics()

    var silentLogger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    func open() throws -> Store {
        let (clock, folder) = (self.clock, self.folder)
        // The store keeps the clock, and with it the folder stays as long as the store.
        return try Store(
            StoreConfiguration(
                dataDirectory: folder.path, limits: limits,
                clock: { withExtendedLifetime(folder) { clock.now } }, logger: silentLogger, metrics: metrics))
    }

    static let schema = DatasetSchema(
        format: .csv, rows: 2, columns: [ColumnProfile(name: "x", type: .number, missing: 0, distinct: 2)])
}

extension Store {
    func makeDataset(owner: String = "local", content: String = "x,y\n1,2\n") throws -> Identifier {
        let file = try files.makeIncoming()
        try Array(content.utf8).withUnsafeBytes { try file.append($0) }
        let digest = try file.finish()
        let id = makeIdentifier(.dataset)
        let new = NewDataset(
            id: id, owner: owner, name: "table", bytes: content.utf8.count, sha256: digest, schema: Bench.schema)
        _ = try insert(new, file: file).commitAndWait()
        return id
    }

    func makeSpec(_ dataset: Identifier, _ members: [JSONValue.Member] = []) throws -> TrainingSpec {
        let task: JSONValue = .object([
            .init("name", .string("y")), .init("target", .string("y")), .init("type", .string("binary")),
        ])
        return try TrainingSpec(
            decoding: .object(
                [.init("dataset", .string(dataset.description)), .init("tasks", .array([task]))] + members), in: nil)
    }

    @discardableResult
    func submit(
        _ dataset: Identifier, owner: String = "local", _ members: [JSONValue.Member] = []
    ) throws -> Job {
        let new = NewJob(id: makeIdentifier(.job), owner: owner, spec: try makeSpec(dataset, members))
        return try #require(try insert(new).commitAndWait().created)
    }

    func claimNext(stoppingOnly: Bool = false, running: Int = 0, isolated: Bool = false) throws -> Claim? {
        let offer = ClaimOffer(
            freeThreads: 8, threadsMax: 8, runningJobs: running, runsIsolatedJob: isolated,
            stoppingOnly: stoppingOnly, environment: ["build": "1"])
        guard case .claimed(let claim, _) = try self.claim(offer).commitAndWait() else { return nil }
        return claim
    }

    func moves(of job: Identifier) throws -> [String] {
        try events(of: job, owner: nil, after: 0, limit: 1_000).filter { $0.kind == .state }
            .map { "\($0.from?.rawValue ?? "") > \($0.to?.rawValue ?? "")" }
    }
}

func makeEpoch(_ number: Int, attempt: Int = 1, loss: Double = 0.5) -> EpochRecord {
    EpochRecord(
        epoch: number, attempt: attempt, learningRate: 0.001, seconds: 0.25, samplesPerSecond: 1_000, trainLoss: loss,
        validationLoss: loss + 0.1,
        tasks: [
            EpochRecord.Task(
                name: "y", weight: 1, weightShare: 1, trainLoss: loss, validationLoss: loss + 0.1,
                metrics: ["accuracy": 0.75, "roc_auc": Double?.none])
        ], strategy: "adaptive")
}

func makeCheckpoint(
    _ kind: Checkpoint.Kind = .epoch, epoch: Int, batch: Int = 0, bytes: [UInt8]? = nil
) -> Checkpoint {
    Checkpoint(
        kind: kind, epoch: epoch, batch: batch, step: epoch * 10 + batch,
        content: [.bytes(bytes ?? [1, 2, UInt8(truncatingIfNeeded: epoch)])])
}

func makeModel(epoch: Int = 1) -> TrainedModel {
    TrainedModel(
        bytes: [9, 9, 9], weightsSHA256: String(repeating: "a", count: 64), epoch: epoch,
        tasks: [TrainedModel.Task(name: "y", type: "binary", classes: ["0", "1"], metrics: ["accuracy": 0.75])])
}
