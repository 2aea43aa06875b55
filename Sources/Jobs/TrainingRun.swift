package import Weighting

/// A worker's task: everything a trainer needs to run or continue one attempt at a job.
package struct TrainingAssignment: Sendable {
    package var job: Identifier
    /// The fencing token: unique per claim.
    package var attempt: Int
    package var spec: TrainingSpec
    /// Local copies of the data sets the spec names, by identifier: path and what reading them once showed.
    package var datasets: [Identifier: LocalDataset]
    /// The bytes of the checkpoint to continue from; nil for a fresh start.
    package var checkpoint: [UInt8]?
    /// The bytes of the model named by `initial_model`.
    package var initialModel: [UInt8]?
    /// Changes of weighting that were made while the job ran, in order of `fromEpoch`.
    package var weightingSwitches: [WeightingSwitch]

    package init(
        job: Identifier, attempt: Int, spec: TrainingSpec, datasets: [Identifier: LocalDataset],
        checkpoint: [UInt8]? = nil, initialModel: [UInt8]? = nil, weightingSwitches: [WeightingSwitch] = []
    ) {
        self.job = job
        self.attempt = attempt
        self.spec = spec
        self.datasets = datasets
        self.checkpoint = checkpoint
        self.initialModel = initialModel
        self.weightingSwitches = weightingSwitches
    }
}

/// A data set as a worker sees it.
package struct LocalDataset: Sendable, Hashable {
    package var path: String
    package var schema: DatasetSchema
    /// Of the uploaded file, lower-case hexadecimal.
    package var sha256: String

    package init(path: String, schema: DatasetSchema, sha256: String) {
        self.path = path
        self.schema = schema
        self.sha256 = sha256
    }
}

/// What the owner of a run wants of it now.
package enum Wish: Int, Sendable, Hashable {
    case goOn
    /// End, keep nothing beyond what is recorded.
    case cancel
    /// Checkpoint the state before the interrupted step and return `.yielded`.
    case pause
    /// End now and keep the best model so far.
    case stop

    /// The attempt ends without anything more to be read or computed.
    package var letsGo: Bool { self == .cancel || self == .pause }
}

/// How a running trainer talks to whoever claimed the job. All calls come from the training thread.
package protocol TrainingContext: Sendable {
    /// Polled between layers, so it must cost no more than an atomic load.
    var wish: Wish { get }
    /// The next batch to be trained is one of this epoch: the job runs from now on. Called at least once for each epoch.
    ///
    /// - Returns: the change of weighting that takes effect with the epoch's first batch, if one was asked for. One that
    ///   is asked for later takes effect behind the epoch.
    func begin(epoch: Int) throws -> WeightingSwitch?
    /// A finished epoch, with the checkpoint of its end if one is due. Returns when both are durable; throws when the
    /// attempt has been fenced out or the store is unusable.
    func report(_ epoch: EpochRecord, checkpoint: Checkpoint?) throws
    /// A checkpoint outside an epoch's end (`interim`), or the best so far (`best`).
    func save(_ checkpoint: Checkpoint) throws
    /// The live position; cheap, not durable.
    func report(_ progress: TrainingProgress)
    func log(_ level: LogLevel, _ message: String)
}

package enum LogLevel: String, Sendable, Hashable, CaseIterable {
    case info, warning, error
}

/// A change of strategy or of its parameters from an epoch on.
package struct WeightingSwitch: Sendable, Hashable {
    package var fromEpoch: Int
    package var weighting: WeightingConfiguration

    package init(fromEpoch: Int, weighting: WeightingConfiguration) {
        self.fromEpoch = fromEpoch
        self.weighting = weighting
    }
}

/// A run's complete state at one point, as bytes that only the trainer reads. Valid until the run goes on.
package struct Checkpoint {
    package enum Kind: String, Sendable, Hashable {
        case epoch, interim, best
    }

    package var kind: Kind
    package var epoch: Int
    /// Batches done in the epoch after `epoch`; 0 at an epoch's end.
    package var batch: Int
    /// Optimiser steps since the start of the job.
    package var step: Int
    /// The file but for the SHA-256 of all of it, which ends it: whoever writes it adds that, and has it computed while the
    /// disk takes the rest.
    package var content: [FilePiece]

    package init(kind: Kind, epoch: Int, batch: Int, step: Int, content: [FilePiece]) {
        self.kind = kind
        self.epoch = epoch
        self.batch = batch
        self.step = step
        self.content = content
    }
}

