import Locks

/// Whether the disk takes writes.
///
/// The first failed write makes it sick; only a probe that was brought to disk makes it well again, and wakes those who
/// wait for that.
package final class DiskWatch: Sendable {
    private struct State {
        var failure: StoreError?
        var observers: [@Sendable (_ isWell: Bool) -> Void] = []
    }

    private let state = Lock(State())

    init() {}

    package var isWell: Bool { state.withLock { $0.failure == nil } }

    /// What the disk said last; nil while it is well.
    package var failure: StoreError? { state.withLock { $0.failure } }

    /// Calls `observer` at every turn for the worse or the better, on whatever thread noticed it.
    package func observe(_ observer: @escaping @Sendable (_ isWell: Bool) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    package func failed(_ error: StoreError) {
        guard error.isDiskTrouble else { return }
        set(error)
    }

    func recovered() {
        set(nil)
    }

    private func set(_ failure: StoreError?) {
        let observers = state.withLock { state in
            let isTurn = (state.failure == nil) != (failure == nil)
            state.failure = failure
            return isTurn ? state.observers : []
        }
        for observer in observers { observer(failure == nil) }
    }
}
