import Dispatch
package import JobStore
package import Jobs
import Locks
import Logging

/// Takes jobs from the queue as threads come free, and runs each on a Dispatch queue of its own.
///
/// Nothing is polled: a submission, the end of a job, a deadline or a disk that is well again wakes the pool.
package final class WorkerPool: Sendable {
    private struct State {
        var runs: [Identifier: Run] = [:]
        /// Attempts whose end stands in the writer's line, with their threads: free for whoever claims behind it.
        var ending: [Lease: Int] = [:]
        var freeThreads: Int
        /// Bytes that the runs have planned for.
        var memoryBytesInUse = 0
        /// Twice as many as can train, because a run keeps its queue until its end is durable.
        var freeQueues: [DispatchQueue]
        var isStopperFree = true
        var isDraining = false
        /// A pass over the queue is on its way.
        var isAwake = false
        /// The earliest deadline that a timer is set for.
        var timerDeadline: Timestamp?
        var subscription: ChangeSubscription?
    }

    let store: Store
    let configuration: WorkerPoolConfiguration
    let train: TrainingFunction
    private let gate: DiskGate
    /// Claims and timers, one at a time.
    private let scheduling = DispatchQueue(label: "tenbin.pool", qos: .userInitiated)
    /// Runs jobs that only have to end with the model that they have, beside the workers.
    private let stopper = DispatchQueue(label: "tenbin.pool.stopper")
    private let background = DispatchQueue(label: "tenbin.pool.background", qos: .utility)
    private let running = DispatchGroup()
    private let state: Lock<State>

    package init(store: Store, configuration: WorkerPoolConfiguration, train: @escaping TrainingFunction) {
        self.store = store
        self.configuration = configuration
        self.train = train
        gate = DiskGate(disk: store.disk)
        // Below those who answer requests, where the processors do not suffice for both.
        let queues = (0..<2 * configuration.workers).map { number in
            DispatchQueue(label: "tenbin.worker.\(number)", qos: .background)
        }
        state = Lock(State(freeThreads: configuration.workers, freeQueues: queues))
    }

    /// Begins to take jobs. After an unclean stop the database is searched for damage meanwhile.
    package func start() {
        let subscription = store.changes.subscribe { [weak self] change in
            switch change {
            case .queue: self?.wake()
            case .wish(let job): self?.passOnWish(of: job)
            case .job, .progress, .waiting, .draining, .drained: break
            }
        }
        state.withLock { $0.subscription = subscription }
        store.disk.observe { [weak self] isWell in
            if isWell { self?.wake() } else { self?.probeLater() }
        }
        if store.followsCrash { background.async { [self] in searchForDamage() } }
        wake()
    }

    /// Takes no more jobs, has the running ones checkpoint and go back to the queue, and waits for that.
    /// False when some did not make it in time; they are taken up after the next start.
    package func drain(seconds: Int) -> Bool {
        let runs = state.withLock { state in
            state.isDraining = true
            state.subscription = nil
            return Array(state.runs.values)
        }
        for run in runs { run.drain() }
        if !store.disk.isWell { gate.abandon() }
        // A claim that was being made when draining began is drained by `launch`.
        scheduling.sync { store.setWaitingReason(.draining) }
        let isDone = running.wait(timeout: .now() + .seconds(seconds)) == .success
        gate.abandon()
        return isDone
    }

    /// Bytes that another job could plan for now.
    package var memoryBytesFree: Int { state.withLock { configuration.memoryBytesMax - $0.memoryBytesInUse } }

    /// Whether the run fits the server at all. It may have been accepted when there was more memory.
    func mayHold(_ run: Run) -> Bool { run.memoryBytes <= configuration.memoryBytesMax }

    /// Jobs in workers' hands.
    package var runningJobs: Int { state.withLock { $0.runs.count } }

    // MARK: - Claiming

    private func wake() {
        let isFirst = state.withLock { state in
            defer { state.isAwake = true }
            return !state.isAwake
        }
        if isFirst { scheduling.async { [self] in schedule() } }
    }

    /// One pass: takes jobs until none suits or no thread is free.
    private func schedule() {
        state.withLock { $0.isAwake = false }
        do {
            try expire()
            while try claimToStop() {}
            while try claimNext() {}
        } catch {
            configuration.logger.warning("no job could be claimed: \(error)")
            if error.isDiskTrouble {
                store.setWaitingReason(.disk)
                store.disk.failed(error)
            }
        }
    }

    private var mayClaim: Bool {
        store.disk.isWell && store.damage.isEmpty && !state.withLock { $0.isDraining }
    }

    private func offer(stoppingOnly: Bool) -> ClaimOffer {
        let (freeThreads, runs, ending, memoryBytes) = state.withLock { state in
            (
                state.freeQueues.isEmpty ? 0 : state.freeThreads, Array(state.runs.values), state.ending,
                state.memoryBytesInUse
            )
        }
        let counts = Dictionary(runs.map { ($0.claim.job.owner, 1) }, uniquingKeysWith: +)
        let quota = configuration.runningJobsPerOwnerMax ?? .max
        return ClaimOffer(
            freeThreads: freeThreads, ending: ending, threadsMax: configuration.workers, runningJobs: runs.count,
            runsIsolatedJob: runs.contains(where: \.isIsolated),
            ownersAtQuota: counts.filter { $0.value >= quota }.keys.sorted(), stoppingOnly: stoppingOnly,
            environment: configuration.environment, memoryBytesMax: configuration.memoryBytesMax,
            memoryBytesInUse: memoryBytes)
    }

    private func claimNext() throws(StoreError) -> Bool {
        guard mayClaim else { return false }
        let offer = offer(stoppingOnly: false)
        guard offer.freeThreads > 0 else {
            // The end of a run is what wakes the pool then, so the store need not be asked with every submission.
            store.setWaitingReason(offer.runsIsolatedJob ? .isolation : .workers)
            return false
        }
        switch try store.claim(offer).commitAndWait() {
        case .claimed(let claim, let threads):
            launch(claim, threads: threads, isStopping: false)
            return true
        case .blocked(let reason):
            store.setWaitingReason(reason)
            return false
        case .empty:
            store.setWaitingReason(.workers)
            return false
        }
    }

    private func claimToStop() throws(StoreError) -> Bool {
        guard mayClaim, state.withLock({ $0.isStopperFree }), try store.hasJobToStop() else { return false }
        let offer = offer(stoppingOnly: true)
        guard !offer.runsIsolatedJob, case .claimed(let claim, _) = try store.claim(offer).commitAndWait() else {
            return false
        }
        launch(claim, threads: 0, isStopping: true)
        return true
    }

    private func launch(_ claim: Claim, threads: Int, isStopping: Bool) {
        let run = Run(
            claim: claim, threads: threads, isStopping: isStopping, store: store, gate: gate,
            timers: configuration.timers, logger: configuration.logger, onProgress: { [weak self] in self?.wake() })
        let (queue, isDraining) = state.withLock { state in
            state.runs[claim.lease.job] = run
            state.freeThreads -= threads
            if mayHold(run) { state.memoryBytesInUse += run.memoryBytes }
            if isStopping { state.isStopperFree = false }
            return (isStopping ? stopper : state.freeQueues.popLast() ?? stopper, state.isDraining)
        }
        running.enter()
        if isDraining { run.drain() }
        // A command between the claim and the entry in `runs` has told no one.
        passOnWish(of: claim.lease.job)
        limitRuntime(of: run)
        queue.async { [self] in
            execute(run)
            state.withLock { state in
                // Paused and resumed, the job may be in other hands already.
                if state.runs[claim.lease.job] === run { state.runs[claim.lease.job] = nil }
                if mayHold(run) { state.memoryBytesInUse -= run.memoryBytes }
                if state.ending.removeValue(forKey: claim.lease) == nil { state.freeThreads += threads }
                if isStopping { state.isStopperFree = true } else { state.freeQueues.append(queue) }
            }
            running.leave()
            wake()
        }
    }

    /// The end of a run stands in the writer's line.
    func isEnding(_ run: Run) {
        let isFirst = state.withLock { state in
            guard state.ending.updateValue(run.threads, forKey: run.lease) == nil else { return false }
            state.freeThreads += run.threads
            return true
        }
        if isFirst { wake() }
    }

    // MARK: - Wishes and clocks

    private func passOnWish(of job: Identifier) {
        scheduling.async { [self] in
            guard let run = state.withLock({ $0.runs[job] }) else { return }
            do {
                run.follow(try store.job(job, owner: nil))
            } catch StoreError.notFound {
                run.abandon()
            } catch {
                configuration.logger.warning("what is wanted of \(job) could not be read: \(error)")
            }
        }
    }

    private func limitRuntime(of run: Run) {
        guard let limit = run.claim.maxRuntimeMilliseconds else { return }
        configuration.timers.after(milliseconds: limit - run.claim.runningMilliseconds) { [weak run] in
            run?.timeIsUp()
        }
    }

    /// Ends jobs whose deadline has passed and sets a timer for the next one.
    private func expire() throws(StoreError) {
        guard var next = try store.nextDeadline() else { return }
        while next <= store.now {
            guard let later = try store.expireDue().commitAndWait() else { return }
            next = later
        }
        let deadline = next
        let isNew = state.withLock { state in
            guard state.timerDeadline.map({ $0 > deadline || $0 <= store.now }) ?? true else { return false }
            state.timerDeadline = deadline
            return true
        }
        guard isNew else { return }
        let wait = deadline.milliseconds.subtractingReportingOverflow(store.now.milliseconds).partialValue
        configuration.timers.after(milliseconds: Int(clamping: min(wait, Self.timerMillisecondsMax))) { [weak self] in
            self?.wake()
        }
    }

    /// Timers are set for a day at most; after that the deadline is looked at again.
    private static let timerMillisecondsMax: Int64 = 86_400_000

    // MARK: - The disk

    private func probeLater() {
        let seconds = store.configuration.limits.probeIntervalSeconds
        configuration.timers.after(milliseconds: seconds * 1_000) { [weak self] in
            guard let self else { return }
            background.async { self.probe() }
        }
    }

    private func probe() {
        do {
            try store.probeDisk()
            configuration.logger.notice("the disk takes writes again")
        } catch .closed {
            return
        } catch {
            probeLater()
        }
    }

    private func searchForDamage() {
        do {
            let damage = try store.searchForDamage()
            if !damage.isEmpty { configuration.logger.critical("the database is damaged: \(damage)") }
        } catch {
            configuration.logger.error("the database could not be searched for damage: \(error)")
        }
    }
}
