package import Jobs
import Locks

/// Tells those who asked when something of a job has changed: after the commit, or when its progress ticks.
package final class ChangeNotifier: Sendable {
    package enum Change: Sendable, Hashable {
        /// Rows of the job changed: state, epochs, events, logs.
        case job(Identifier)
        /// A running job has moved on a little.
        case progress(Identifier)
        /// A worker should look at what is wanted of the job.
        case wish(Identifier)
        /// A job has joined the queue or left it.
        case queue
        /// The first of the queue waits for another reason than before.
        case waiting
        /// The server has begun to end: whoever waits for a change is answered with the present state.
        case draining
        /// No job runs any more, and the server ends: streams of changes come to their end.
        case drained
    }

    package typealias Observer = @Sendable (Change) -> Void

    private struct State {
        var next = 0
        var observers: [Int: Observer] = [:]
    }

    private let state = Lock(State())

    init() {}

    /// Calls `observer` until the subscription is let go of, on whatever thread made the change: it must return at once.
    package func subscribe(_ observer: @escaping Observer) -> ChangeSubscription {
        let number = state.withLock { state in
            defer { state.next += 1 }
            state.observers[state.next] = observer
            return state.next
        }
        return ChangeSubscription { [weak self] in
            self?.state.withLock { $0.observers[number] = nil }
        }
    }

    package func notify(_ change: Change) {
        let observers = state.withLock { Array($0.observers.values) }
        for observer in observers { observer(change) }
    }
}

/// Ends a subscription when it is let go of.
package final class ChangeSubscription: Sendable {
    private let end: @Sendable () -> Void

    init(end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit {
        end()
    }
}
