/// A job as its owner sees it: what was asked for, where it stands, what came of it.
package struct Job: Sendable, Hashable {
    package var id: Identifier
    package var owner: String
    package var name: String?
    package var state: JobState
    /// Counts from 1 and grows whenever the job returns to the queue: the fencing token of its workers.
    package var attempt: Int
    /// Process deaths in a row that left neither an epoch nor a checkpoint behind.
    package var crashes: Int
    package var finishReason: FinishReason?
    package var failure: JobFailure?
    package var dataset: Identifier
    /// The comparison that it is a run of.
    package var comparison: Identifier?
    package var model: Identifier?
    package var bestEpoch: Int?
    /// Of each task that has been measured, in the spec's order.
    package var best: [TaskBest]
    /// The spec with every default filled in, as JSON text.
    package var spec: String
    /// The last change of weighting that was asked for; nil while the spec's counts.
    package var weightingSwitch: WeightingSwitch?
    package var priority: Int
    package var labels: [String: String]
    package var deadline: Timestamp?
    /// The owner asked to end the job with its best model.
    package var wantsStop: Bool
    /// From 1; nil unless queued.
    package var queuePosition: Int?
    package var waitingReason: WaitingReason?
    package var memoryBytes: Int?
    package var progress: JobProgress
    package var weightsSHA256: String?
    package var createdAt: Timestamp
    /// When the first batch was about to be trained.
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// Grows with every durable change.
    package var revision: Int
    /// Grows, at most once a second, with what is shown of the job without being durable.
    package var tick: Int

    package init(
        id: Identifier, owner: String, name: String?, state: JobState, attempt: Int, crashes: Int,
        finishReason: FinishReason?, failure: JobFailure?, dataset: Identifier, comparison: Identifier? = nil,
        model: Identifier?,
        bestEpoch: Int?, best: [TaskBest] = [],
        spec: String, weightingSwitch: WeightingSwitch? = nil, priority: Int, labels: [String: String],
        deadline: Timestamp?, wantsStop: Bool,
        queuePosition: Int?, waitingReason: WaitingReason?, memoryBytes: Int?, progress: JobProgress,
        weightsSHA256: String?, createdAt: Timestamp, startedAt: Timestamp?, finishedAt: Timestamp?, revision: Int,
        tick: Int
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.state = state
        self.attempt = attempt
        self.crashes = crashes
        self.finishReason = finishReason
        self.failure = failure
        self.dataset = dataset
        self.comparison = comparison
        self.model = model
        self.bestEpoch = bestEpoch
        self.best = best
        self.spec = spec
        self.weightingSwitch = weightingSwitch
        self.priority = priority
        self.labels = labels
        self.deadline = deadline
        self.wantsStop = wantsStop
        self.queuePosition = queuePosition
        self.waitingReason = waitingReason
        self.memoryBytes = memoryBytes
        self.progress = progress
        self.weightsSHA256 = weightsSHA256
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.revision = revision
        self.tick = tick
    }
}

/// Where a job's training stands.
package struct JobProgress: Sendable, Hashable {
    /// The epoch being trained while a worker holds the job, otherwise the last one recorded; 0 before the first.
    package var epoch: Int
    package var epochs: Int
    /// Batches done in this epoch, of `batches`; nil while nothing trains.
    package var batch: Int?
    package var batches: Int?
    /// Of the whole job, 0…1.
    package var fraction: Double
    package var samplesPerSecond: Double?
    package var etaSeconds: Double?

    package init(
        epoch: Int, epochs: Int, batch: Int? = nil, batches: Int? = nil, fraction: Double,
        samplesPerSecond: Double? = nil, etaSeconds: Double? = nil
    ) {
        self.epoch = epoch
        self.epochs = epochs
        self.batch = batch
        self.batches = batches
        self.fraction = fraction
        self.samplesPerSecond = samplesPerSecond
        self.etaSeconds = etaSeconds
    }
}

/// Why a job that could run does not.
package enum WaitingReason: String, Sendable, Hashable, CaseIterable {
    /// All workers are busy, or jobs before it wait.
    case workers
    /// It wants more threads than are free.
    case threads
    /// With the running jobs it would take more memory than they may take together.
    case memory
    /// It crashed the process before and runs alone, or another such job does.
    case isolation
    /// Its owner's jobs use up what they may at a time.
    case quota
    /// The disk takes no writes; training is held in memory.
    case disk
    /// The server is going down.
    case draining
}
