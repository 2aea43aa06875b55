package import Datasets
import Glibc
package import Jobs
import Kernels
import Locks
import Weighting

/// Trains assignments: the function the worker pool is handed.
///
/// Holds nothing of a job between calls but the encoded data sets, which jobs share. Safe to call from any number of
/// threads; each call trains on its own.
package struct Trainer: Sendable {
    private let datasets: EncodedDatasetCache
    private let clock: TrainingClock
    private let processorClock: ProcessorClock?

    /// - Parameter processorClock: what `cpuSeconds` of epochs are measured with; without one they are not.
    package init(
        datasets: EncodedDatasetCache, clock: @escaping TrainingClock = Trainer.monotonicSeconds,
        processorClock: ProcessorClock? = nil
    ) {
        self.datasets = datasets
        self.clock = clock
        self.processorClock = processorClock
    }

    /// The processor's time of the calling thread and of the threads that its work runs on.
    package static let processorSeconds: ProcessorClock = { Threads.processorSeconds($0) }

    /// The machine's monotonic clock.
    package static let monotonicSeconds: TrainingClock = {
        var moment = timespec()
        clock_gettime(CLOCK_MONOTONIC, &moment)
        return Double(moment.tv_sec) + Double(moment.tv_nsec) * 1e-9
    }

    /// Trains an assignment to its end on the calling thread, which it may block for long.
    ///
    /// - Throws: what the context threw; `DataUnavailable` where a data set cannot be read now.
    package func train(
        _ assignment: TrainingAssignment, _ context: any TrainingContext
    ) throws -> TrainingOutcome {
        let granted = Threads.use(assignment.spec.threads)
        if granted != assignment.spec.threads {
            context.log(
                .warning, "this build of OpenBLAS cannot keep \(assignment.spec.threads) threads to one job; using 1")
        }
        let run: Run
        do {
            let processor = processorClock.map { processor in { @Sendable in processor(granted) } }
            run = try Run(
                assignment, datasets: datasets, context: context,
                clocks: TrainingClocks(wall: clock, processor: processor))
        } catch is PassInterrupted {
            return TrainingOutcome(unprepared: context.wish)
        } catch {
            switch (error as? DatasetError)?.kind {
            case .interrupted: return TrainingOutcome(unprepared: context.wish)
            case .unreadable(let code): throw DataUnavailable(detail: "\(error)", code: code)
            default: return .failed(.error, JobFailure(preparing: error))
            }
        }
        do {
            return try run.outcome()
        } catch let error as OutOfMemory {
            return .failed(.error, JobFailure(error))
        }
    }
}

/// One assignment under way.
private struct Run {
    let assignment: TrainingAssignment
    let context: any TrainingContext
    let dataset: EncodedDataset
    let setup: TrainingSetup
    let loop: TrainingLoop

    init(
        _ assignment: TrainingAssignment, datasets: EncodedDatasetCache, context: any TrainingContext,
        clocks: TrainingClocks
    ) throws {
        self.assignment = assignment
        self.context = context
        let spec = assignment.spec
        dataset = try datasets.encoded(
            try assignment.source(spec.dataset), validation: try assignment.source(spec.validation),
            test: try spec.test.flatMap(assignment.source), request: EncodingRequest(spec),
            isWanted: { !context.wish.letsGo })
        let tasks = zip(spec.tasks, dataset.preprocessing.targets).map { TaskPlan($0, $1) }
        let plan = try NetworkPlan(
            spec.model, input: try SignalShape(dataset.preprocessing.inputs), heads: tasks.map(\.headPlan))
        setup = TrainingSetup(
            spec: spec, tasks: tasks, plan: plan,
            data: TrainingData(
                inputs: dataset.inputs, targets: dataset.targets, training: dataset.training,
                validation: dataset.validation, test: spec.test == nil ? nil : dataset.test))
        guard setup.batches > 0 else {
            throw JobFailure(code: .datasetInvalid, detail: "no row is left to train on")
        }
        loop = try TrainingLoop(
            setup, attempt: assignment.attempt, switches: assignment.weightingSwitches, from: assignment.checkpoint,
            context: context, clocks: clocks)
        if assignment.checkpoint == nil, let bytes = assignment.initialModel { try warmStart(from: bytes) }
    }

