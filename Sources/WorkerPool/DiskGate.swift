import Dispatch
import JobStore
import Locks

/// Where workers wait while the disk takes no writes, with their jobs held in memory.
final class DiskGate: Sendable {
    private struct State {
        var waiting: [DispatchSemaphore] = []
        var isAbandoned = false
    }

    private let state = Lock(State())
    private let disk: DiskWatch

    init(disk: DiskWatch) {
        self.disk = disk
        disk.observe { [weak self] isWell in
            if isWell { self?.letEveryoneGo() }
        }
    }

    /// Returns at once while the disk is well, otherwise when it is again. False when waiting was given up.
    func wait() -> Bool {
        let semaphore = DispatchSemaphore(value: 0)
        let mustWait = state.withLock { state in
            // Asked under the lock, so that a recovery in between finds the semaphore in the list.
            guard !state.isAbandoned, !disk.isWell else { return false }
            state.waiting.append(semaphore)
            return true
        }
        if mustWait { semaphore.wait() }
        return !state.withLock { $0.isAbandoned }
    }

    /// No one waits any more: the process is about to end.
    func abandon() {
        state.withLock { $0.isAbandoned = true }
        letEveryoneGo()
    }

    private func letEveryoneGo() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for semaphore in waiting { semaphore.signal() }
    }
}
