package import Jobs
package import Kernels
package import Locks
package import Weighting

/// Why a step did not happen.
package enum StepStop: Error, Hashable {
    case interrupted
    /// A loss or a gradient is infinite or not a number.
    case diverged(task: String, quantity: String)
    /// There is no memory for the tasks' gradients.
    case outOfMemory(OutOfMemory)
}

/// One optimiser step after another on mini-batches: forward, losses, weights, backward, clip, update.
///
/// All large memory is made before the first step. A step that is interrupted or diverges changes nothing: parameters,
/// running statistics, moments and weighting stay those of the step before.
package final class TrainingStep<Number: Real> {
    package let network: Network<Number>
    package let optimizer: Optimizer<Number>
    package private(set) var weighting: TaskWeighting

    let losses: [TaskLoss<Number>]
    private let batch: InputBatch<Number>
    private let clipNorm: Double?
    private let seed: UInt64
    private let observesGradients: Bool
    private var outputs: [UnsafePointer<Number>] = []
    /// One a task: where its loss writes the gradient of its outputs.
    private let dOutputs: [UnsafeMutablePointer<Number>]
    /// Made when the first strategy needs it.
    private var gradients: TaskGradients<Number>?

    /// What one step showed.
    package struct Report: Sendable {
        /// One a task, over all mini-batches of the step.
        package var losses: [LossSum]
        /// Of the whole update direction before clipping.
        package var gradientNorm: Double
        package var trunkBackwards: Int
        /// Inner products of the tasks' gradients, with diagnostics only.
        package var gramian: SquareMatrix?
    }

    /// - Parameter observesGradients: whether reports carry the tasks' inner products, at the price of one backward pass a
    ///   task.
    package init(
        network: Network<Number>, tasks: [TaskPlan], optimizer: OptimizerSpec, weighting: TaskWeighting,
        clipNorm: Double? = nil, seed: UInt64, observesGradients: Bool = false
    ) throws {
        self.network = network
        self.optimizer = try Optimizer(optimizer, parameters: network.plan.parameters.count)
        self.weighting = weighting
        self.clipNorm = clipNorm
        self.seed = seed
        self.observesGradients = observesGradients
        batch = try InputBatch(network.plan.input, rowsMax: network.rowsMax)
        var losses: [TaskLoss<Number>] = []
        for task in tasks { losses.append(try TaskLoss(task, rowsMax: network.rowsMax)) }
        self.losses = losses
        dOutputs = losses.map(\.dOutputs.pointer)
        outputs.reserveCapacity(tasks.count)
    }

    /// Goes on with another weighting. To be called at epoch boundaries.
    package func replaceWeighting(_ weighting: TaskWeighting) {
        self.weighting = weighting
        gradients = nil
    }

    /// Ends an epoch for the weighting.
    package func finishEpoch(meanLosses: [Double?]) -> EpochWeights {
        weighting.finishEpoch(meanLosses: meanLosses)
    }

    /// Mini-batches that a step of the present strategy takes.
    package var batchesPerStep: Int { weighting.cost.batchesPerStep }

    private var needsTaskGradients: Bool {
        weighting.descriptor.kind == .gradient || observesGradients
    }

    /// Trains on some rows.
    ///
    /// - Parameters:
    ///   - batches: as many as the strategy takes, each of indices into the data, no more than the network has memory for.
    ///   - isWanted: asked between layers; false ends the step without a trace.
    package func run(
        _ batches: [UnsafeBufferPointer<Int32>], of data: TrainingData, learningRate: Double, isWanted: () -> Bool
    ) throws(StepStop) -> Report {
        var report = Report(
            losses: Array(repeating: LossSum(), count: losses.count), gradientNorm: 0, trunkBackwards: 0)
        if weighting.gradientInput == .lastSharedLayer, !observesGradients, network.knowsLastSharedLayer {
            try lastLayerStep(batches[0], of: data, &report, isWanted)
        } else if needsTaskGradients {
            try gradientStep(batches, of: data, &report, isWanted)
        } else {
            try lossStep(batches[0], of: data, &report, isWanted)
        }
        update(norm: report.gradientNorm, learningRate: learningRate)
        if weighting.descriptor.kind == .loss, weighting.cost.forwards > 1 { observeAfterStep(batches[0].count) }
        return report
    }

    /// One backward pass over the sum of the weighted losses.
    private func lossStep(
        _ rows: UnsafeBufferPointer<Int32>, of data: TrainingData, _ report: inout Report, _ isWanted: () -> Bool
    ) throws(StepStop) {
        let pass = try forward(rows, of: data, part: 0, &report, isWanted)
        let before = weighting
        do throws(StepStop) {
            let coefficients = coefficients()
            for task in losses.indices { losses[task].scaleGradient(by: coefficients[task], rows: pass.rows) }
            try interruptible { () throws(PassInterrupted) in
                try network.backward(dOutputs, pass, isWanted: isWanted)
            }
            report.trunkBackwards = 1
            report.gradientNorm = try gradientNorm()
        } catch {
            weighting = before
            throw error
        }
    }

    /// Draws of the weighting are a function of the seed and the step.
    private func coefficients() -> [Double] {
        var stream = RandomStream(seed: seed, name: "weighting", part: UInt64(optimizer.steps))
        return weighting.coefficients(losses: losses.map { $0.mean }, using: &stream)
    }

    /// FAMO's second look: the same rows and masks, batch statistics that are not kept, and no word in any metric.
    private func observeAfterStep(_ rows: Int) {
        let pass = network.pass(
            batch, rows: rows, mode: .training, seed: seed, step: UInt64(optimizer.steps - 1) * Self.partsPerStep)
        // It belongs to the step that has been made, so nothing interrupts it.
        try? network.forward(batch.values, pass, outputs: &outputs, isWanted: { true })
        for (loss, output) in zip(losses, outputs) { loss.evaluate(output, rows: rows) }
        weighting.observeAfterStep(losses: losses.map(\.mean))
    }

    /// More than the mini-batches of any step, so that each has random numbers of its own.
    private static var partsPerStep: UInt64 { 4 }

    /// Runs a mini-batch forward and takes the losses.
    ///
    /// - Parameter part: which mini-batch of the step this is.
    private func forward(
        _ rows: UnsafeBufferPointer<Int32>, of data: TrainingData, part: Int, _ report: inout Report,
        _ isWanted: () -> Bool
    ) throws(StepStop) -> Pass<Number> {
        batch.gather(rows, from: data.inputs)
        // By index: where this code is not compiled for one precision, sequences of pairs ask for memory.
        for task in losses.indices { losses[task].gather(rows, from: data.targets[task]) }
        // Every random draw of this pass is a function of the seed and this number.
        let step = UInt64(optimizer.steps) * Self.partsPerStep + UInt64(part)
        let pass = network.pass(batch, rows: rows.count, mode: .training, seed: seed, step: step)
        try interruptible { () throws(PassInterrupted) in
            try network.forward(batch.values, pass, outputs: &outputs, isWanted: isWanted)
        }
        for index in losses.indices {
            let loss = losses[index]
            loss.evaluate(outputs[index], rows: rows.count)
            guard loss.sum.sum.isFinite else { throw .diverged(task: loss.task.name, quantity: "loss") }
            report.losses[index] += loss.sum
        }
        return pass
    }

    private func interruptible(
        _ body: () throws(PassInterrupted) -> Void
    ) throws(StepStop) {
        do {
            try body()
        } catch {
            throw .interrupted
        }
    }

    private func update(norm: Double, learningRate: Double) {
        let scale = clipNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
        optimizer.step(
            parameters: network.parameters, gradients: network.gradients, learningRate: learningRate,
            gradientScale: scale)
        network.commitStatistics()
    }
}