/// Where a run stands.
package struct TrainingProgress: Sendable, Hashable {
    /// The epoch being trained, from 1.
    package var epoch: Int
    package var epochs: Int
    /// Batches done in this epoch, of `batches`.
    package var batch: Int
    package var batches: Int
    package var samplesPerSecond: Double

    package init(epoch: Int, epochs: Int, batch: Int, batches: Int, samplesPerSecond: Double) {
        self.epoch = epoch
        self.epochs = epochs
        self.batch = batch
        self.batches = batches
        self.samplesPerSecond = samplesPerSecond
    }

    /// Of the whole job, 0…1.
    package var fraction: Double {
        guard epochs > 0, batches > 0 else { return 0 }
        return min(1, (Double(epoch - 1) + Double(batch) / Double(batches)) / Double(epochs))
    }
}

/// Why a run ended.
package enum FinishReason: String, Sendable, Hashable, CaseIterable {
    case completed
    case earlyStopped = "early_stopped"
    case stopped
    case maxRuntime = "max_runtime"
    case diverged
    case crashed
    case error
}

/// A trained model: the bytes that only the trainer reads, and what the API says of it.
package struct TrainedModel: Sendable {
    package struct Task: Sendable, Hashable {
        package var name: String
        package var type: String
        /// Class names in the order of the probabilities; empty for regression.
        package var classes: [String]
        /// On the validation part, at the epoch taken.
        package var metrics: [String: Double?]

        package init(name: String, type: String, classes: [String], metrics: [String: Double?]) {
            self.name = name
            self.type = type
            self.classes = classes
            self.metrics = metrics
        }
    }

    package var bytes: [UInt8]
    /// SHA-256 of the parameters in their canonical order, lower-case hexadecimal.
    package var weightsSHA256: String
    /// The epoch whose parameters these are.
    package var epoch: Int
    package var tasks: [Task]
    /// By task, on the test part, if the spec has one.
    package var testMetrics: [String: [String: Double?]]?
    /// By task, how many rows of the test part have a label.
    package var testRows: [String: Int] = [:]

    package init(
        bytes: [UInt8], weightsSHA256: String, epoch: Int, tasks: [Task],
        testMetrics: [String: [String: Double?]]? = nil
    ) {
        self.bytes = bytes
        self.weightsSHA256 = weightsSHA256
        self.epoch = epoch
        self.tasks = tasks
        self.testMetrics = testMetrics
    }
}

/// How an attempt ended.
package enum TrainingOutcome: Sendable {
    /// The job is done, with the best model.
    case succeeded(FinishReason, TrainedModel)
    /// A pause or a drain was obeyed: the state is checkpointed.
    case yielded
    /// A cancel was obeyed.
    case cancelled
    /// The job cannot succeed; the last good checkpoint stays.
    case failed(FinishReason, JobFailure)
}

/// Why a job failed, for its owner to read.
package struct JobFailure: Error, Sendable, Hashable {
    /// Each is a type of problem below `/v1/errors`.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// A number of the training is not finite any more.
        case diverged
        /// The process died with the job in its hands, too often.
        case crashed
        case datasetInvalid = "dataset-invalid"
        case invalidSpec = "invalid-spec"
        /// A data set or a model that it needs is gone.
        case notFound = "not-found"
        /// There is less memory than it needs.
        case outOfMemory = "out-of-memory"
        case `internal`
    }

    package var code: Code
    package var detail: String

    package init(code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }
}

/// A file that a run needs cannot be read now. The disk may give it later, so the job has not failed.
package struct DataUnavailable: Error, Sendable, Hashable {
    package var detail: String
    /// `errno` of the failed call.
    package var code: Int32

    package init(detail: String, code: Int32) {
        self.detail = detail
        self.code = code
    }
}

/// Trains one assignment to its end on the calling thread. Throws what the context threw, and `DataUnavailable` before
/// anything was trained.
package typealias TrainingFunction = @Sendable (TrainingAssignment, any TrainingContext) throws -> TrainingOutcome
