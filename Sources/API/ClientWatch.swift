import Glibc
import HTTPWire
import Locks

/// Tells long work whether its client still waits for the answer.
///
/// The connection is asked only once the work has taken a while: most answers are there before.
final class ClientWatch: Sendable {
    /// Shorter work is not worth a message to the connection's loop.
    private static let shortNanoseconds: UInt64 = 10_000_000

    /// Guarded by its lock.
    private struct State {
        var isAsking = false
        var isGone = false
    }

    private let responder: any Responder
    private let state = Lock(State())
    private let startedNanoseconds = RequestMetrics.now()

    init(_ responder: any Responder) {
        self.responder = responder
    }

    /// Known to be gone; for the end of the work, which asks nobody any more.
    var isGone: Bool { state.withLock { $0.isGone } }

    /// Cheap enough to be asked a thousand times a second.
    var isWaiting: Bool {
        let isLong = RequestMetrics.now() &- startedNanoseconds > Self.shortNanoseconds
        let (isGone, mustAsk) = state.withLock { state in
            let mustAsk = isLong && !state.isAsking
            if mustAsk { state.isAsking = true }
            return (state.isGone, mustAsk)
        }
        if mustAsk { responder.onCancel { [state] in state.withLock { $0.isGone = true } } }
        return !isGone
    }

    /// - Throws: `ClientGone`.
    func check() throws(ClientGone) {
        guard isWaiting else { throw ClientGone() }
    }
}

/// Nobody waits for the answer any more, so there will be none.
struct ClientGone: Error {}
