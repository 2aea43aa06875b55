import Glibc
import HTTPWire
import Jobs
import Locks

/// Stands for a key while something long is done for it: an event stream, a download, an upload.
///
/// Whoever does it keeps the hold until it is done, and is told when the key is revoked or expires.
final class KeyHold: AnswerLease {
    private struct State {
        var isOver = false
        /// What ends that which is done for the key.
        var end: (@Sendable () -> Void)?
    }

    let key: Identifier
    private let ring: KeyRing
    private let state = Lock(State())

    /// Made by `KeyRing.hold`, which knows it from then on.
    init(_ key: Identifier, ring: KeyRing) {
        self.key = key
        self.ring = ring
    }

    deinit { ring.forget(ObjectIdentifier(self), of: key) }

    func onRevocation(_ cut: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.end = cut }
            return state.isOver
        }
        if isOver { cut() }
    }

    /// The key is no longer in force.
    func end() {
        let end = state.withLock { state in
            state.isOver = true
            return state.end.take()
        }
        end?()
    }
}

extension ResponseContent {
    /// From this size on, content in memory may take a slow reader long.
    private static let longBytes = 1 << 16

    /// Whether a reader may make the sending last.
    var isLong: Bool {
        switch self {
        case .none: false
        case .bytes(let bytes): bytes.count >= Self.longBytes
        case .file, .stream: true
        }
    }

    /// Lets go of what nobody will be sent.
    func drop() {
        switch self {
        case .none, .bytes: break
        case .file(let descriptor, _, _): close(descriptor)
        case .stream(let source): source.cancel()
        }
    }
}
