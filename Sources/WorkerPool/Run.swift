import Dispatch
import Glibc
import JobStore
import Jobs
import Locks
import Logging
import Synchronization

/// One attempt at a job in a worker's hands: what the trainer sees of the pool.
final class Run: TrainingContext {
    let claim: Claim
    let threads: Int
    /// The claim was for a job that only has to end with the model that it has.
    let isStopping: Bool
    private let store: Store
    private let gate: DiskGate
    private let timers: any PoolTimers
    private let logger: Logger
    private let beganAt: Int
    /// Called when the job has shown that it does not kill the process.
    private let onProgress: @Sendable () -> Void

    /// Read between layers.
    private let wishNow = Atomic(Wish.goOn.rawValue)
    private let state: Lock<State>

    private struct State {
        var wantsCancel = false
        var wantsStop = false
        var wantsPause = false
        var isDraining = false
        var isOutOfTime = false
        var isIsolated: Bool
        var checkpointsKept = 1
        /// Signalled when the job is to be let go of while it waits for a file.
        var resting: DispatchSemaphore?
    }

    init(
        claim: Claim, threads: Int, isStopping: Bool, store: Store, gate: DiskGate, timers: any PoolTimers,
        logger: Logger, onProgress: @escaping @Sendable () -> Void
    ) {
        self.claim = claim
        self.threads = threads
        self.isStopping = isStopping
        self.store = store
        self.gate = gate
        self.timers = timers
        self.logger = logger
        self.onProgress = onProgress
        beganAt = timers.uptimeMilliseconds
        state = Lock(State(wantsStop: claim.job.wantsStop, isIsolated: claim.job.crashes > 0))
        settle()
    }

    var lease: Lease { claim.lease }

    /// What its plan says.
    var memoryBytes: Int { claim.job.memoryBytes ?? 0 }

    /// Time spent running over all attempts.
    var runningMilliseconds: Int {
        let (sum, overflow) = claim.runningMilliseconds.addingReportingOverflow(
            max(0, timers.uptimeMilliseconds - beganAt))
        return overflow ? .max : sum
    }

    /// The job crashed the process before and has not shown yet that it was not to blame.
    var isIsolated: Bool { state.withLock { $0.isIsolated } }

    /// The trainer was stopped by the clock, not by the owner.
    var endedByClock: Bool { state.withLock { $0.isOutOfTime && !$0.wantsStop } }

    func keepCheckpoints(_ count: Int) {
        state.withLock { $0.checkpointsKept = count }
    }

    // MARK: - Wishes

    var wish: Wish { Wish(rawValue: wishNow.load(ordering: .relaxed)) ?? .goOn }

    /// Takes over what the job's row says is wanted.
    func follow(_ job: Job) {
        let isOurs = job.attempt == lease.attempt && job.state.isActive
        state.withLock { state in
            // Fenced out: whatever is done further is for nothing.
            state.wantsCancel = !isOurs || job.state == .cancelling
            state.wantsPause = job.state == .pausing
            state.wantsStop = job.wantsStop
        }
        settle()
    }

    /// The job's row is gone.
    func abandon() {
        state.withLock { $0.wantsCancel = true }
        settle()
    }

    func drain() {
        state.withLock { $0.isDraining = true }
        settle()
    }

    func timeIsUp() {
        state.withLock { $0.isOutOfTime = true }
        settle()
    }

    private func settle() {
        let wish = state.withLock { state -> Wish in
            if state.wantsCancel { return .cancel }
            if state.wantsStop || state.isOutOfTime { return .stop }
            return state.wantsPause || state.isDraining ? .pause : .goOn
        }
        wishNow.store(wish.rawValue, ordering: .relaxed)
        // Behind the store: whoever begins to rest sets the semaphore first and looks at the wish then.
        if wish.letsGo { state.withLock { _ = $0.resting?.signal() } }
    }

    // MARK: - Reports

    func begin(epoch: Int) throws -> WeightingSwitch? {
        try durably { () throws(StoreError) in try store.beginEpoch(epoch, under: lease).commitAndWait() }
    }

