import Jobs
import Kernels
import Weighting

/// One attempt at a job, from its first or its checkpointed step to its end, on the calling thread.
///
/// Everything it computes is a function of the setup: clocks decide only when to write checkpoints and when the time is
/// up, never a number. So a run that was cut anywhere and resumed gives the same bytes as one that was not.
final class TrainingLoop {
    enum End {
        case finished(FinishReason)
        case yielded
        case cancelled
        case failed(FinishReason, JobFailure)
    }

    let setup: TrainingSetup
    let step: TrainingStep<Float>
    var state: RunState
    /// Parameters and statistics of the best epoch.
    let bestParameters: AlignedBuffer<Float>
    let bestStatistics: AlignedBuffer<Float>
    /// What the best epoch showed; nil before the first one ends.
    var bestEvaluation: Evaluation?

    private let evaluator: Evaluator<Float>
    private let context: any TrainingContext
    private let attempt: Int
    private let switches: [WeightingSwitch]
    private let clock: TrainingClock
    private let processorClock: (@Sendable () -> Double)?
    private let monitor: Monitor
    private let learningRate: LearningRate
    /// The epoch's order of the training rows.
    let order: AlignedBuffer<Int32>
    private var orderedEpoch = -1
    private var lastMoment: Double
    private var lastProcessorMoment = 0.0
    private var lastCheckpoint: Double
    /// When a stop was first seen by the evaluation of the model.
    private var stopSeen: Double?

    /// A stop is to take effect within a second; small sets are evaluated all the same.
    private static let secondsOfEvaluationAfterStop = 0.2

    /// - Parameter checkpoint: of the same job, to go on from; without one the parameters are drawn.
    /// - Throws: also what `restore` throws; `PassInterrupted` for a pause or a cancel.
    init(
        _ setup: TrainingSetup, attempt: Int, switches: [WeightingSwitch], from checkpoint: [UInt8]? = nil,
        context: any TrainingContext, clocks: TrainingClocks
    ) throws {
        self.setup = setup
        self.context = context
        self.attempt = attempt
        self.switches = switches
        clock = clocks.wall
        processorClock = clocks.processor
        let network = try Network<Float>(setup.plan, rowsMax: setup.rowsMax)
        step = try TrainingStep(
            network: network, tasks: setup.tasks, optimizer: setup.spec.optimizer,
            weighting: TaskWeighting(setup.spec.weighting, tasks: setup.tasks.map(\.weighted)),
            clipNorm: setup.spec.gradientClipNorm, seed: setup.spec.seed, observesGradients: setup.spec.diagnostics)
        evaluator = try Evaluator(network, tasks: setup.tasks)
        state = RunState(tasks: setup.tasks.count)
        bestParameters = try AlignedBuffer(count: network.parameters.count)
        bestStatistics = try AlignedBuffer(count: network.statistics.count)
        monitor = Monitor(setup.spec.earlyStopping)
        learningRate = LearningRate(
            base: setup.spec.optimizer.learningRate, schedule: setup.spec.schedule, epochs: setup.spec.epochs)
        order = try AlignedBuffer(count: setup.data.training.count)
        lastMoment = clocks.wall()
        lastCheckpoint = lastMoment
        if let checkpoint {
            try restore(checkpoint)
        } else {
            try network.initialize(seed: setup.spec.seed) { () throws(PassInterrupted) in
                try PassInterrupted.check { !context.wish.letsGo }
            }
        }
    }

    /// - Throws: what the context threw.
    func run() throws -> End {
        lastMoment = clock()
        lastCheckpoint = lastMoment
        lastProcessorMoment = processorClock?() ?? 0
        while true {
            if let end = try obey() ?? reasonToFinish().map(End.finished) { return end }
            try beginEpoch()
            shuffle()
            if let end = try trainEpoch() ?? closeEpoch() { return end }
        }
    }

    // MARK: - Ends

    /// What the owner's wish makes of the run now; nil to go on.
    func obey() throws -> End? {
        switch context.wish {
        case .goOn: return nil
        case .cancel: return .cancelled
        case .stop: return .finished(.stopped)
        case .pause:
            tick()
            tickProcessor()
            try context.save(checkpoint(.interim))
            return .yielded
        }
    }

    private func reasonToFinish() -> FinishReason? {
        if state.epoch >= setup.spec.epochs { return .completed }
        if let patience = setup.spec.earlyStopping?.patience, state.epochsSinceBest >= patience {
            return .earlyStopped
        }
        if let limit = setup.spec.maxRuntimeSeconds, state.totalSeconds >= Double(limit) { return .maxRuntime }
        return nil
    }

    // MARK: - An epoch

