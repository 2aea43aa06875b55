import Dispatch
package import JobStore
import Locks
package import Logging

/// Removes what has outlived its time, a little at a time, beside the jobs.
package final class Housekeeper: Sendable {
    /// Between two looks.
    static let intervalMilliseconds = 60_000
    /// Between two steps of one look, so that the writer's line is free for requests.
    static let pauseMilliseconds = 50

    private let store: Store
    private let retention: Retention
    private let timers: any PoolTimers
    private let logger: Logger
    private let queue = DispatchQueue(label: "tenbin.housekeeper", qos: .background)
    private let isEnded = Lock(false)

    package init(
        store: Store, retention: Retention, timers: any PoolTimers = DispatchTimers(), logger: Logger
    ) {
        self.store = store
        self.retention = retention
        self.timers = timers
        self.logger = logger
    }

    package func start() {
        queue.async { [self] in step(after: Collected()) }
    }

    /// Ends after the step that may be under way.
    package func stop() {
        isEnded.withLock { $0 = true }
        queue.sync {}
    }

    /// One step; the next one follows soon while there is something to remove.
    private func step(after earlier: Collected) {
        guard !isEnded.withLock({ $0 }) else { return }
        var sum = earlier
        var isDone = true
        do {
            let removed = try store.disk.isWell ? store.collect(retention).commitAndWait() : Collected()
            sum += removed
            isDone = removed.isEmpty
        } catch {
            logger.warning("nothing could be removed: \(error)")
        }
        if isDone && !sum.isEmpty {
            logger.info("removed \(sum.jobs) jobs and \(sum.checkpoints) checkpoints of \(sum.checkpointBytes) bytes")
        }
        if isDone { removeUnclaimed() }
        let next = isDone ? Collected() : sum
        let wait = isDone ? Self.intervalMilliseconds : Self.pauseMilliseconds
        timers.after(milliseconds: wait) { [weak self] in
            guard let self else { return }
            queue.async { self.step(after: next) }
        }
    }

    private func removeUnclaimed() {
        do {
            let removed = try store.removeUnclaimed(retention)
            if removed > 0 { logger.info("deleted \(removed) folders of unclaimed files") }
        } catch {
            logger.warning("unclaimed files could not be deleted: \(error)")
        }
    }
}
