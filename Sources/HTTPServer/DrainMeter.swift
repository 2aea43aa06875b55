/// Watches that a reader takes an answer at a minimum mean speed. Only time in which bytes of the answer wait for the reader
/// counts, so that a stream with nothing to send is never slow.
struct DrainMeter {
    private let bytesMin: Int
    private let length: Milliseconds
    /// Nil while nothing waits.
    private var waitsSince: Milliseconds?
    private var waited: Milliseconds = 0
    private var bytes = 0

    init(limits: ServerLimits) {
        length = limits.drainWindowSeconds.milliseconds
        bytesMin = Int(Double(limits.drainBytesPerSecondMin) * limits.drainWindowSeconds)
    }

    /// Bytes wait from now on.
    mutating func resume(_ now: Milliseconds) {
        if waitsSince == nil { waitsSince = now }
    }

    /// Nothing waits any more.
    mutating func pause(_ now: Milliseconds) {
        if let waitsSince { waited += now - waitsSince }
        waitsSince = nil
        if waited >= length, bytes >= bytesMin { restart() }
    }

    mutating func add(_ count: Int) { bytes &+= count }

    /// When the window ends, if bytes wait until then; `Milliseconds.max` while nothing waits.
    var end: Milliseconds { waitsSince.map { $0 + max(0, length - waited) } ?? .max }

    /// At the end of a window: whether the reader took enough. Starts the next window if so.
    mutating func passes(_ now: Milliseconds) -> Bool {
        guard bytes >= bytesMin else { return false }
        restart()
        waitsSince = now
        return true
    }

    private mutating func restart() {
        waited = 0
        bytes = 0
    }
}