    /// Says that the epoch is begun or gone on with. A change of weighting belongs to its start only.
    private func beginEpoch() throws {
        let epoch = state.epoch + 1
        let change = try context.begin(epoch: epoch)
        guard state.batch == 0, let change = switches.last(where: { $0.fromEpoch == epoch }) ?? change else { return }
        step.replaceWeighting(
            try step.weighting.switched(to: change.weighting, tasks: setup.tasks.map(\.weighted)))
        context.log(.info, "from epoch \(epoch) on the weighting is \(change.weighting.strategy)")
    }

    /// The order is drawn from the epoch's own stream, so it needs no memory of the epochs before.
    private func shuffle() {
        guard orderedEpoch != state.epoch else { return }
        order.copy(from: setup.data.training)
        var stream = RandomStream(seed: setup.spec.seed, name: "shuffle", part: UInt64(state.epoch))
        stream.shuffle(order.span)
        orderedEpoch = state.epoch
    }

    /// The steps that are left of the epoch.
    private func trainEpoch() throws -> End? {
        let batchesPerStep = step.batchesPerStep
        let steps = setup.steps(batchesPerStep: batchesPerStep)
        while state.steps < steps {
            let batches = (0..<batchesPerStep).map { rows(ofBatch: (state.batch + $0) % setup.batches) }
            let rate = learningRate.rate(epoch: state.epoch, step: state.steps, stepsPerEpoch: steps)
            do {
                let report = try step.run(
                    batches, of: setup.data, learningRate: rate, isWanted: { context.wish == .goOn })
                state.add(report, rows: batches.reduce(0) { $0 + $1.count }, batches: batchesPerStep)
            } catch .interrupted {
                if let end = try obey() { return end }
            } catch .diverged(let task, let quantity) {
                return .failed(.diverged, divergence(task: task, quantity: quantity))
            } catch .outOfMemory(let error) {
                throw error
            }
            tick()
            reportProgress(steps * batchesPerStep)
            if let limit = setup.spec.maxRuntimeSeconds, state.totalSeconds >= Double(limit) {
                return .finished(.maxRuntime)
            }
            try saveInterimIfDue()
        }
        return nil
    }

    private func rows(ofBatch index: Int) -> UnsafeBufferPointer<Int32> {
        let positions = setup.rows(ofBatch: index)
        return UnsafeBufferPointer(
            start: UnsafePointer(order.pointer) + positions.lowerBound, count: positions.count)
    }

    private func divergence(task: String, quantity: String) -> JobFailure {
        JobFailure(
            code: .diverged,
            detail: "the \(quantity) of task \"\(task)\" is not finite in epoch \(state.epoch + 1), "
                + "batch \(state.batch + 1)")
    }

    /// Validates and records the epoch whose batches are all done.
    private func closeEpoch() throws -> End? {
        let evaluation: Evaluation
        do {
            evaluation = try evaluate(setup.data.validation)
        } catch is PassInterrupted {
            // The next round obeys; nothing of the epoch's end has happened yet.
            return try obey()
        }
        tick()
        tickProcessor()
        let weights = step.finishEpoch(meanLosses: state.meanLosses)
        noteBest(evaluation)
        let record = epochRecord(evaluation, weights)
        state.finishEpoch()
        let isLast = state.epoch >= setup.spec.epochs
        let isDue = isLast || state.epoch % max(setup.spec.checkpoint.everyEpochs, 1) == 0
        try context.report(record, checkpoint: isDue ? checkpoint(.epoch) : nil)
        if isDue { lastCheckpoint = clock() }
        return nil
    }

    func evaluate(_ rows: [Int32]) throws -> Evaluation {
        try evaluator.evaluate(rows, of: setup.data, isWanted: { context.wish == .goOn })
    }

    /// How the model that is being handed over does on some rows; nil where a stop leaves no time to find out.
    func evaluateModel(_ rows: [Int32]) throws -> Evaluation? {
        do {
            return try evaluator.evaluate(rows, of: setup.data, isWanted: mayEvaluateModel)
        } catch let error as PassInterrupted {
            guard context.wish == .stop else { throw error }
            return nil
        }
    }

    private func mayEvaluateModel() -> Bool {
        let wish = context.wish
        guard wish == .stop else { return !wish.letsGo }
        let now = clock()
        let begin = stopSeen ?? now
        stopSeen = begin
        return now - begin < Self.secondsOfEvaluationAfterStop
    }

