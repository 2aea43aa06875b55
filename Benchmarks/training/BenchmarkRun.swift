import Datasets
import Glibc
import Jobs
import Kernels
import Trainer
import Weighting

/// A network under training on synthetic data: normal inputs, random labels. What is learnt does not matter here.
final class BenchmarkRun {
    private let step: TrainingStep<Float>
    private let data: TrainingData
    private let batch: Int
    private let learningRate: Double
    private var next = 0

    /// Mini-batches that the run goes through in turn.
    private static let batches = 8

    init(_ shape: BenchmarkCase) throws {
        batch = shape.batch
        learningRate = shape.optimizer.learningRate
        let rows = shape.batch * Self.batches
        var stream = RandomStream(seed: 1, name: "benchmark")
        let tasks = shape.heads.enumerated().map { Self.task($0.offset, classes: $0.element) }
        data = TrainingData(
            inputs: Self.inputs(shape.input, rows: rows, &stream),
            targets: shape.heads.map { Self.target(classes: $0, rows: rows, &stream) },
            training: (0..<Int32(rows)).map { $0 }, validation: [], test: nil)
        let plan = try NetworkPlan(
            ModelSpec(encoder: shape.encoder, headHidden: []), input: SignalShape(data.inputs),
            heads: tasks.map(\.headPlan))
        let network = try Network<Float>(plan, rowsMax: shape.batch)
        network.initialize(seed: 1)
        step = try TrainingStep(
            network: network, tasks: tasks, optimizer: shape.optimizer,
            weighting: TaskWeighting(.standard, tasks: tasks.map(\.weighted)), seed: 1)
    }

    var parameters: Int { step.network.plan.parameters.parameterCount }

    func seconds(steps: Int) throws -> Double {
        let start = Trainer.monotonicSeconds()
        for _ in 0..<steps {
            try data.training.withUnsafeBufferPointer { order in
                let rows = UnsafeBufferPointer(rebasing: order[(next * batch)..<((next + 1) * batch)])
                _ = try step.run([rows], of: data, learningRate: learningRate, isWanted: { true })
            }
            next = (next + 1) % Self.batches
        }
        return Trainer.monotonicSeconds() - start
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

    private static func inputs(_ input: BenchmarkCase.Input, rows: Int, _ stream: inout RandomStream) -> EncodedInputs {
        switch input {
        case .features(let features):
            let values = (0..<(rows * features)).map { _ in Float(stream.normal()) }
            return .features(
                FeatureMatrix(rows: rows, features: features, values: values))
        case .image(let height, let width, let channels):
            guard let shape = ImageShape([height, width, channels]) else { preconditionFailure("sizes are above 0") }
            let pixels = (0..<(rows * height * width * channels)).map { _ in Float(stream.normal()) }
            let preprocessing = ImagePreprocessing(
                column: "x", shape: shape, storage: .floats, scale: 1, means: Array(repeating: 0, count: channels),
                deviations: Array(repeating: 1, count: channels))
            return .images(
                ImageTensor(rows: rows, shape: shape, pixels: .floats(pixels), preprocessing: preprocessing))
        case .tokens(let length, let idCount):
            // Nothing is padded, so every token of the mean is there.
            let ids = (0..<(rows * length)).map { _ in 2 + Int32(stream.integer(below: UInt64(idCount - 2))) }
            return .tokens(
                TokenMatrix(
                    rows: rows, tokensMax: length, idCount: idCount, ids: ids,
                    lengths: Array(repeating: Int32(length), count: rows)))
        }
    }
}
