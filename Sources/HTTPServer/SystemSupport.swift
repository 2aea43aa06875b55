import CLinux
import Glibc

/// The system's words for an errno.
func systemMessage(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    // The XSI form, which fills the buffer; unknown numbers are put in words too.
    guard __xpg_strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    let end = buffer.firstIndex(of: 0) ?? buffer.count
    return String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Milliseconds on the monotonic clock: what deadlines are told in.
typealias Milliseconds = Int

enum MonotonicClock {
    static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }

    static func milliseconds() -> Milliseconds { nanoseconds() / 1_000_000 }
}

extension Double {
    /// Seconds as whole milliseconds, at least 1 and never beyond a year.
    var milliseconds: Milliseconds {
        let bounded = Swift.min(Swift.max(self, 0.001), 31_536_000)
        return Milliseconds(bounded * 1000)
    }
}
