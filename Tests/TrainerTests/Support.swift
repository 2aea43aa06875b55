import Jobs
import Kernels
import Locks
import Weighting

@testable import Datasets
@testable import Trainer

/// A clock that moves by a millisecond at each look.
func makeClock() -> TrainingClock {
    let counter = Counter()
    return { Double(counter.next()) / 1000 }
}

private final class Counter: Sendable {
    private let count = Lock(0)
    func next() -> Int {
        count.withLock {
            $0 += 1; return $0
        }
    }
}

/// Three tasks over the same eight numbers: the sign of a sum, which of four is largest, and a smooth function. Every
/// fifth label of the second task is missing.
func makeData(rows: Int = 240, validation: Int = 40, seed: UInt64 = 1) -> TrainingData {
    var stream = RandomStream(seed: seed, name: "data")
    let features = 8
    var values: [Float] = []
    var (signs, largest, smooth) = ([Int32](), [Int32](), [Float]())
    for row in 0..<rows {
        let x = (0..<features).map { _ in Float(stream.normal()) }
        values += x
        signs.append(x[0] + x[1] > 0 ? 1 : 0)
        let best = (0..<4).reduce(0) { x[$1] > x[$0] ? $1 : $0 }
        largest.append(row % 5 == 0 ? -1 : Int32(best))
        smooth.append(x[2] * 0.7 - x[3] * 0.7)
    }
    let all = (0..<Int32(rows)).map { $0 }
    return TrainingData(
        inputs: .features(
            FeatureMatrix(rows: rows, features: features, values: values)),
        targets: [
            .classes(ClassTarget(ids: signs, classes: 2)), .classes(ClassTarget(ids: largest, classes: 4)),
            .matrix(MatrixTarget(outputs: 1, values: smooth, mask: nil)),
        ],
        training: Array(all.dropLast(validation)), validation: Array(all.suffix(validation)), test: nil)
}

func makeSpec(_ change: (inout TrainingSpec) -> Void = { _ in }) -> TrainingSpec {
    let tasks = [
        TaskSpec(name: "sign", targets: ["sign"], kind: .binary),
        TaskSpec(name: "largest", targets: ["largest"], kind: .classification),
        TaskSpec(name: "smooth", targets: ["smooth"], kind: .regression),
    ]
    var spec = TrainingSpec(dataset: .none(.dataset), tasks: tasks, weighting: .standard)
    spec.epochs = 4
    spec.batchSize = 32
    spec.model = ModelSpec(encoder: .mlp(MLPSpec(hidden: [16, 8])), headHidden: [])
    change(&spec)
    return spec
}

func makeSetup(_ spec: TrainingSpec = makeSpec(), data: TrainingData = makeData()) throws -> TrainingSetup {
    let targets: [TargetPreprocessing.Kind] = [
        .binary(negative: "no", positive: "yes"), .classes(["a", "b", "c", "d"]),
        .regression(outputs: ["smooth"], means: [5], deviations: [2]),
    ]
    let tasks = zip(spec.tasks, targets).map { spec, kind in
        TaskPlan(spec, TargetPreprocessing(task: spec.name, columns: spec.targets, kind: kind))
    }
    let plan = try NetworkPlan(spec.model, input: SignalShape(data.inputs), heads: tasks.map(\.headPlan))
    return TrainingSetup(spec: spec, tasks: tasks, plan: plan, data: data)
}