// MARK: - Gradients by task

extension TrainingStep {
    /// One backward pass a task, whose gradients the strategy combines.
    private func gradientStep(
        _ batches: [UnsafeBufferPointer<Int32>], of data: TrainingData, _ report: inout Report,
        _ isWanted: () -> Bool
    ) throws(StepStop) {
        let gradients = try taskGradients()
        let input = weighting.gradientInput
        var cross: SquareMatrix?
        for (part, rows) in batches.enumerated() {
            let pass = try forward(rows, of: data, part: part, &report, isWanted)
            for loss in losses { loss.scaleGradient(by: 1, rows: pass.rows) }
            try backwardEachTask(pass, gradients, &report, isWanted)
            guard input == .crossGramian else { continue }
            if part == 0 { gradients.keepAsEarlier() }
            if part == 1 { cross = gradients.crossGramian() }
        }
        let whole = observesGradients || input == .gramian ? gradients.gramian(over: sharedRange) : nil
        report.gramian = observesGradients ? whole : nil
        // Nothing interrupts the step from here on, so the strategy may remember it.
        switch weighting.descriptor.kind {
        case .loss:
            let coefficients = coefficients()
            gradients.combine(coefficients, into: network.gradients.pointer)
            for (range, coefficient) in zip(network.plan.headRanges, coefficients) {
                Number.scale(range.count, by: Number(coefficient), network.gradients.pointer + range.lowerBound)
            }
        case .gradient:
            let gramian: SquareMatrix =
                switch input {
                case .gramian: whole ?? SquareMatrix(size: losses.count)
                case .crossGramian: cross ?? SquareMatrix(size: losses.count)
                case .lastSharedLayer: gradients.squares(over: network.plan.lastSharedLayerRange)
                case .none, .vectors: gradients.gramian(over: sharedRange)
                }
            let update = direction(gramian, gradients, readsVectors: input == .vectors)
            if case .combination(let coefficients) = update {
                gradients.combine(coefficients, into: network.gradients.pointer)
            }
        }
        report.gradientNorm = try gradientNorm()
    }