    private func epochRecord(_ evaluation: Evaluation, _ weights: EpochWeights) -> EpochRecord {
        let means = state.meanLosses
        let tasks = setup.tasks.indices.map { index in
            let validation = evaluation.losses[index]
            return EpochRecord.Task(
                name: setup.tasks[index].name, weight: weights.weights[index], weightShare: weights.shares[index],
                trainLoss: means[index], validationLoss: validation.normaliser > 0 ? finite(validation.mean) : nil,
                metrics: evaluation.metrics[index].mapValues { $0.flatMap(finite) },
                gradientNorm: state.diagnostics.norm(index), best: best(of: index))
        }
        let known = means.compactMap { $0 }
        return EpochRecord(
            epoch: state.epoch + 1, attempt: attempt,
            learningRate: learningRate.rate(
                epoch: state.epoch, step: max(state.steps - 1, 0),
                stepsPerEpoch: setup.steps(batchesPerStep: step.batchesPerStep)),
            seconds: state.epochSeconds,
            samplesPerSecond: state.epochSeconds > 0 ? Double(state.samples) / state.epochSeconds : 0,
            trainLoss: known.isEmpty ? nil : known.reduce(0, +), validationLoss: evaluation.totalLoss.flatMap(finite),
            gradientNorm: state.steps > 0 ? state.gradientNorms / Double(state.steps) : nil, tasks: tasks,
            bestEpoch: state.best?.epoch, strategy: step.weighting.descriptor.name,
            gradientCosine: setup.spec.diagnostics ? state.diagnostics.cosines : nil,
            backwardPasses: state.trunkBackwards,
            solverFallbacks: weights.solverFallbacks, cpuSeconds: processorClock == nil ? nil : state.epochCPUSeconds)
    }

    private func best(of index: Int) -> TaskBest? {
        let task = setup.tasks[index]
        guard let metric = task.kind.metrics.first, let best = state.bestOfTask[index] else { return nil }
        return TaskBest(task: task.name, metric: metric, value: best.value, epoch: best.epoch)
    }

    /// Keeps the parameters if this epoch is the best so far; without a monitored value the latest is.
    private func noteBest(_ evaluation: Evaluation) {
        let epoch = state.epoch + 1
        for (index, task) in setup.tasks.enumerated() {
            guard let metric = task.kind.metrics.first, let value = evaluation.metrics[index][metric] ?? nil else {
                continue
            }
            if let best = state.bestOfTask[index], !Monitor.isBetter(metric, value, than: best.value) { continue }
            state.bestOfTask[index] = .init(epoch: epoch, value: value)
        }
        let value = monitor.value(evaluation, tasks: setup.tasks).flatMap(finite)
        if let value, monitor.isBetter(value, than: state.best?.value) {
            state.best = .init(epoch: epoch, value: value)
            state.epochsSinceBest = 0
        } else if value == nil, state.best == nil {
            state.epochsSinceBest = 0
        } else {
            state.epochsSinceBest += 1
            return
        }
        bestEvaluation = evaluation
        bestParameters.copy(from: step.network.parameters.span)
        bestStatistics.copy(from: step.network.statistics.span)
    }

    /// The epoch whose parameters a finished run hands over: the best, or the latest where nothing was monitored.
    var bestEpoch: Int { state.best?.epoch ?? state.epoch }

    /// Puts the parameters of the best epoch into the network, if there is one.
    func restoreBest() {
        guard bestEvaluation != nil else { return }
        step.network.parameters.copy(from: bestParameters.span)
        step.network.statistics.copy(from: bestStatistics.span)
    }

    // MARK: - Time and progress

    private func tick() {
        let now = clock()
        let passed = max(0, now - lastMoment)
        lastMoment = now
        state.epochSeconds += passed
        state.totalSeconds += passed
    }

    /// Asking is not free with several threads, so it is done at the ends of epochs and before checkpoints only.
    private func tickProcessor() {
        guard let processorClock else { return }
        let now = processorClock()
        state.epochCPUSeconds += max(0, now - lastProcessorMoment)
        lastProcessorMoment = now
    }

    private func reportProgress(_ batches: Int) {
        let speed = state.epochSeconds > 0 ? Double(state.samples) / state.epochSeconds : 0
        context.report(
            TrainingProgress(
                epoch: state.epoch + 1, epochs: setup.spec.epochs, batch: state.batch, batches: batches,
                samplesPerSecond: speed))
    }

    private func saveInterimIfDue() throws {
        guard let interval = setup.spec.checkpoint.everySeconds, lastMoment - lastCheckpoint >= Double(interval) else {
            return
        }
        tickProcessor()
        try context.save(checkpoint(.interim))
        lastCheckpoint = clock()
    }
}

/// Seconds since some fixed moment; never runs backwards.
package typealias TrainingClock = @Sendable () -> Double

/// The processor's seconds of the calling thread and of so many threads that work for it.
package typealias ProcessorClock = @Sendable (Int) -> Double

/// What a run is timed with.
struct TrainingClocks: Sendable {
    let wall: TrainingClock
    /// Nil where the processor's time is not measured.
    var processor: (@Sendable () -> Double)?
}

private func finite(_ value: Double) -> Double? {
    value.isFinite ? value : nil
}
