package import Jobs
package import Kernels
package import Weighting

/// One optimiser step after another on mini-batches: forward, losses, weights, backward, clip, update.
///
/// All memory is made with it. A step that is interrupted or diverges changes nothing: parameters, running statistics,
/// moments and weighting stay those of the step before.
package final class TrainingStep<Number: Real> {
    package let network: Network<Number>
    package let optimizer: Optimizer<Number>
    package var weighting: TaskWeighting

    private let losses: [TaskLoss<Number>]
    private let batch: InputBatch<Number>
    private let clipNorm: Double?
    private let seed: UInt64
    private var outputs: [UnsafePointer<Number>] = []

    /// What one step showed.
    package struct Report: Sendable {
        /// One a task.
        package var losses: [LossSum]
        /// Of the whole update direction before clipping.
        package var gradientNorm: Double
        package var trunkBackwards: Int
    }

    /// Why a step did not happen.
    package enum Stop: Error, Hashable {
        case interrupted
        /// A loss or a gradient is infinite or not a number.
        case diverged(task: String, quantity: String)
    }

    package init(
        network: Network<Number>, tasks: [TaskPlan], optimizer: OptimizerSpec, weighting: TaskWeighting,
        clipNorm: Double?, seed: UInt64
    ) throws(PlanError) {
        self.network = network
        self.optimizer = Optimizer(optimizer, parameters: network.plan.parameters.count)
        self.weighting = weighting
        self.clipNorm = clipNorm
        self.seed = seed
        batch = try InputBatch(network.plan.input, rowsMax: network.rowsMax)
        var losses: [TaskLoss<Number>] = []
        for task in tasks { losses.append(try TaskLoss(task, rowsMax: network.rowsMax)) }
        self.losses = losses
        outputs.reserveCapacity(tasks.count)
    }

    /// Trains on some rows.
    ///
    /// - Parameters:
    ///   - rows: indices into the data, no more than the network has memory for.
    ///   - isWanted: asked between layers; false ends the step without a trace.
    package func run(
        _ rows: UnsafeBufferPointer<Int32>, of data: TrainingData, learningRate: Double, isWanted: () -> Bool
    ) throws(Stop) -> Report {
        batch.gather(rows, from: data.inputs)
        for (loss, target) in zip(losses, data.targets) { loss.gather(rows, from: target) }
        // Every random draw of this step is a function of the seed and this number.
        let step = UInt64(optimizer.steps)
        let pass = network.pass(batch, rows: rows.count, mode: .training, seed: seed, step: step)
        let before = weighting
        do {
            try forward(pass, isWanted)
            try checkLosses()
            var stream = RandomStream(seed: seed, name: "weighting", part: step)
            let coefficients = weighting.coefficients(losses: losses.map(\.mean), using: &stream)
            for (loss, coefficient) in zip(losses, coefficients) {
                loss.scaleGradient(by: coefficient, rows: rows.count)
            }
            try backward(pass, isWanted)
            let norm = try gradientNorm()
            update(norm: norm, learningRate: learningRate)
            return Report(losses: losses.map(\.sum), gradientNorm: norm, trunkBackwards: 1)
        } catch {
            weighting = before
            throw error
        }
    }

    private func forward(_ pass: Pass<Number>, _ isWanted: () -> Bool) throws(Stop) {
        do {
            try network.forward(batch.values, pass, outputs: &outputs, isWanted: isWanted)
        } catch {
            throw .interrupted
        }
        for (loss, output) in zip(losses, outputs) { loss.evaluate(output, rows: pass.rows) }
    }

    private func backward(_ pass: Pass<Number>, _ isWanted: () -> Bool) throws(Stop) {
        do {
            try network.backward(losses.map(\.dOutputs.pointer), pass, isWanted: isWanted)
        } catch {
            throw .interrupted
        }
    }

    private func checkLosses() throws(Stop) {
        for loss in losses where !loss.sum.sum.isFinite {
            throw .diverged(task: loss.task.name, quantity: "loss")
        }
    }

    /// The norm of the whole gradient; a gradient that is not finite is laid at the door of the task whose head has one,
    /// or else of the task with the largest loss.
    private func gradientNorm() throws(Stop) -> Double {
        let gradients = UnsafePointer(network.gradients.pointer)
        let squares = Number.sumOfSquares(network.gradients.count, gradients)
        if squares.isFinite { return squares.squareRoot() }
        for head in network.plan.heads {
            for layer in head.layers {
                for entry in network.plan.parameters.entries where layer.parameters.contains(entry.offset) {
                    if !Number.sumOfSquares(entry.plan.count, gradients + entry.offset).isFinite {
                        throw .diverged(task: String(head.name.dropFirst("heads.".count)), quantity: "gradient")
                    }
                }
            }
        }
        let worst = losses.max { ($0.mean ?? 0) < ($1.mean ?? 0) }
        throw .diverged(task: worst?.task.name ?? "", quantity: "gradient")
    }

    private func update(norm: Double, learningRate: Double) {
        let scale = clipNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
        optimizer.step(
            parameters: network.parameters, gradients: network.gradients, learningRate: learningRate,
            gradientScale: scale)
        network.commitStatistics()
    }
}