    private func warmStart(from bytes: [UInt8]) throws {
        let taken = try WarmStart(try ModelFile(bytes)).apply(
            to: loop.step.network, tasks: setup.tasks, preprocessing: dataset.preprocessing)
        let heads = taken.isEmpty ? "no head" : "the heads of \(taken.joined(separator: ", "))"
        context.log(.info, "starts from the initial model's encoder and \(heads)")
    }

    func outcome() throws -> TrainingOutcome {
        var end = try loop.run()
        while true {
            switch end {
            case .yielded: return .yielded
            case .cancelled: return .cancelled
            case .failed(let reason, let failure): return .failed(reason, failure)
            case .finished(let reason):
                do {
                    return .succeeded(reason, try model())
                } catch is PassInterrupted {
                    end = try loop.obey() ?? end
                }
            }
        }
    }

    private func model() throws -> TrainedModel {
        loop.restoreBest()
        let validation = try loop.bestEvaluation ?? loop.evaluateModel(setup.data.validation)
        let test = try setup.data.test.flatMap { try loop.evaluateModel($0) }
        // Its arrays, then the file without and with its digest.
        try MemoryRoom.claim(try product(3, MemoryLayout<Float>.stride, setup.plan.parameters.count))
        let file = ModelFile(
            spec: assignment.spec, preprocessing: dataset.preprocessing, tasks: setup.tasks,
            network: loop.step.network, epoch: loop.bestEpoch)
        let tasks = setup.tasks.indices.map { index in
            let task = setup.tasks[index]
            return TrainedModel.Task(
                name: task.name, type: task.kind.rawValue, classes: task.classes,
                metrics: validation?.metrics[index] ?? task.unknownMetrics)
        }
        let testMetrics = test.map { test in
            Dictionary(zip(setup.tasks.map(\.name), test.metrics)) { first, _ in first }
        }
        var model = TrainedModel(
            bytes: file.encoded(), weightsSHA256: file.weightsSHA256, epoch: file.epoch, tasks: tasks,
            testMetrics: testMetrics)
        if let rows = setup.data.test, test != nil {
            for (task, target) in zip(setup.tasks, setup.data.targets) {
                model.testRows[task.name] = target.labelled(among: rows)
            }
        }
        return model
    }
}

extension TaskPlan {
    /// Of a model that was not evaluated.
    fileprivate var unknownMetrics: [String: Double?] {
        Dictionary(kind.metrics.map { ($0, nil) }) { first, _ in first }
    }
}

extension TrainingAssignment {
    fileprivate func source(_ identifier: Identifier) throws(JobFailure) -> DatasetSource {
        guard let local = datasets[identifier] else {
            throw JobFailure(code: .notFound, detail: "the data set \(identifier) is not at hand")
        }
        return DatasetSource(path: local.path, sha256: local.sha256, schema: local.schema)
    }

    /// The data set of its own that a holdout names; nil for a fraction.
    fileprivate func source(_ holdout: Holdout) throws(JobFailure) -> DatasetSource? {
        guard case .dataset(let identifier) = holdout else { return nil }
        return try source(identifier)
    }
}

extension TrainingOutcome {
    /// Of an attempt that was let go of before anything was trained: what the job was before, it still is.
    fileprivate init(unprepared wish: Wish) {
        self = wish == .cancel ? .cancelled : .yielded
    }
}

extension JobFailure {
    fileprivate init(_ error: OutOfMemory) {
        self.init(code: .outOfMemory, detail: "\(error)")
    }

    /// Why a run could not be prepared, in the words of whoever found out.
    fileprivate init(preparing error: any Error) {
        switch error {
        case let failure as JobFailure: self = failure
        case let error as OutOfMemory: self.init(error)
        case let error as DatasetError where error.kind == .outOfMemory:
            self.init(code: .outOfMemory, detail: "\(error)")
        case let error as DatasetError: self.init(code: .datasetInvalid, detail: "\(error)")
        case let error as WeightingProblems: self.init(code: .invalidSpec, detail: "\(error)")
        case let error as PlanError: self.init(code: .invalidSpec, detail: "\(error)")
        case let error as ArchiveError: self.init(code: .internal, detail: "a stored file cannot be used: \(error)")
        default: self.init(code: .internal, detail: "the run cannot be prepared: \(error)")
        }
    }
}
