/// Watches that content comes at a minimum mean speed, window by window.
struct RateWindow {
    private let bytesMin: Int
    private let length: Milliseconds
    private var start: Milliseconds = 0
    private var bytes = 0

    init(limits: ServerLimits) {
        length = limits.bodyWindowSeconds.milliseconds
        bytesMin = Int(Double(limits.bodyBytesPerSecondMin) * limits.bodyWindowSeconds)
    }

    var end: Milliseconds { start + length }

    mutating func restart(_ now: Milliseconds) {
        start = now
        bytes = 0
    }

    mutating func add(_ count: Int) { bytes &+= count }

    /// At the end of a window: whether enough came. Starts the next one if so.
    mutating func passes(_ now: Milliseconds) -> Bool {
        guard bytes >= bytesMin else { return false }
        restart(now)
        return true
    }
}
