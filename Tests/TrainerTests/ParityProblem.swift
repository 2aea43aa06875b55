import Foundation
import Jobs
import Kernels
import Testing
import Weighting

@testable import Datasets
@testable import Trainer

/// What `Reference/make_reference.py` trains, said in Swift; `Reference/problems.py` has the formulas.
struct ParityProblem: Sendable, CustomTestStringConvertible {
    enum Kind: String, Sendable, CaseIterable {
        case classification, regression, masked
    }

    static let rows = 40
    static let features = 6
    static let steps = 30

    enum Trunk: String, Sendable, CaseIterable {
        case mlp, cnn, resnet
        case textMean = "text_mean"
        case textConv = "text_conv"
    }

    let trunk: Trunk
    let kind: Kind
    let optimizer: OptimizerSpec.Kind

    static let all = Trunk.allCases.flatMap { trunk in
        Kind.allCases.flatMap { kind in
            [OptimizerSpec.Kind.sgd, .adam].map { ParityProblem(trunk: trunk, kind: kind, optimizer: $0) }
        }
    }

    /// The name of its file of reference values.
    var testDescription: String { "\(trunk.rawValue)_\(kind.rawValue)_\(optimizer.rawValue)" }

    /// Rows of a mini-batch.
    var batch: Int { trunk == .resnet ? 4 : 8 }

    /// After how many steps the parameters stand in the file. Plain kernels take long over a residual network.
    var stepsInDouble: Int { trunk == .resnet && !Self.isThorough ? 2 : Self.steps }

    /// A residual network amplifies roundings: single precision leaves double precision after some steps, PyTorch's too.
    var stepsInSingle: Int { trunk == .resnet ? 3 : Self.steps }

    /// How far single precision may be from double precision at the end.
    var toleranceInSingle: Double { trunk == .resnet ? 1e-3 : 1e-4 }

    /// `TENBIN_PARITY=thorough` trains residual networks for all 30 steps as well, which takes minutes.
    private static let isThorough = ProcessInfo.processInfo.environment["TENBIN_PARITY"] == "thorough"

    // MARK: - Numbers of the formulas

    /// In [−1, 1), a multiple of 1/1024.
    static func number(_ index: Int, _ stream: Int) -> Double {
        let whole: Int = (index * index * 31 + index * 17 + stream * 977) % 2039
        return Double(whole) / 1024 - 1
    }

    static func numbers(_ count: Int, _ stream: Int) -> [Float] {
        (0..<count).map { Float(number($0, stream)) }
    }

    static func whole(_ count: Int, below bound: Int, _ stream: Int) -> [Int32] {
        (0..<count).map { (index: Int) -> Int32 in
            let whole: Int = index * index * 13 + index * 7 + stream * 5
            return Int32(whole % bound)
        }
    }

    static func isMissing(_ index: Int, _ stream: Int) -> Bool {
        (index * index + index + stream) % 4 == 0
    }

    /// Of step 0, 1, ….
    func batchRows(_ step: Int) -> [Int32] {
        (0..<batch).map { Int32((step * batch + $0) % Self.rows) }
    }

    // MARK: - The network and its tasks

    private var tasks: [(spec: TaskSpec, target: TargetPreprocessing.Kind, values: EncodedTarget)] {
        switch kind {
        case .classification: classification
        case .regression: regression
        case .masked: masked
        }
    }

    private var classification: [(TaskSpec, TargetPreprocessing.Kind, EncodedTarget)] {
        var colour = TaskSpec(name: "colour", targets: ["colour"], kind: .classification)
        colour.labelSmoothing = 0.1
        colour.classWeights = ["green": 2, "blue": 0.5]
        var large = TaskSpec(name: "large", targets: ["large"], kind: .binary)
        large.positiveWeight = 1.5
        large.headHidden = [5]
        return [
            (
                colour, .classes(["red", "green", "blue"]),
                .classes(ClassTarget(ids: Self.whole(Self.rows, below: 3, 1), classes: 3))
            ),
            (
                large, .binary(negative: "no", positive: "yes"),
                .classes(ClassTarget(ids: Self.whole(Self.rows, below: 2, 2), classes: 2))
            ),
        ]
    }

