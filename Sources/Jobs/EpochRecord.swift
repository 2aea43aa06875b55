/// What one epoch of a run showed.
package struct EpochRecord: Sendable, Hashable {
    /// One task in this epoch.
    package struct Task: Sendable, Hashable {
        package var name: String
        /// The effective weight, mean over the batches where the task had labels; nil if there were none.
        package var weight: Double?
        /// weight / Σ|weight|.
        package var weightShare: Double?
        /// The unweighted mean over labelled rows as seen in training.
        package var trainLoss: Double?
        package var validationLoss: Double?
        /// On the validation part, by name (`accuracy`, `rmse`, …); nil when undefined.
        package var metrics: [String: Double?]
        /// The norm of the task's gradient on the shared parameters, mean over batches; with `diagnostics` only.
        package var gradientNorm: Double?
        /// The best so far of the task's first metric; nil while it was never defined.
        package var best: TaskBest?

        package init(
            name: String, weight: Double?, weightShare: Double?, trainLoss: Double?, validationLoss: Double?,
            metrics: [String: Double?] = [:], gradientNorm: Double? = nil, best: TaskBest? = nil
        ) {
            self.name = name
            self.weight = weight
            self.weightShare = weightShare
            self.trainLoss = trainLoss
            self.validationLoss = validationLoss
            self.metrics = metrics
            self.gradientNorm = gradientNorm
            self.best = best
        }
    }

    /// Counts from 1.
    package var epoch: Int
    /// The attempt that recorded it.
    package var attempt: Int
    /// At the end of the epoch.
    package var learningRate: Double
    package var seconds: Double
    package var samplesPerSecond: Double
    /// The sums of the tasks' losses, unweighted; nil when no task has one.
    package var trainLoss: Double?
    package var validationLoss: Double?
    /// The mean over batches of the norm of the update direction before clipping.
    package var gradientNorm: Double?
    package var tasks: [Task]
    /// The epoch that is best so far by what the job is judged by; nil while that was never defined. Kept with the job.
    package var bestEpoch: Int?
    /// The strategy in force.
    package var strategy: String
    /// Cosines between the tasks' gradients on the shared parameters, `[task][task]`; with `diagnostics` only.
    package var gradientCosine: [[Double?]]?
    /// Backward passes over the trunk in this epoch.
    package var backwardPasses: Int?
    /// Steps whose weighting program could not be solved, so that the previous weights were used.
    package var solverFallbacks: Int?
    /// Of the processor, over all threads of the run; nil where it was not measured. Kept for comparisons.
    package var cpuSeconds: Double?

    package init(
        epoch: Int, attempt: Int, learningRate: Double, seconds: Double, samplesPerSecond: Double, trainLoss: Double?,
        validationLoss: Double?, gradientNorm: Double? = nil, tasks: [Task], bestEpoch: Int? = nil, strategy: String,
        gradientCosine: [[Double?]]? = nil, backwardPasses: Int? = nil, solverFallbacks: Int? = nil,
        cpuSeconds: Double? = nil
    ) {
        self.epoch = epoch
        self.attempt = attempt
        self.learningRate = learningRate
        self.seconds = seconds
        self.samplesPerSecond = samplesPerSecond
        self.trainLoss = trainLoss
        self.validationLoss = validationLoss
        self.gradientNorm = gradientNorm
        self.tasks = tasks
        self.bestEpoch = bestEpoch
        self.strategy = strategy
        self.gradientCosine = gradientCosine
        self.backwardPasses = backwardPasses
        self.solverFallbacks = solverFallbacks
        self.cpuSeconds = cpuSeconds
    }
}
