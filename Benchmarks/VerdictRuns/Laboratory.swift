import Comparisons
import Datasets
import Foundation
import Jobs
import Locks
import Trainer

/// A small made-up data set, and comparisons on it that are trained in this process, without server or store.
struct Laboratory: Sendable {
    private let dataset = Identifier.none(.dataset)
    private let local: LocalDataset
    private let trainer: Trainer
    private let tasks: [JSONValue]

    enum Kind: CaseIterable { case classification, regression, both }

    static let rows = 300
    private static let features = 6

    /// - Parameters:
    ///   - number: what the rows are drawn with.
    ///   - noise: of the targets, in units of what the inputs say of them.
    init(number: Int, tasks count: Int, kind: Kind, noise: Double, folder: String) throws {
        var random = Draws(seed: UInt64(number))
        let isClass = (0..<count).map { kind == .classification || (kind == .both && $0 % 2 == 0) }
        let slopes = (0..<count).map { _ in (0..<Self.features).map { _ in random.normal() } }
        var text = (0..<Self.features).map { "x\($0)" }.joined(separator: ",")
        text += "," + (0..<count).map { "t\($0)" }.joined(separator: ",") + "\n"
        for _ in 0..<Self.rows {
            let inputs = (0..<Self.features).map { _ in random.normal() }
            let targets = (0..<count).map { task -> String in
                let signal = zip(inputs, slopes[task]).reduce(0) { $0 + $1.0 * $1.1 }
                let value = signal + abs(signal) * 0.5 + noise * random.normal()
                return isClass[task] ? (value > 0.8 ? "b" : "a") : String(value)
            }
            text += (inputs.map { String($0) } + targets).joined(separator: ",") + "\n"
        }
        let path = folder + "/\(number).csv"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        let schema = try DatasetFile.inspect(path, format: .csv, limits: .standard)
        local = LocalDataset(path: path, schema: schema, sha256: "\(number)")
        trainer = Trainer(datasets: EncodedDatasetCache(bytesMax: 64 << 20, limits: .standard))
        tasks = isClass.enumerated().map { index, isClass in
            .object([
                .init("name", .string("t\(index)")), .init("target", .string("t\(index)")),
                .init("type", .string(isClass ? "classification" : "regression")),
            ])
        }
    }

    /// A comparison of equal weights with `strategies`, which are objects of JSON; its tasks have `weights` for `static`.
    func compare(
        _ strategies: [String], seeds: ClosedRange<Int>, weights: [Double]? = nil,
        optimizer: String = #"{"type":"adam"}"#,
        epochs: Int = 4
    ) throws -> (runs: [ComparedRun], terms: ComparisonTerms) {
        let tasks = tasks.enumerated().map { index, task in
            guard let weights, let members = task.members else { return task }
            return JSONValue.object(members + [.init("weight", .number(weights[index % weights.count]))])
        }
        let base = JSONValue.object([
            .init("dataset", .string(dataset.description)),
            .init("test", .object([.init("fraction", .number(0.3))])),
            .init("validation", .object([.init("fraction", .number(0.2))])),
            .init("tasks", .array(tasks)),
            .init("epochs", JSONValue(epochs)), .init("batch_size", JSONValue(32)),
            .init("model", try JSONValue(parsing: Array(#"{"encoder":{"hidden":[8]}}"#.utf8))),
            .init("optimizer", try JSONValue(parsing: Array(optimizer.utf8))),
        ])
        let request = JSONValue.object([
            .init("base", base), .init("seeds", .array(seeds.map { JSONValue($0) })),
            .init("baselines", .array([.string("equal")])),
            .init("strategies", .array(try strategies.map { try JSONValue(parsing: Array($0.utf8)) })),
        ])
        let schema = local.schema
        let surroundings = SpecSurroundings(
            dataset: { _ in schema }, modelExists: { _ in false }, threadsMax: 1,
            now: Timestamp(milliseconds: 1_000_000_000_000))
        let comparison = try ComparisonRequest(decoding: request, in: surroundings)
        return (try comparison.runs.map(train), comparison.terms)
    }

    private func train(_ run: ComparisonRequest.Run) throws -> ComparedRun {
        let context = QuietContext()
        let assignment = TrainingAssignment(
            job: .none(.job), attempt: 1, spec: run.spec, datasets: [run.spec.dataset: local])
        switch try trainer.train(assignment, context) {
        case .succeeded(let reason, let model):
            let epochs = context.epochs.withLock { $0 }
            var outcome = RunOutcome(
                key: run.key, epoch: model.epoch,
                validationLoss: epochs.first { $0.epoch == model.epoch }?.validationLoss,
                testMetrics: (model.testMetrics ?? [:]).mapValues { $0.compactMapValues { $0 } }, seconds: 0
            )
            outcome.testRows = model.testRows
            outcome.lastEpoch = epochs.last?.epoch
            outcome.isCompleted = reason == .completed
            return .succeeded(outcome)
        case .failed(_, let failure): return .failed(run.key, reason: failure.code.rawValue)
        case .yielded, .cancelled: return .failed(run.key, reason: "cancelled")
        }
    }
}

/// A context that keeps the epochs and wants nothing.
private final class QuietContext: TrainingContext {
    let epochs = Lock<[EpochRecord]>([])

    var wish: Wish { .goOn }
    func begin(epoch: Int) -> WeightingSwitch? { nil }
    func report(_ epoch: EpochRecord, checkpoint: Checkpoint?) {
        epochs.withLock { $0.append(epoch) }
    }
    func save(_ checkpoint: Checkpoint) {}
    func report(_ progress: TrainingProgress) {}
    func log(_ level: LogLevel, _ message: String) {}
}

/// SplitMix64 and normal draws.
private struct Draws {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x2545_F491_4F6C_DD1D
    }

    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return (Double(mixed >> 11) + 0.5) / Double(UInt64(1) << 53)
    }

    mutating func normal() -> Double {
        (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
    }
}