    private var regression: [(TaskSpec, TargetPreprocessing.Kind, EncodedTarget)] {
        let targets = Self.numbers(Self.rows * 4, 60)
        func task(_ name: String, _ loss: TaskSpec.Loss, _ columns: Range<Int>) -> (
            TaskSpec, TargetPreprocessing.Kind, EncodedTarget
        ) {
            var spec = TaskSpec(name: name, targets: columns.map { "y\($0)" }, kind: .regression)
            spec.loss = loss
            spec.delta = 0.5
            let values = (0..<Self.rows).flatMap { row in columns.map { targets[row * 4 + $0] } }
            return (
                spec, Self.values(spec.targets),
                .matrix(MatrixTarget(outputs: columns.count, values: values, mask: nil))
            )
        }
        return [
            task("both", .meanSquaredError, 0..<2), task("far", .meanAbsoluteError, 2..<3), task("near", .huber, 3..<4),
        ]
    }

    private var masked: [(TaskSpec, TargetPreprocessing.Kind, EncodedTarget)] {
        let labels = Self.whole(Self.rows, below: 4, 3).enumerated().map { Self.isMissing($0, 1) ? -1 : $1 }
        func mask(_ outputs: Int, _ stream: Int) -> [Float] {
            (0..<(Self.rows * outputs)).map { Self.isMissing($0, stream) ? 0 : 1 }
        }
        func masked(_ values: [Float], _ mask: [Float]) -> EncodedTarget {
            .matrix(
                MatrixTarget(
                    outputs: values.count / Self.rows, values: zip(values, mask).map { $0 * $1 }, mask: mask))
        }
        let tags = ["a", "b", "c"]
        let pair = ["left", "right"]
        return [
            (
                TaskSpec(name: "tags", targets: tags, kind: .multilabel), .multilabel(outputs: tags),
                masked(Self.whole(Self.rows * 3, below: 2, 4).map { Float($0) }, mask(3, 2))
            ),
            (
                TaskSpec(name: "pair", targets: pair, kind: .regression), Self.values(pair),
                masked(Self.numbers(Self.rows * 2, 61), mask(2, 3))
            ),
            (
                TaskSpec(name: "colour", targets: ["colour"], kind: .classification), .classes(["r", "g", "b", "k"]),
                .classes(ClassTarget(ids: labels, classes: 4))
            ),
        ]
    }

    private static func values(_ outputs: [String]) -> TargetPreprocessing.Kind {
        .regression(
            outputs: outputs, means: outputs.map { _ in 0 }, deviations: outputs.map { _ in 1 })
    }

    private var encoder: EncoderSpec {
        switch (trunk, kind) {
        case (.mlp, .classification): .mlp(MLPSpec(hidden: [16, 12], activation: .relu))
        case (.mlp, .regression): .mlp(MLPSpec(hidden: [16, 12], activation: .gelu, batchNorm: true))
        case (.mlp, .masked): .mlp(MLPSpec(hidden: [16, 12], activation: .silu))
        case (.cnn, _):
            .cnn(
                CNNSpec(
                    blocks: [
                        .init(filters: 3, kernel: 3, padding: 1, activation: .tanh),
                        .init(filters: 5, kernel: 3, stride: 2, padding: 1, pool: .average, batchNorm: true),
                    ], dense: [9]))
        case (.resnet, _): .resnet(ResNetSpec(depth: 18, width: 8))
        case (.textMean, _): .text(TextSpec(variant: .mean, embedding: 6, dense: [5]))
        case (.textConv, _): .text(TextSpec(variant: .conv, embedding: 6, kernels: [2, 3], filters: 4))
        }
    }

