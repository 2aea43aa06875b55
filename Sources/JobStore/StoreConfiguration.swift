package import Jobs
package import Logging
package import Metrics

/// What a store needs of its surroundings.
package struct StoreConfiguration: Sendable {
    /// Everything the server keeps stands below this folder. Made when missing.
    package var dataDirectory: String
    package var access = FolderAccess.owner
    package var limits: StoreLimits
    package var clock: @Sendable () -> Timestamp
    package var logger: Logger
    package var metrics: any MetricsFactory

    package init(
        dataDirectory: String, limits: StoreLimits = StoreLimits(), clock: @escaping @Sendable () -> Timestamp,
        logger: Logger, metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) {
        self.dataDirectory = dataDirectory
        self.limits = limits
        self.clock = clock
        self.logger = logger
        self.metrics = metrics
    }
}

/// Bounds of the store, each with its unit in its name.
package struct StoreLimits: Sendable, Hashable {
    /// Jobs in state `queued`.
    package var queuedJobsMax = 100_000
    // What one owner may have here; nil for no bound. Whoever sees everything is bound too: quotas are about disk and
    // queue, not trust.
    package var queuedJobsPerOwnerMax: Int?
    /// Of data sets and models, and of what an owner writes into the database.
    package var storedBytesPerOwnerMax: Int?
    /// Answers kept under an Idempotency-Key.
    package var replaysPerOwnerMax = 10_000
    /// Of those answers with their requests' keys.
    package var replayBytesPerOwnerMax = 16 << 20
    /// Write requests that wait for the writer.
    package var writesPendingMax = 10_000
    /// Write requests that share one commit.
    package var writesPerCommitMax = 512
    /// Connections for reading.
    package var readersMax = 4
    /// Page size when the client names none.
    package var pageSizeDefault = 50
    package var pageSizeMax = 500
    /// Log lines kept of a job, oldest dropped first.
    package var logLinesPerJobMax = 10_000
    /// UTF-8 bytes of a log line; the rest is cut off.
    package var logLineBytesMax = 4_096
    /// The write-ahead log is copied into the database when it is longer than this.
    package var walBytesBeforeCheckpoint = 4 << 20
    package var idempotencyKeySeconds: Int64 = 24 * 3_600
    /// How long to wait between two tries whether the disk takes writes again.
    package var probeIntervalSeconds = 5

    package init() {}
}
