import Dispatch
import Foundation
import JobStore
import Jobs
import Locks
import Logging
import Testing
import WorkerPool

/// A trainer without numbers: each run does what the test tells it, when the test tells it.
final class ScriptedTrainer: Sendable {
    typealias Script = @Sendable (TrainingAssignment, any TrainingContext) throws -> TrainingOutcome

    private struct State {
        var scripts: [String: Script] = [:]
        var runs: [(name: String, attempt: Int)] = []
    }

    private let state = Lock(State())

    /// What happens to jobs of that name.
    func on(_ name: String, _ script: @escaping Script) {
        state.withLock { $0.scripts[name] = script }
    }

    /// Names of the jobs run so far, in order.
    var runs: [String] { state.withLock { $0.runs.map(\.name) } }
    var attempts: [Int] { state.withLock { $0.runs.map(\.attempt) } }

    func train(_ assignment: TrainingAssignment, _ context: any TrainingContext) throws -> TrainingOutcome {
        let name = assignment.spec.name ?? ""
        let script = state.withLock { state in
            state.runs.append((name, assignment.attempt))
            return state.scripts[name]
        }
        guard let script else { return try trainAtOnce(assignment, context) }
        return try script(assignment, context)
    }
}

/// Trains one epoch without a pause.
@Sendable func trainAtOnce(_ assignment: TrainingAssignment, _ context: any TrainingContext) throws -> TrainingOutcome {
    _ = try context.begin(epoch: 1)
    try context.report(makeEpoch(1, attempt: assignment.attempt), checkpoint: makeCheckpoint(epoch: 1))
    return .succeeded(.completed, makeModel())
}

/// Something that a test waits for.
final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func send() { semaphore.signal() }

    /// Waits, but not for ever: a test that would hang fails.
    func wait(_ location: SourceLocation = #_sourceLocation) throws {
        try #require(semaphore.wait(timeout: .now() + .seconds(20)) == .success, sourceLocation: location)
    }
}

/// Waits until the wish is something else than to go on, as a trainer does between layers.
@Sendable func awaitWish(_ context: any TrainingContext) -> Wish {
    let end = DispatchTime.now() + .seconds(20)
    while context.wish == .goOn, DispatchTime.now() < end { usleep(100) }
    return context.wish
}

/// Timers that fire when the test says so.
final class ManualTimers: PoolTimers {
    private struct State {
        var now = 0
        var pending: [(at: Int, body: @Sendable () -> Void)] = []
    }

    private let state = Lock(State())

    var uptimeMilliseconds: Int { state.withLock { $0.now } }

    func after(milliseconds: Int, _ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.pending.append(($0.now + milliseconds, body)) }
    }

    var pendingCount: Int { state.withLock { $0.pending.count } }

    func advance(milliseconds: Int) {
        let due = state.withLock { state in
            state.now += milliseconds
            let due = state.pending.filter { $0.at <= state.now }
            state.pending.removeAll { $0.at <= state.now }
            return due
        }
        for timer in due { timer.body() }
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

/// A store and a pool on a data folder of their own.
final class Workshop: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "tenbin-\(UUID().uuidString)").path
    let clock = ManualClock()
    let timers = ManualTimers()
    let trainer = ScriptedTrainer()

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    private var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    func openStore() throws -> Store {
        let clock = self.clock
        return try Store(
            StoreConfiguration(dataDirectory: path, clock: { clock.now }, logger: logger))
    }

    func makePool(
        _ store: Store, workers: Int = 1, perOwner: Int? = nil, environment: [String: String] = ["build": "1"]
    ) -> WorkerPool {
        let trainer = self.trainer
        return WorkerPool(
            store: store,
            configuration: WorkerPoolConfiguration(
                workers: workers, environment: environment, runningJobsPerOwnerMax: perOwner, timers: timers,
                logger: logger),
            train: { try trainer.train($0, $1) })
    }
}

extension Store {
    func makeDataset() throws -> Identifier {
        let file = try files.makeIncoming()
        try Array("x,y\n1,2\n".utf8).withUnsafeBytes { try file.append($0) }
        let digest = try file.finish()
        let id = makeIdentifier(.dataset)
        let schema = DatasetSchema(format: .csv, rows: 1, columns: [])
        _ = try insert(
            NewDataset(id: id, owner: "local", name: "t", bytes: 8, sha256: digest, schema: schema), file: file
        ).commitAndWait()
        return id
    }

    @discardableResult
    func submit(
        _ name: String, on dataset: Identifier, owner: String = "local", _ members: [JSONValue.Member] = []
    ) throws -> Identifier {
        let task: JSONValue = .object([
            .init("name", .string("y")), .init("target", .string("y")), .init("type", .string("binary")),
        ])
        let spec = try TrainingSpec(
            decoding: .object(
                [
                    .init("name", .string(name)), .init("dataset", .string(dataset.description)),
                    .init("tasks", .array([task])),
                ] + members), in: nil)
        let id = makeIdentifier(.job)
        _ = try insert(NewJob(id: id, owner: owner, spec: spec)).commitAndWait()
        return id
    }

    /// Waits until the job is as wanted.
    func wait(
        for id: Identifier, _ location: SourceLocation = #_sourceLocation, until condition: (Job) -> Bool
    ) throws -> Job {
        let changed = DispatchSemaphore(value: 0)
        let subscription = changes.subscribe { _ in changed.signal() }
        defer { withExtendedLifetime(subscription) {} }
        while true {
            let job = try job(id, owner: nil)
            if condition(job) { return job }
            try #require(
                changed.wait(timeout: .now() + .seconds(20)) == .success, "\(job.state)", sourceLocation: location)
        }
    }

    @discardableResult
    func wait(for id: Identifier, in state: JobState, _ location: SourceLocation = #_sourceLocation) throws -> Job {
        try wait(for: id, location) { $0.state == state }
    }

    func moves(of job: Identifier) throws -> [String] {
        try events(of: job, owner: nil, after: 0, limit: 1_000).filter { $0.kind == .state }
            .map { "\($0.from?.rawValue ?? "")>\($0.to?.rawValue ?? "")" }
    }

    func send(_ command: JobCommand, to job: Identifier) throws {
        _ = try self.command(command, job: job, owner: nil, actor: "local").commitAndWait()
    }
}

func makeEpoch(_ number: Int, attempt: Int, loss: Double = 0.5) -> EpochRecord {
    EpochRecord(
        epoch: number, attempt: attempt, learningRate: 0.001, seconds: 0.25, samplesPerSecond: 1_000, trainLoss: loss,
        validationLoss: loss,
        tasks: [EpochRecord.Task(name: "y", weight: 1, weightShare: 1, trainLoss: loss, validationLoss: loss)],
        strategy: "adaptive")
}

func makeCheckpoint(_ kind: Checkpoint.Kind = .epoch, epoch: Int, batch: Int = 0) -> Checkpoint {
    Checkpoint(
        kind: kind, epoch: epoch, batch: batch, step: epoch * 10 + batch, content: [.bytes([1, 2, UInt8(epoch)])])
}

func makeModel(epoch: Int = 1) -> TrainedModel {
    TrainedModel(
        bytes: [9, 9, 9], weightsSHA256: String(repeating: "a", count: 64), epoch: epoch,
        tasks: [TrainedModel.Task(name: "y", type: "binary", classes: ["0", "1"], metrics: [:])])
}