    func report(_ epoch: EpochRecord, checkpoint: Checkpoint?) throws {
        let keep = state.withLock { $0.checkpointsKept }
        let receipt = try durably { () throws(StoreError) in
            try store.record(
                epoch, checkpoint: checkpoint, keep: keep, runningMilliseconds: runningMilliseconds, under: lease
            ).commitAndWait()
        }
        if receipt == .repeated(matches: false) {
            logger.warning("\(lease.job): epoch \(epoch.epoch) showed other losses than before")
        }
        noteProgress()
    }

    func save(_ checkpoint: Checkpoint) throws {
        let keep = state.withLock { $0.checkpointsKept }
        try durably { () throws(StoreError) in
            try store.record(checkpoint, keep: keep, runningMilliseconds: runningMilliseconds, under: lease)
                .commitAndWait()
        }
        noteProgress()
    }

    func report(_ progress: TrainingProgress) {
        store.report(progress, under: lease)
        // Trained on while nothing can be recorded, a job would only lose more.
        if !store.disk.isWell { _ = hold() }
    }

    func log(_ level: LogLevel, _ message: String) {
        let logger = self.logger
        store.log(level, message, under: lease).commit { result in
            if case .failure(let error) = result { logger.debug("a log line was lost: \(error)") }
        }
    }

    private func noteProgress() {
        let wasIsolated = state.withLock { state in
            defer { state.isIsolated = false }
            return state.isIsolated
        }
        if wasIsolated { onProgress() }
    }

    // MARK: - A disk that fails

    /// Does what needs the disk, as often as it takes; in between the job is held in memory. Throws what is not the
    /// disk's fault, and the disk's error when waiting was given up.
    func durably<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        while true {
            do {
                return try body()
            } catch {
                if error == .overloaded {
                    // The line before the writer is long; it moves thousands of requests a second.
                    usleep(Self.overloadPauseMicroseconds)
                    continue
                }
                guard error.isDiskTrouble else { throw error }
                logger.warning("\(lease.job) is held in memory: \(error)")
                store.disk.failed(error)
                guard hold() else { throw error }
            }
        }
    }

    private static let overloadPauseMicroseconds: UInt32 = 10_000

    private func hold() -> Bool {
        store.setHeld(true, under: lease)
        defer { store.setHeld(false, under: lease) }
        return gate.wait()
    }

    // MARK: - Files that cannot be read

    /// The owner wanted something else while the job waited for a file.
    struct Interruption: Error {
        let outcome: TrainingOutcome
    }

    /// Reads the job's files, again every few seconds where one cannot be read. Other jobs go on meanwhile: only a disk that
    /// takes no writes either stops them. After the last try the file itself is at fault, and the job with it.
    ///
    /// - Parameter body: throws `DataUnavailable` or `StoreError.unreadable` for a file that cannot be read now; is told of
    ///   the last try.
    /// - Throws: `Interruption`; `JobFailure` with `code`; what else `body` throws.
    func reading<Value>(
        orFailingAs code: JobFailure.Code, _ body: (_ isLastTry: Bool) throws -> Value
    ) throws -> Value {
        var triesLeft = Self.readsMax
        while true {
            triesLeft -= 1
            let reason: String
            do {
                return try body(triesLeft == 0)
            } catch let error as DataUnavailable {
                reason = "\(error.detail) (\(error.code))"
            } catch StoreError.unreadable(let fault) {
                reason = "\(StoreError.unreadable(fault))"
            }
            logger.warning("\(lease.job) waits: \(reason)")
            try durably { () throws(StoreError) in try store.probeDisk() }
            guard triesLeft > 0 else { throw JobFailure(code: code, detail: reason) }
            try rest()
        }
    }

    private static let readsMax = 10
    private static let readPauseMilliseconds = 5_000

    /// Waits for the next try, or for a wish to let go of the job.
    private func rest() throws(Interruption) {
        let semaphore = DispatchSemaphore(value: 0)
        timers.after(milliseconds: Self.readPauseMilliseconds) { semaphore.signal() }
        state.withLock { $0.resting = semaphore }
        if wish.letsGo { semaphore.signal() }
        store.setHeld(true, under: lease)
        semaphore.wait()
        store.setHeld(false, under: lease)
        state.withLock { $0.resting = nil }
        switch wish {
        case .cancel: throw Interruption(outcome: .cancelled)
        case .pause: throw Interruption(outcome: .yielded)
        // A stop needs the files as well, for the model that it ends with.
        case .goOn, .stop: return
        }
    }
}
