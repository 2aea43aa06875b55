import Datasets
import Jobs
import Kernels
import Trainer
import Weighting

/// T1, the table's first network (features 64 → 256 → 128, three heads, batches of 128, Adam), under one strategy.
///
/// Inputs are normal and labels random: what is learnt does not matter here.
final class WeightedRun {
    let strategy: StrategyDescriptor
    private let step: TrainingStep<Float>
    private let data: TrainingData
    private var next = 0

    static let classes = [10, 0, 2]
    private static let features = 64
    private static let batch = 128
    /// Divisible by the mini-batches that any strategy takes a step.
    private static let batches = 12

    init(_ strategy: StrategyDescriptor) throws {
        self.strategy = strategy
        let rows = Self.batch * Self.batches
        var stream = RandomStream(seed: 1, name: "benchmark")
        let values = (0..<(rows * Self.features)).map { _ in Float(stream.normal()) }
        data = TrainingData(
            inputs: .features(
                FeatureMatrix(rows: rows, features: Self.features, values: values)),
            targets: Self.classes.map { Self.target(classes: $0, rows: rows, &stream) },
            training: (0..<Int32(rows)).map { $0 }, validation: [], test: nil)
        let tasks = Self.classes.enumerated().map { Self.task($0.offset, classes: $0.element) }
        let encoder = EncoderSpec.mlp(MLPSpec(hidden: [256, 128]))
        let plan = try NetworkPlan(
            ModelSpec(encoder: encoder, headHidden: []), input: .features(Self.features), heads: tasks.map(\.headPlan))
        let network = try Network<Float>(plan, rowsMax: Self.batch)
        network.initialize(seed: 1)
        let configuration = try WeightingConfiguration(strategy: strategy.name)
        step = try TrainingStep(
            network: network, tasks: tasks, optimizer: OptimizerSpec(),
            weighting: TaskWeighting(configuration, tasks: Self.weighted), seed: 1)
    }

    /// As a strategy sees the tasks.
    static var weighted: [WeightedTask] {
        classes.enumerated().map {
            WeightedTask(name: "task\($0.offset)", kind: $0.element > 0 ? .classification : .regression)
        }
    }

    /// The time of one optimiser step, mean over several.
    func secondsPerStep(steps: Int) throws -> Double {
        let start = Trainer.monotonicSeconds()
        for _ in 0..<steps {
            try data.training.withUnsafeBufferPointer { order in
                let parts = (0..<step.batchesPerStep).map { part in
                    let first = (next + part) * Self.batch
                    return UnsafeBufferPointer(rebasing: order[first..<(first + Self.batch)])
                }
                _ = try step.run(parts, of: data, learningRate: 0.001, isWanted: { true })
            }
            next = (next + step.batchesPerStep) % Self.batches
        }
        return (Trainer.monotonicSeconds() - start) / Double(steps)
    }

    private static func task(_ index: Int, classes: Int) -> TaskPlan {
        let spec = TaskSpec(
            name: "task\(index)", targets: ["y\(index)"], kind: classes > 0 ? .classification : .regression)
        let kind: TargetPreprocessing.Kind =
            classes > 0
            ? .classes((0..<classes).map(String.init)) : .regression(outputs: ["y"], means: [0], deviations: [1])
        return TaskPlan(spec, TargetPreprocessing(task: spec.name, columns: spec.targets, kind: kind))
    }

    private static func target(classes: Int, rows: Int, _ stream: inout RandomStream) -> EncodedTarget {
        guard classes > 0 else {
            return .matrix(
                MatrixTarget(outputs: 1, values: (0..<rows).map { _ in Float(stream.normal()) }, mask: nil))
        }
        let ids = (0..<rows).map { _ in Int32(stream.integer(below: UInt64(classes))) }
        return .classes(ClassTarget(ids: ids, classes: classes))
    }
}
