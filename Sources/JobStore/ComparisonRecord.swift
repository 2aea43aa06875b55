package import Jobs

/// A comparison about to be accepted, with all its jobs.
package struct NewComparison: Sendable {
    /// One run: which it is, as JSON, and its job.
    package struct Run: Sendable {
        package var key: JSONValue
        package var job: NewJob

        package init(key: JSONValue, job: NewJob) {
            self.key = key
            self.job = job
        }
    }

    package var id: Identifier
    package var owner: String
    package var name: String?
    package var dataset: Identifier
    /// As submitted.
    package var request: JSONValue
    package var metrics: JSONValue
    package var runs: [Run]

    package init(
        id: Identifier, owner: String, name: String?, dataset: Identifier, request: JSONValue, metrics: JSONValue,
        runs: [Run]
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.dataset = dataset
        self.request = request
        self.metrics = metrics
        self.runs = runs
    }
}

/// Where a comparison stands, made of the states of its jobs.
package enum ComparisonState: String, Sendable, Hashable, CaseIterable {
    /// No job has begun.
    case queued
    case running
    /// What is not over is paused.
    case paused
    /// What was left was cancelled, and a worker has yet to obey.
    case cancelling
    /// All jobs are over, and at least one has succeeded.
    case succeeded
    /// All jobs are over, none has succeeded, and at least one has failed.
    case failed
    /// What was left was cancelled, or every job was.
    case cancelled

    package var isOver: Bool {
        switch self {
        case .queued, .running, .paused, .cancelling: false
        case .succeeded, .failed, .cancelled: true
        }
    }
}

/// A comparison as it stands in the store.
package struct ComparisonRecord: Sendable, Hashable {
    package struct Run: Sendable, Hashable {
        package var job: Identifier
        /// Which run it is, as JSON.
        package var key: JSONValue
        /// Of its job; nil when that was deleted.
        package var state: JobState?
        package var outcome: Outcome?
        package var end = ComparisonRunEnd()
    }

    /// What a run came to.
    package struct Outcome: Sendable, Hashable {
        /// The epoch whose parameters were taken.
        package var epoch: Int
        /// The unweighted sum of the tasks' validation losses there.
        package var validationLoss: Double?
        package var testMetrics: [String: [String: Double?]]
        /// The epochs' durations together.
        package var seconds: Double
    }

    /// How many runs are where. Of a deleted job it counts whether it had succeeded.
    package struct Progress: Sendable, Hashable {
        package var queued = 0
        package var running = 0
        package var paused = 0
        package var succeeded = 0
        package var failed = 0
        /// By command, or because a deadline passed in the queue.
        package var cancelled = 0
        /// Of all epochs to train, 0…1; a run that is over counts as done.
        package var fraction = 0.0

        package var runs: Int { queued + running + paused + succeeded + failed + cancelled }

        mutating func add(_ count: Int, _ state: JobState) {
            switch state {
            case .queued: queued += count
            case .starting, .running, .pausing, .cancelling: running += count
            case .paused: paused += count
            case .succeeded: succeeded += count
            case .failed: failed += count
            case .cancelled, .expired: cancelled += count
            }
        }
    }

    package var id: Identifier
    package var owner: String
    package var name: String?
    package var state: ComparisonState
    package var dataset: Identifier
    package var metrics: JSONValue
    package var createdAt: Timestamp
    package var cancelledAt: Timestamp?
    package var progress: Progress
    /// In the order of the request's expansion; empty in lists.
    package var runs: [Run]
}

/// What a list of comparisons is narrowed to.
package struct ComparisonFilter: Sendable, Hashable {
    /// Nil for everyone's.
    package var owner: String?
    package var state: ComparisonState?
    /// Of its jobs.
    package var label: JobFilter.Label?
    package var dataset: Identifier?
    package var createdFrom: Timestamp?
    package var createdBefore: Timestamp?

    package init(
        owner: String?, state: ComparisonState? = nil, label: JobFilter.Label? = nil, dataset: Identifier? = nil,
        createdFrom: Timestamp? = nil, createdBefore: Timestamp? = nil
    ) {
        self.owner = owner
        self.state = state
        self.label = label
        self.dataset = dataset
        self.createdFrom = createdFrom
        self.createdBefore = createdBefore
    }
}
