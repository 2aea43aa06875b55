import Glibc
import Locks
import Metrics

/// Standard error as the log's way out. It never blocks: where nobody reads the other end, lines are dropped and counted, and
/// the next line that goes out is preceded by one that tells how many.
final class LogOutput: Sendable {
    static let standardError = LogOutput(descriptor: STDERR_FILENO)

    private struct State {
        var dropped = 0
        /// Whether the last line went out without its end.
        var isTorn = false
    }

    private let descriptor: Int32
    private let state = Lock(State())

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes one line. Lines of several threads do not mix.
    ///
    /// - Parameters:
    ///   - line: its bytes, without the line feed.
    ///   - notice: makes the line that tells of so many dropped ones.
    func write(_ line: [UInt8], notice: (Int) -> [UInt8]) {
        let isDropped = state.withLock { state in
            var bytes = state.isTorn ? [Self.lineFeed] : []
            if state.dropped > 0 { bytes += notice(state.dropped) + [Self.lineFeed] }
            bytes += line + [Self.lineFeed]
            switch send(bytes) {
            case bytes.count:
                state = State()
                return false
            case let sent:
                state.dropped += 1
                if sent > 0 { state.isTorn = true }
                return true
            }
        }
        if isDropped { Counter(label: "tenbin_log_lines_dropped").increment() }
    }

    private static let lineFeed = UInt8(ascii: "\n")

    /// How much is written between two looks whether there is room: a pipe that is ready has room for that (PIPE_BUF).
    private static let pieceBytes = 4_096

    /// Writes as much as goes without waiting. Returns how much that was.
    private func send(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count, hasRoom {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[sent..<min(bytes.count, sent + Self.pieceBytes)])
                let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                sent += count
            }
            return sent
        }
    }

    private var hasRoom: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, 0) == 1 && request.revents & Int16(POLLOUT) != 0
    }
}