    private var inputs: EncodedInputs {
        switch trunk {
        case .mlp:
            .features(
                FeatureMatrix(
                    rows: Self.rows, features: Self.features, values: Self.numbers(Self.rows * Self.features, 50)))
        case .cnn: Self.images([12, 14, 2])
        case .resnet: Self.images([16, 16, 3])
        case .textMean, .textConv: Self.texts
        }
    }

    private static func images(_ sizes: [Int]) -> EncodedInputs {
        guard let shape = ImageShape(sizes) else { preconditionFailure("sizes are above 0") }
        let preprocessing = ImagePreprocessing(
            column: "x", shape: shape, storage: .floats, scale: 1,
            means: Array(repeating: 0, count: shape.channels),
            deviations: Array(repeating: 1, count: shape.channels))
        let pixels = numbers(rows * shape.count, 51)
        return .images(
            ImageTensor(rows: rows, shape: shape, pixels: .floats(pixels), preprocessing: preprocessing))
    }

    /// Texts of 0 to 7 tokens.
    private static var texts: EncodedInputs {
        let (length, ids) = (7, 20)
        let lengths = (0..<rows).map { Int32($0 % (length + 1)) }
        let tokens = whole(rows * length, below: ids - 1, 6).enumerated().map { index, id in
            index % length < Int(lengths[index / length]) ? id + 1 : 0
        }
        return .tokens(
            TokenMatrix(rows: rows, tokensMax: length, idCount: ids, ids: tokens, lengths: lengths))
    }

    /// Everything before the first step.
    func makeSetup() throws -> TrainingSetup {
        let tasks = self.tasks
        let plans = tasks.map { task in
            TaskPlan(
                task.spec, TargetPreprocessing(task: task.spec.name, columns: task.spec.targets, kind: task.target))
        }
        var spec = TrainingSpec(dataset: .none(.dataset), tasks: tasks.map(\.spec), weighting: .equal)
        spec.model = ModelSpec(encoder: encoder, headHidden: [])
        spec.optimizer = OptimizerSpec(
            kind: optimizer, learningRate: 0.001, momentum: optimizer == .sgd ? 0.9 : 0)
        spec.gradientClipNorm = kind == .regression ? 0.75 : nil
        spec.batchSize = batch
        let inputs = self.inputs
        let all = (0..<Int32(Self.rows)).map { $0 }
        return TrainingSetup(
            spec: spec, tasks: plans,
            plan: try NetworkPlan(
                spec.model, input: SignalShape(inputs), heads: plans.map(\.headPlan)),
            data: TrainingData(
                inputs: inputs, targets: tasks.map(\.values), training: all, validation: all, test: nil))
    }

    /// The training step before its first step, with the parameters of the formula.
    func makeStep<Number: Real>(_ setup: TrainingSetup, _: Number.Type) throws -> TrainingStep<Number> {
        let network = try Network<Number>(setup.plan, rowsMax: batch)
        network.initialize(seed: 1)
        for (index, entry) in setup.plan.parameters.entries.enumerated() {
            let center = entry.plan.initialization == .constant(1) ? 1.0 : 0
            for element in 0..<entry.plan.count {
                network.parameters[entry.offset + element] = Number(
                    center + 0.25 * Self.number(element, index))
            }
        }
        return try TrainingStep(
            network: network, tasks: setup.tasks, optimizer: setup.spec.optimizer,
            weighting: TaskWeighting(setup.spec.weighting, tasks: setup.tasks.map(\.weighted)),
            clipNorm: setup.spec.gradientClipNorm, seed: 1)
    }
}

extension TrainingStep {
    /// One step on the rows that the problem has for it.
    func run(_ index: Int, _ problem: ParityProblem, _ setup: TrainingSetup) throws -> Report {
        let rows = problem.batchRows(index)
        return try rows.withUnsafeBufferPointer { rows in
            try run(
                [rows], of: setup.data, learningRate: setup.spec.optimizer.learningRate, isWanted: { true })
        }
    }
}