    /// Each task's gradient at the last shared layer alone, then one backward pass over the trunk with what the strategy
    /// makes of their norms.
    private func lastLayerStep(
        _ rows: UnsafeBufferPointer<Int32>, of data: TrainingData, _ report: inout Report, _ isWanted: () -> Bool
    ) throws(StepStop) {
        let gradients = try taskGradients()
        let pass = try forward(rows, of: data, part: 0, &report, isWanted)
        var signals: [UnsafePointer<Number>] = []
        for (task, loss) in losses.enumerated() {
            guard isWanted() else { throw .interrupted }
            loss.scaleGradient(by: 1, rows: pass.rows)
            let dTrunkOutput = network.backwardHead(task, loss.dOutputs.pointer, pass)
            signals.append(gradients.keepSignal(task, dTrunkOutput, count: pass.rows * network.trunkWidth))
            network.backwardLastSharedLayer(dTrunkOutput, pass, gradients: gradients.row(task))
        }
        let before = weighting
        do throws(StepStop) {
            let squares = gradients.squares(over: network.plan.lastSharedLayerRange)
            guard case .combination(let coefficients) = direction(squares, gradients, readsVectors: false) else {
                return assertionFailure("a strategy that reads norms has written a direction")
            }
            try interruptible { () throws(PassInterrupted) in
                try network.backwardTrunk(combining: signals, coefficients, pass, isWanted: isWanted)
            }
            gradients.combine(
                coefficients, over: network.plan.lastSharedLayerRange, into: network.gradients.pointer)
            report.trunkBackwards = 1
            report.gradientNorm = try gradientNorm()
        } catch {
            weighting = before
            throw error
        }
    }

    private var sharedRange: Range<Int> { 0..<network.plan.sharedCount }

    private func taskGradients() throws(StepStop) -> TaskGradients<Number> {
        if let gradients { return gradients }
        do {
            let made = try TaskGradients<Number>(
                tasks: losses.count, width: network.plan.sharedCount,
                keepsEarlier: weighting.gradientInput == .crossGramian,
                signalWidth: weighting.gradientInput == .lastSharedLayer ? network.rowsMax * network.trunkWidth : 0)
            gradients = made
            return made
        } catch {
            // Planned with the job's memory, so its size has been counted.
            throw .outOfMemory(error as? OutOfMemory ?? OutOfMemory(bytes: .max))
        }
    }

    /// Writes each labelled task's gradient on the shared parameters into its row, and on its head into its place.
    private func backwardEachTask(
        _ pass: Pass<Number>, _ gradients: TaskGradients<Number>, _ report: inout Report, _ isWanted: () -> Bool
    ) throws(StepStop) {
        for (task, loss) in losses.enumerated() {
            guard isWanted() else { throw .interrupted }
            // Without labels the gradient of the outputs is 0, and so is that of the head.
            let dTrunkOutput = network.backwardHead(task, loss.dOutputs.pointer, pass)
            guard loss.mean != nil else {
                gradients.clear(task)
                continue
            }
            try interruptible { () throws(PassInterrupted) in
                try network.backwardTrunk(dTrunkOutput, pass, gradients: gradients.row(task), isWanted: isWanted)
            }
            report.trunkBackwards += 1
        }
    }

    /// What the strategy makes of the gradients; where it writes the direction itself, it stands in the network's gradients.
    private func direction(
        _ gramian: SquareMatrix, _ gradients: TaskGradients<Number>, readsVectors: Bool
    ) -> UpdateDirection {
        var stream = RandomStream(seed: seed, name: "weighting", part: UInt64(optimizer.steps))
        let means = losses.map(\.mean)
        let width = network.plan.sharedCount
        return Number.withFloats(readsVectors ? gradients.count : 0, gradients.start) { rows in
            Number.withFloats(width, network.gradients.pointer) { shared in
                var direction = MutableSpan(_unsafeStart: shared, count: width)
                return weighting.direction(
                    losses: means, gramian: gramian,
                    gradients: Span(_unsafeStart: rows, count: readsVectors ? gradients.count : 0), into: &direction,
                    using: &stream)
            }
        }
    }

    /// The norm of the whole gradient; a gradient that is not finite is laid at the door of the task whose head has one,
    /// or else of the task with the largest loss.
    private func gradientNorm() throws(StepStop) -> Double {
        let gradients = UnsafePointer(network.gradients.pointer)
        let squares = Number.sumOfSquares(network.gradients.count, gradients)
        if squares.isFinite { return squares.squareRoot() }
        for (loss, range) in zip(losses, network.plan.headRanges) {
            if !Number.sumOfSquares(range.count, gradients + range.lowerBound).isFinite {
                throw .diverged(task: loss.task.name, quantity: "gradient")
            }
        }
        let worst = losses.max { ($0.mean ?? 0) < ($1.mean ?? 0) }
        throw .diverged(task: worst?.task.name ?? "", quantity: "gradient")
    }
}
