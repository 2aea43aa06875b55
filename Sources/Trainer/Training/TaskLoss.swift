import Datasets
import Jobs
import Kernels

/// The loss of one task: the targets of the mini-batch, and the gradient of the loss.
final class TaskLoss<Number: Real> {
    let task: TaskPlan
    /// `[rowsMax, outputs]`: the gradient of the loss's sum, until it is scaled.
    let dOutputs: AlignedBuffer<Number>
    /// The batch's loss.
    private(set) var sum = LossSum()

    private let labels: AlignedBuffer<Int32>
    private let targets: AlignedBuffer<Number>
    private let classWeights: AlignedBuffer<Number>?
    private let positiveWeights: AlignedBuffer<Number>?

    init(_ task: TaskPlan, rowsMax: Int) throws {
        self.task = task
        let count = try product(rowsMax, task.outputs)
        dOutputs = try AlignedBuffer(count: count)
        labels = try AlignedBuffer(count: task.loss == .crossEntropy ? rowsMax : 0)
        targets = try AlignedBuffer(count: task.loss == .crossEntropy ? 0 : count)
        classWeights = try task.classWeights.map { try AlignedBuffer($0.map { Number($0) }) }
        positiveWeights =
            try task.positiveWeight == 1
            ? nil : AlignedBuffer(count: task.outputs, repeating: Number(task.positiveWeight))
    }

    /// Copies the targets of some rows; a missing one becomes −1 or NaN.
    func gather(_ rows: UnsafeBufferPointer<Int32>, from source: EncodedTarget) {
        switch source {
        case .classes(let target) where task.loss == .crossEntropy:
            for index in rows.indices { labels.pointer[index] = target.ids[Int(rows[index])] }
        case .classes(let target):
            for index in rows.indices {
                let id = target.ids[Int(rows[index])]
                targets.pointer[index] = id < 0 ? .nan : Number(id)
            }
        case .matrix(let target):
            let outputs = target.outputs
            for index in rows.indices {
                for output in 0..<outputs {
                    let cell = Int(rows[index]) * outputs + output
                    let isMissing = target.mask.map { $0[cell] == 0 } ?? false
                    targets.pointer[index * outputs + output] = isMissing ? .nan : Number(target.values[cell])
                }
            }
        }
    }

    /// The loss of the gathered targets, and its gradient into `dOutputs`.
    func evaluate(_ outputs: UnsafePointer<Number>, rows: Int) {
        switch task.loss {
        case .crossEntropy:
            sum = Number.softmaxCrossEntropy(
                rows: rows, classes: task.outputs, logits: outputs, labels: labels.pointer,
                classWeights: classWeights.map { UnsafePointer($0.pointer) }, smoothing: Number(task.labelSmoothing),
                dLogits: dOutputs.pointer)
        case .binaryCrossEntropy:
            sum = Number.binaryCrossEntropy(
                rows: rows, outputs: task.outputs, logits: outputs, targets: targets.pointer,
                positiveWeights: positiveWeights.map { UnsafePointer($0.pointer) }, dLogits: dOutputs.pointer)
        case .meanSquaredError, .meanAbsoluteError, .huber:
            sum = Number.distance(
                task.distance, count: rows * task.outputs, values: outputs, targets: targets.pointer,
                dValues: dOutputs.pointer)
        }
    }

    /// The batch's mean loss; nil without a label.
    var mean: Double? { sum.normaliser > 0 ? sum.mean : nil }

    /// Makes `dOutputs` the gradient of coefficient · mean loss.
    func scaleGradient(by coefficient: Double, rows: Int) {
        guard sum.normaliser > 0 else { return }
        Number.scale(rows * task.outputs, by: Number(coefficient / sum.normaliser), dOutputs.pointer)
    }
}
