import Datasets
import Jobs
package import Kernels
import Locks

/// What a network makes of some rows: its losses and metrics.
package struct Evaluation: Sendable {
    /// One a task.
    package var losses: [LossSum]
    package var metrics: [[String: Double?]]

    /// The unweighted sum of the tasks' mean losses; nil when no task has a label.
    package var totalLoss: Double? {
        let means = losses.filter { $0.normaliser > 0 }.map(\.mean)
        return means.isEmpty ? nil : means.reduce(0, +)
    }
}

/// Runs a network over rows without training it, in batches of the network's size.
final class Evaluator<Number: Real> {
    private let network: Network<Number>
    private let tasks: [TaskPlan]
    private let losses: [TaskLoss<Number>]
    private let batch: InputBatch<Number>
    private let probabilities: [AlignedBuffer<Number>]

    init(_ network: Network<Number>, tasks: [TaskPlan]) throws {
        self.network = network
        self.tasks = tasks
        batch = try InputBatch(network.plan.input, rowsMax: network.rowsMax)
        var losses: [TaskLoss<Number>] = []
        var probabilities: [AlignedBuffer<Number>] = []
        for task in tasks {
            losses.append(try TaskLoss(task, rowsMax: network.rowsMax))
            probabilities.append(try AlignedBuffer(count: try product(network.rowsMax, task.outputs)))
        }
        self.losses = losses
        self.probabilities = probabilities
    }

    /// - Throws: `PassInterrupted`; `OutOfMemory`.
    func evaluate(
        _ rows: [Int32], of data: TrainingData, isWanted: () -> Bool
    ) throws -> Evaluation {
        var sums = tasks.map { _ in LossSum() }
        let scores = try run(rows, of: data.inputs, isWanted: isWanted) { batch, outputs in
            for task in tasks.indices {
                losses[task].gather(batch, from: data.targets[task])
                losses[task].evaluate(outputs[task], rows: batch.count)
                sums[task] += losses[task].sum
            }
        }
        var metrics: [[String: Double?]] = []
        for index in tasks.indices {
            metrics.append(
                try TaskMetrics.metrics(
                    of: tasks[index], scores: scores[index], target: data.targets[index], rows: rows,
                    isWanted: isWanted))
        }
        return Evaluation(losses: sums, metrics: metrics)
    }

    /// Probabilities, or values in their own unit, as `[rows, outputs]` a task.
    func predict(
        _ rows: [Int32], of inputs: EncodedInputs, isWanted: () -> Bool
    ) throws -> [[Double]] {
        try run(rows, of: inputs, isWanted: isWanted) { _, _ in }
    }

    private func run(
        _ rows: [Int32], of inputs: EncodedInputs, isWanted: () -> Bool,
        _ body: (UnsafeBufferPointer<Int32>, [UnsafePointer<Number>]) -> Void
    ) throws -> [[Double]] {
        var scores: [[Double]] = []
        for task in tasks {
            let count = try product(rows.count, task.outputs)
            try MemoryRoom.claim(try product(count, MemoryLayout<Double>.stride))
            scores.append([])
            scores[scores.count - 1].reserveCapacity(count)
        }
        var outputs: [UnsafePointer<Number>] = []
        let order = try AlignedBuffer(rows)
        for start in stride(from: 0, to: rows.count, by: network.rowsMax) {
            let count = min(network.rowsMax, rows.count - start)
            let some = UnsafeBufferPointer(start: UnsafePointer(order.pointer) + start, count: count)
            batch.gather(some, from: inputs)
            let pass = network.pass(batch, rows: count, mode: .evaluation)
            try network.forward(batch.values, pass, outputs: &outputs, isWanted: isWanted)
            body(some, outputs)
            for task in tasks.indices { append(outputs[task], rows: count, of: task, to: &scores[task]) }
        }
        return scores
    }

    private func append(_ outputs: UnsafePointer<Number>, rows: Int, of index: Int, to scores: inout [Double]) {
        let task = tasks[index]
        let count = rows * task.outputs
        let result = probabilities[index].pointer
        switch task.kind {
        case .classification:
            Number.softmax(rows: rows, classes: task.outputs, logits: outputs, probabilities: result)
        case .binary, .multilabel:
            Number.sigmoid(count: count, logits: outputs, probabilities: result)
        case .regression:
            for i in 0..<count {
                let output = i % task.outputs
                scores.append(Double(outputs[i]) * task.deviations[output] + task.means[output])
            }
            return
        }
        for i in 0..<count { scores.append(Double(result[i])) }
    }
}
