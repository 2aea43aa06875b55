import Glibc

/// An instant on the monotonic clock after which nothing is waited for; or none at all.
package struct Deadline: Sendable, Equatable {
    /// Nanoseconds; nil never comes.
    private let nanoseconds: Int?

    package static let never = Deadline(nanoseconds: nil)

    private init(nanoseconds: Int?) {
        self.nanoseconds = nanoseconds
    }

    /// So many seconds from now; never without a number. More than a year counts as a year.
    package init(seconds: Double?) {
        guard let seconds else {
            nanoseconds = nil
            return
        }
        let bounded = min(max(seconds.isNaN ? 0 : seconds, 0), 31_536_000)
        nanoseconds = Self.now &+ Int(bounded * 1_000_000_000)
    }

    package static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }

    /// Seconds that are left, at least 0; nil when it never comes.
    package var secondsLeft: Double? {
        nanoseconds.map { Double(max(0, $0 &- Self.now)) / 1_000_000_000 }
    }

    package var hasPassed: Bool { secondsLeft == 0 }

    /// What `poll` takes: milliseconds, at least 1 while time is left; -1 for no end.
    var pollMilliseconds: Int32 {
        guard let secondsLeft else { return -1 }
        return Int32(min((secondsLeft * 1_000).rounded(.up), 86_400_000))
    }

    func earlier(_ other: Deadline) -> Deadline {
        guard let mine = nanoseconds else { return other }
        guard let theirs = other.nanoseconds else { return self }
        return mine <= theirs ? self : other
    }
}
