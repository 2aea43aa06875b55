package import Dispatch
import HTTPWire
package import JobStore
package import Jobs
package import Logging

/// What the API needs of the rest of the house, handed in by whoever wires the parts together.
package struct Services: Sendable {
    package var store: Store
    package var trainer: TrainerFunctions
    package var settings: APISettings
    /// Where work that blocks is done: SQLite reads, files.
    package var queue: DispatchQueue
    package var clock: @Sendable () -> Timestamp
    package var logger: Logger
    /// The server takes no more work.
    package var isDraining: @Sendable () -> Bool
    /// What else keeps the server from taking work, in words: damage found in the database, ….
    package var faults: @Sendable () -> [String] = { [] }
    /// What the sockets are busy with; nil when nobody tells.
    package var transportLoad: @Sendable () -> (connections: Int, requestsInFlight: Int)? = { nil }
    /// TLS handshakes that failed since the start.
    package var handshakeRefusals: @Sendable () -> Int = { 0 }
    /// What `/metrics` shows of what was counted, also by other parts of the process.
    package var metrics = MetricsRegistry()
    package var startedAt: Timestamp

    package init(
        store: Store, trainer: TrainerFunctions, settings: APISettings, queue: DispatchQueue,
        clock: @escaping @Sendable () -> Timestamp, logger: Logger, isDraining: @escaping @Sendable () -> Bool
    ) {
        self.store = store
        self.trainer = trainer
        self.settings = settings
        self.queue = queue
        self.clock = clock
        self.logger = logger
        self.isDraining = isDraining
        startedAt = clock()
    }
}

/// Bounds and choices of the API, each with its unit in its name.
package struct APISettings: Sendable {
    package var datasetBytesMax = 4 << 30
    package var documentBytesMax = 1 << 20
    package var predictBytesMax = 64 << 20
    /// Data sets up to this size, those of a job together, have their labels read before the job is accepted.
    package var checkedDatasetBytesMax = 256 << 20
    /// The largest memory plan of a job that is accepted.
    package var jobMemoryBytesMax = 8 << 30
    /// Threads that jobs may use at once, all together.
    package var threadsMax = 1
    /// Jobs that may train at once.
    package var workers = 1
    /// Below this the disk is as good as full.
    package var diskFreeBytesMin: UInt64 = 64 << 20
    /// Nobody is let in without a key, even before there is one.
    package var requiresKey = false
    package var requestsPerKeyAndMinute = 60_000
    /// How often keys are looked at that have something long done for them: streams, downloads, uploads.
    package var keyExpiryCheckMilliseconds = 5_000
    /// How long refusals of one kind from one address are only counted after one was told in the log.
    package var refusalSilenceMilliseconds = 10_000
    /// Jobs of one owner that train at once; the worker pool keeps to it. Nil for no bound.
    package var runningJobsPerOwnerMax: Int?
    package var corsOrigins: [String] = []
    package var version = "0.1.0"
    /// What the binary was built from and for, in words.
    package var build = "unknown"

    package init() {}
}
