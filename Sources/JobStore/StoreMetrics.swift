import Jobs
import Metrics

/// What the store counts as it happens. States that can be read at any time are left to whoever asks.
struct StoreMetrics: Sendable {
    private let commitDuration: Timer
    private let writes: Counter
    private let walBytes: Meter
    private let queueWait: Timer
    private let epochs: Counter
    private let checkpoints: Counter
    private let ended: [JobState: Counter]

    init(_ factory: any MetricsFactory) {
        commitDuration = Timer(label: "tenbin_store_commit_duration_seconds", dimensions: [], factory: factory)
        writes = Counter(label: "tenbin_store_writes", factory: factory)
        walBytes = Meter(label: "tenbin_store_wal_bytes", factory: factory)
        queueWait = Timer(label: "tenbin_job_queue_wait_seconds", dimensions: [], factory: factory)
        epochs = Counter(label: "tenbin_epochs", factory: factory)
        checkpoints = Counter(label: "tenbin_checkpoints", factory: factory)
        ended = Dictionary(
            uniqueKeysWithValues: JobState.allCases.filter(\.isTerminal).map { state in
                let labels = [("state", state.rawValue)]
                return (state, Counter(label: "tenbin_jobs_ended", dimensions: labels, factory: factory))
            })
    }

    func committed(writes count: Int, nanoseconds: UInt64) {
        commitDuration.recordNanoseconds(nanoseconds)
        writes.increment(by: count)
    }

    func noteWAL(bytes: Int) { walBytes.set(bytes) }
    func epochRecorded() { epochs.increment() }
    func checkpointRecorded() { checkpoints.increment() }

    /// Jobs that were cancelled in the queue, and are gone.
    func cancelled(_ count: Int) { ended[.cancelled]?.increment(by: count) }

    /// A move that is durable.
    func moved(_ old: JobRow, to new: JobRow, at now: Timestamp) {
        if let ended = ended[new.job.state] { ended.increment() }
        if old.job.state == .queued, new.job.state == .starting, new.job.attempt == 1 {
            queueWait.recordMilliseconds(max(0, now.milliseconds - new.job.createdAt.milliseconds))
        }
    }
}
