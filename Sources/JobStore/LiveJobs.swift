import Jobs
import Locks

/// What is known of running jobs without being written down: progress, and whether a job is held in memory.
final class LiveJobs: Sendable {
    /// How often an observer is told of progress at most.
    static let tickMilliseconds: Int64 = 1_000
    /// The time over which the samples per second are smoothed.
    static let smoothingMilliseconds = 10_000.0

    struct Live: Sendable {
        var attempt: Int
        var progress: JobProgress?
        var isHeld = false
        var lastReport: Timestamp?
        /// Of the whole job, smoothed.
        var fractionPerSecond: Double?
        var lastTick: Timestamp?
        /// The epoch that the worker trains or is about to; changes of weighting take effect behind it.
        var epochRunning = 0
    }

    private struct State {
        var jobs: [Identifier: Live] = [:]
        /// Numbers every change that is shown without being durable; never goes back while the process lives.
        var tick = 0
        var ticks: [Identifier: Int] = [:]
        /// Grows whenever the queue changes, so that positions in it are seen as new.
        var queueTick = 0
        var waiting = WaitingReason.workers
        /// Whose queued jobs wait for those of theirs that run.
        var ownersAtQuota: Set<String> = []
        var queue = QueueMirror()
    }

    private let state = Lock(State())
    let metrics: StoreMetrics

    init(metrics: StoreMetrics) {
        self.metrics = metrics
    }

    func begin(_ job: Identifier, attempt: Int) {
        state.withLock { $0.jobs[job] = Live(attempt: attempt) }
    }

    func end(_ job: Identifier, attempt: Int) {
        state.withLock { state in
            guard state.jobs[job]?.attempt == attempt else { return }
            state.jobs[job] = nil
            state.ticks[job] = nil
        }
    }

    func setEpochRunning(_ epoch: Int, of job: Identifier, attempt: Int) {
        state.withLock { state in
            guard state.jobs[job]?.attempt == attempt else { return }
            state.jobs[job]?.epochRunning = epoch
        }
    }

    func epochRunning(of job: Identifier) -> Int? {
        state.withLock { $0.jobs[job]?.epochRunning }
    }

    /// Notes where a run stands. True when observers should hear of it: once a second at most.
    func report(_ progress: TrainingProgress, of job: Identifier, attempt: Int, at now: Timestamp) -> Bool {
        state.withLock { state in
            guard var live = state.jobs[job], live.attempt == attempt else { return false }
            live.advance(to: progress, at: now)
            // Also after the clock was put back.
            let isDue = live.lastTick.map { abs(now.milliseconds - $0.milliseconds) >= Self.tickMilliseconds } ?? true
            if isDue {
                live.lastTick = now
                state.tick += 1
                state.ticks[job] = state.tick
            }
            state.jobs[job] = live
            return isDue
        }
    }

    /// Marks a job as held in memory, or as going on. True when that is new.
    func setHeld(_ isHeld: Bool, job: Identifier, attempt: Int) -> Bool {
        state.withLock { state in
            guard state.jobs[job]?.attempt == attempt, state.jobs[job]?.isHeld != isHeld else { return false }
            state.jobs[job]?.isHeld = isHeld
            state.tick += 1
            state.ticks[job] = state.tick
            return true
        }
    }

    /// Notes why the first of the queue waits. True when that is new.
    func setWaitingReason(_ reason: WaitingReason) -> Bool {
        state.withLock { state in
            guard state.waiting != reason else { return false }
            state.queueTick += 1
            state.waiting = reason
            return true
        }
    }

    func setOwnersAtQuota(_ owners: Set<String>) {
        state.withLock { state in
            guard state.ownersAtQuota != owners else { return }
            state.ownersAtQuota = owners
            state.queueTick += 1
        }
    }

    /// Jobs in the queue.
    var queuedCount: Int { state.withLock { $0.queue.count } }

    func fillQueue(_ places: [QueuePlace]) {
        state.withLock { state in
            for place in places { state.queue.insert(place) }
        }
    }

    func queueChanged(adding new: QueuePlace? = nil, removing old: QueuePlace? = nil) {
        state.withLock { state in
            if let old { state.queue.remove(old) }
            if let new { state.queue.insert(new) }
            state.queueTick += 1
        }
    }

    /// A row completed with what only memory knows.
    func job(_ row: JobRow) -> Job {
        var job = row.job
        overlay(&job, place: row.place)
        return job
    }

    /// The tick that a job as it is shown has now; that of a job which no worker has and no queue is its own.
    func tick(of job: Job) -> Int {
        state.withLock { state in
            if job.state == .queued { return state.queueTick }
            guard job.state.isActive, let live = state.jobs[job.id], live.attempt == job.attempt else { return 0 }
            return state.ticks[job.id] ?? 0
        }
    }

    private func overlay(_ job: inout Job, place: QueuePlace) {
        state.withLock { state in
            if job.state == .queued {
                job.queuePosition = state.queue.position(of: place)
                job.tick = state.queueTick
                let concernsAll = state.waiting == .draining || state.waiting == .disk
                let isAtQuota = state.ownersAtQuota.contains(job.owner)
                job.waitingReason =
                    concernsAll || (job.queuePosition == 1 && !isAtQuota)
                    ? state.waiting : isAtQuota ? .quota : .workers
            }
            guard job.state.isActive, let live = state.jobs[job.id], live.attempt == job.attempt else { return }
            job.tick = state.ticks[job.id] ?? 0
            if let progress = live.progress { job.progress = progress }
            if live.isHeld { job.waitingReason = .disk }
        }
    }
}

extension LiveJobs.Live {
    /// Exponential smoothing by elapsed time, so that the estimate does not depend on the size of a batch.
    fileprivate mutating func advance(to new: TrainingProgress, at now: Timestamp) {
        var samplesPerSecond = new.samplesPerSecond.isFinite ? new.samplesPerSecond : nil
        if let before = progress, let last = lastReport, now > last {
            let elapsed = Double(now.milliseconds - last.milliseconds)
            let share = min(1, elapsed / LiveJobs.smoothingMilliseconds)
            func smoothed(_ old: Double?, _ new: Double) -> Double { old.map { $0 + (new - $0) * share } ?? new }
            samplesPerSecond = samplesPerSecond.map { smoothed(before.samplesPerSecond, $0) }
            let gain = (new.fraction - before.fraction) / elapsed * 1_000
            if gain >= 0 { fractionPerSecond = smoothed(fractionPerSecond, gain) }
        }
        lastReport = now
        progress = JobProgress(
            epoch: new.epoch, epochs: new.epochs, batch: new.batch, batches: new.batches, fraction: new.fraction,
            samplesPerSecond: samplesPerSecond,
            etaSeconds: fractionPerSecond.flatMap { $0 > 0 ? (1 - new.fraction) / $0 : nil })
    }
}
