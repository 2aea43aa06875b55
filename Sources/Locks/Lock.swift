import Glibc

/// A mutual exclusion lock around the state it guards, over `pthread_mutex_t`.
///
/// `Synchronization.Mutex` would do the same, but on Linux it waits on a futex that the thread sanitizer does not see,
/// which then reports false races. Hold it for a few instructions only; never call out while holding it.
package final class Lock<State>: @unchecked Sendable {
    // True because `state` is reached only through `withLock`, which holds `mutex`; `mutex` itself is heap memory that
    // never moves and is owned by this object alone.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    package init(_ state: sending State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let status = pthread_mutex_init(mutex, nil)
        precondition(status == 0, "pthread_mutex_init failed with \(status)")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    /// Runs `body` with exclusive access to the state.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
