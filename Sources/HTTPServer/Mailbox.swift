import CLinux
import Glibc
import HTTPWire
import Locks
import Synchronization

/// Names one request on one connection. Numbers are never used twice, unlike descriptors.
struct ExchangeKey: Hashable, Sendable {
    let connection: UInt64
    /// The HTTP/2 stream, or a count of requests in HTTP/1.
    let exchange: Int
}

/// What other threads, and handlers, tell an event loop.
enum LoopMessage: Sendable {
    case respond(ExchangeKey, Response)
    case onCancel(ExchangeKey, @Sendable () -> Void)
    case sinkReady(ExchangeKey)
    case sourceReady(ExchangeKey)
    /// The right to an answer was taken back: it is cut short.
    case cut(ExchangeKey)
    case drain
    case stop
}

/// The way into an event loop from any thread: a locked list and an eventfd that wakes the loop.
final class Mailbox: @unchecked Sendable {
    // True because `messages` is behind its lock, `descriptor` never changes, `thread` is atomic, and the rest is touched on
    // the loop's own thread only, which `isOnLoop` tells.
    let descriptor: Int32
    /// Becomes readable when the loop has ended.
    private let end: Int32
    private let messages = Lock<[LoopMessage]>([])
    /// The loop's own thread; 0 until it runs. A thread finds itself here only if it has written that, so order means nothing.
    private let thread = Atomic<pthread_t>(0)
    /// The request whose handler is being called, and what it answered meanwhile.
    private var current: ExchangeKey?
    private var currentAnswer: Response?

    init() throws(ServerError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        end = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0, end >= 0 else { throw .system(operation: "eventfd", code: errno) }
    }

    deinit {
        close(descriptor)
        close(end)
    }

    /// Makes the calling thread the loop's own.
    func adoptThread() { thread.store(pthread_self(), ordering: .relaxed) }

    private var isOnLoop: Bool { thread.load(ordering: .relaxed) == pthread_self() }

    func post(_ message: LoopMessage) {
        if isOnLoop {
            messages.withLock { $0.append(message) }
            return
        }
        let wasEmpty = messages.withLock { list in
            list.append(message)
            return list.count == 1
        }
        if wasEmpty { wake() }
    }

    /// Passes an answer on. One that a handler gives while it is being called is kept aside: it is wanted in a moment.
    func respond(_ key: ExchangeKey, _ response: consuming Response) {
        if isOnLoop, key == current, currentAnswer == nil {
            currentAnswer = response
        } else {
            post(.respond(key, response))
        }
    }

    private func wake() { Self.signal(descriptor) }

    private static func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// The loop has ended.
    func noteEnd() { Self.signal(end) }

    /// Waits for the loop to end; false when it still runs at `deadline`.
    func waitForEnd(until deadline: Milliseconds) -> Bool {
        while true {
            var entry = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
            let rest = max(0, deadline - MonotonicClock.milliseconds())
            let count = poll(&entry, 1, Int32(clamping: rest))
            if count > 0 { return true }
            if rest == 0 { return false }
        }
    }

    /// Calls a handler; an answer it gives before returning comes back at once, without a detour through the list.
    func callingHandler<Result>(for key: ExchangeKey, _ body: () -> Result) -> (result: Result, answer: Response?) {
        current = key
        let result = body()
        current = nil
        var answer: Response?
        swap(&answer, &currentAnswer)
        return (result, answer)
    }

    /// Everything that has come since the last time, in order.
    func takeAll() -> [LoopMessage] {
        messages.withLock { list in
            guard !list.isEmpty else { return [] }
            var taken: [LoopMessage] = []
            swap(&taken, &list)
            return taken
        }
    }

    /// Whether something waits. On the loop's thread no eventfd is written for its own messages, so it asks before it sleeps.
    var isEmpty: Bool { messages.withLock { $0.isEmpty } }

    /// Takes the wake-up call off the eventfd.
    func acknowledgeWake() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}

/// A `Responder` that is nothing but an address: three words, no allocation.
struct ResponseHandle: Responder {
    let mailbox: Mailbox
    let key: ExchangeKey

    func respond(_ response: consuming Response) { mailbox.respond(key, response) }

    func onCancel(_ action: @escaping @Sendable () -> Void) { mailbox.post(.onCancel(key, action)) }
}
