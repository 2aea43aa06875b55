import Dispatch
import HTTPTypes
import HTTPWire
import Locks

/// One client's stream of server-sent events (WHATWG HTML section 9.2).
///
/// Nothing queues up behind a slow reader: what is durable is read from the store a page at a time, when the reader has
/// taken the page before, and of what is not, the newest replaces the one before it. So a stream holds one page at most,
/// and a reader who takes nothing is cut by the transport and can resume where it was.
final class EventStream: ContentSource {
    /// What is sent, and where to go on from. Lives on whatever thread holds the lock.
    private struct State {
        var cursor: EventCursor
        var ready: [UInt8]
        /// The newest progress of each job, not sent yet.
        var progress: [String: [UInt8]] = [:]
        /// Something may have been written behind the cursor.
        var isBehind = true
        var isReading = false
        var isOver = false
        /// Nothing more will be written: the stream ends when all there is has been sent.
        var isClosing = false
        var isCancelled = false
        /// The key that it was opened with; the stream ends when the key does.
        var hold: KeyHold?
        var isRevoked = false
        var wake: (@Sendable () -> Void)?
    }

    /// Jobs whose newest progress is kept for a reader at most.
    private static let progressJobsMax = 64
    static let heartbeat: [UInt8] = Array(": still here\n\n".utf8)

    private let state: Lock<State>
    private let hub: EventHub
    private let feed: EventFeed

    /// - Parameter mismatch: why the stream begins anew and not where its reader was; the reader is told first.
    init(_ feed: EventFeed, from cursor: EventCursor, after mismatch: EventID.Mismatch?, hub: EventHub) {
        self.feed = feed
        self.hub = hub
        // A first line at once tells the client that it is connected, and how soon to come back.
        var ready = Array("retry: 2000\n\n".utf8)
        if let mismatch { ready += ServerSentEvent.reset(after: mismatch) }
        state = Lock(State(cursor: cursor, ready: ready))
    }

    // MARK: - The reader's side

    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> ContentPiece {
        let (piece, mustRead) = state.withLock { state -> (ContentPiece, Bool) in
            if state.isCancelled || (state.isRevoked && state.ready.isEmpty) { return (.end, false) }
            if state.ready.isEmpty { Self.takeProgress(&state) }
            if !state.ready.isEmpty {
                let piece = Array(state.ready.prefix(max(1, bytesMax)))
                state.ready.removeFirst(piece.count)
                return (.bytes(piece), false)
            }
            if state.isOver && !state.isBehind { return (.end, false) }
            state.wake = wake
            let mustRead = state.isBehind && !state.isReading
            if mustRead { state.isReading = true }
            return (.later, mustRead)
        }
        if mustRead { read() }
        // Whoever has read it to its end does not cancel it.
        if case .end = piece { hub.remove(self) }
        return piece
    }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.ready = []
            state.wake = nil
        }
        hub.remove(self)
    }

    // MARK: - The key's side

    /// Ends in order when the key is no longer in force.
    func end(with hold: KeyHold) {
        state.withLock { $0.hold = hold }
        hold.onRevocation { [weak self] in self?.revoke() }
    }

    /// What was handed out already is sent, and nothing more.
    private func revoke() {
        let wake = state.withLock { state in
            state.isRevoked = true
            state.progress = [:]
            return state.wake.take()
        }
        wake?()
    }

    // MARK: - The hub's side

    var job: String? { feed.job }
    var owner: String? { feed.owner }

    /// Something durable may have been written.
    func noteChange() { readOn { _ in } }

    /// Nothing more will be written.
    func close() { readOn { $0.isClosing = true } }

    private func readOn(_ change: @Sendable (inout State) -> Void) {
        let mustRead = state.withLock { state in
            change(&state)
            state.isBehind = true
            // Only a reader who waits makes the store be read.
            guard state.wake != nil, !state.isReading, !state.isCancelled else { return false }
            state.isReading = true
            return true
        }
        if mustRead { read() }
    }

    func noteProgress(of job: String, _ event: [UInt8]) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isCancelled, !state.isOver, !state.isRevoked else { return nil }
            guard state.progress[job] != nil || state.progress.count < Self.progressJobsMax else { return nil }
            state.progress[job] = event
            return Self.flush(&state)
        }
        wake?()
    }

    func beat() {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.ready.isEmpty, state.wake != nil, !state.isCancelled, !state.isRevoked else { return nil }
            state.ready = Self.heartbeat
            return state.wake.take()
        }
        wake?()
    }

    /// Hands a waiting reader what there is; nil while a page is being read, which will do it.
    private static func flush(_ state: inout State) -> (@Sendable () -> Void)? {
        guard state.wake != nil, !state.isReading else { return nil }
        takeProgress(&state)
        return state.wake.take()
    }

    private static func takeProgress(_ state: inout State) {
        for event in state.progress.values { state.ready += event }
        state.progress = [:]
    }

    /// Reads the next page where blocking is allowed, and wakes the reader when there is something for it.
    private func read() {
        hub.services.queue.async { [self] in
            let cursor = state.withLock { state in
                state.isBehind = false
                return state.cursor
            }
            let page = feed.page(behind: cursor, hub: hub)
            let (wake, mustRepeat) = state.withLock { state -> ((@Sendable () -> Void)?, Bool) in
                state.isReading = false
                if state.isRevoked { return (state.wake.take(), false) }
                state.cursor = page.cursor
                state.ready += page.bytes
                state.isOver = page.isEnd || (state.isClosing && !page.hasMore)
                if page.hasMore { state.isBehind = true }
                if !state.ready.isEmpty || state.isOver || !state.progress.isEmpty {
                    return (Self.flush(&state), false)
                }
                // Written while the page was read.
                let mustRepeat = state.isBehind && !state.isCancelled
                if mustRepeat { state.isReading = true }
                return (nil, mustRepeat)
            }
            wake?()
            if mustRepeat { read() }
        }
    }
}

/// How far a stream has come.
struct EventCursor: Sendable, Hashable {
    /// The last event sent: its `seq` in a job's stream, its `number` in that of all jobs.
    var event: Int
    /// The last log line sent, in a job's stream.
    var logLine = 0
}
