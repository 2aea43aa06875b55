import Datasets
import Dispatch
import Foundation
import JobStore
import Jobs
import LoadGenerator
import Locks
import Logging
import Trainer
import WorkerPool

/// What recording costs a job with 200,000 rows an epoch: 64 numbers → 256 → 128, three heads, batches of 128, Adam.
struct RecordingCost {
    private static let rows = 200_000
    private static let epochs = 40

    /// Per epoch after the first, in seconds.
    struct Times {
        /// From the last batch of an epoch until epoch and checkpoint are durable, the evaluation included.
        var recording: [Double] = []
        var training: [Double] = []
    }

    let folder: String

    func times() throws -> Times {
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let store = try Store(
            StoreConfiguration(
                dataDirectory: folder, clock: { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) },
                logger: logger))
        defer { store.close() }
        let dataset = try insertDataset(into: store)
        let trainer = Trainer(datasets: EncodedDatasetCache(bytesMax: 1 << 30, limits: .standard))
        let measured = Lock(Times())
        let pool = WorkerPool(
            store: store, configuration: WorkerPoolConfiguration(workers: 1, environment: [:], logger: logger),
            train: { assignment, context in
                let timed = TimedContext(context)
                defer { measured.withLock { $0 = timed.times } }
                return try trainer.train(assignment, timed)
            })
        let ended = DispatchSemaphore(value: 0)
        let subscription = store.changes.subscribe { if case .job = $0 { ended.signal() } }
        let id = store.makeIdentifier(.job)
        _ = try store.insert(NewJob(id: id, owner: "local", spec: try spec(dataset))).commitAndWait()
        pool.start()
        while try store.job(id, owner: nil).state != .succeeded { ended.wait() }
        withExtendedLifetime(subscription) {}
        _ = pool.drain(seconds: 10)
        return measured.withLock { $0 }
    }

    private func spec(_ dataset: Identifier) throws -> TrainingSpec {
        let text = """
            {"dataset":"\(dataset)","epochs":\(Self.epochs),"batch_size":128,"validation":{"fraction":0.0001},
             "tasks":[{"target":"ten","type":"classification"},{"target":"amount","type":"regression"},
                      {"target":"two","type":"classification"}],
             "model":{"encoder":{"type":"mlp","hidden":[256,128]}},"checkpoint":{"every_epochs":1,"keep":2}}
            """
        return try TrainingSpec(decoding: JSONValue(parsing: Array(text.utf8)), in: nil)
    }

    private func insertDataset(into store: Store) throws -> Identifier {
        let file = try store.files.makeIncoming()
        var text = (0..<64).map { "x\($0)" }.joined(separator: ",") + ",ten,amount,two\n"
        var state: UInt32 = 1
        for row in 0..<Self.rows {
            for _ in 0..<64 {
                state = state &* 1_664_525 &+ 1_013_904_223
                text += "\(state >> 24),"
            }
            text += "\(row % 10),\(Double(row % 97) / 7),\(row % 2)\n"
            if text.utf8.count > 1 << 20 {
                try Array(text.utf8).withUnsafeBytes { try file.append($0) }
                text = ""
            }
        }
        try Array(text.utf8).withUnsafeBytes { try file.append($0) }
        let digest = try file.finish()
        let id = store.makeIdentifier(.dataset)
        let schema = try DatasetFile.inspect(file.path, format: .csv, limits: .standard)
        _ = try store.insert(
            NewDataset(id: id, owner: "local", name: "rows", bytes: file.bytes, sha256: digest, schema: schema),
            file: file
        ).commitAndWait()
        return id
    }
}

/// Passes everything on, and takes the time of what comes after an epoch's last batch.
private final class TimedContext: TrainingContext {
    private struct State {
        var times = RecordingCost.Times()
        var lastBatch = 0.0
        var epochBegan: Double?
    }

    private let context: any TrainingContext
    private let state = Lock(State())

    init(_ context: any TrainingContext) {
        self.context = context
    }

    var times: RecordingCost.Times { state.withLock { $0.times } }
    var wish: Wish { context.wish }

    func begin(epoch: Int) throws -> WeightingSwitch? { try context.begin(epoch: epoch) }
    func save(_ checkpoint: Checkpoint) throws { try context.save(checkpoint) }
    func log(_ level: LogLevel, _ message: String) { context.log(level, message) }

    func report(_ progress: TrainingProgress) {
        context.report(progress)
        state.withLock { $0.lastBatch = now() }
    }

    func report(_ epoch: EpochRecord, checkpoint: Checkpoint?) throws {
        try context.report(epoch, checkpoint: checkpoint)
        let end = now()
        state.withLock { state in
            // The first epoch warms up.
            if let began = state.epochBegan {
                state.times.recording.append(end - state.lastBatch)
                state.times.training.append(state.lastBatch - began)
            }
            state.epochBegan = end
        }
    }
}
