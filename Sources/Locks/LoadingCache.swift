import Dispatch

/// Shares values that are costly to make among the threads that ask for the same one.
///
/// Each is made once even when several ask at the same time: the others wait for the first. The most recently used ones are
/// kept up to `bytesMax`; one that somebody still holds is found again even after it was let go here.
package final class LoadingCache<Key: Hashable & Sendable, Value: AnyObject & Sendable>: Sendable {
    private struct Weak {
        weak var value: Value?
    }

    /// Guarded by `state`.
    private struct State {
        /// The least recently used first.
        var kept: [(key: Key, value: Value)] = []
        var lent: [Key: Weak] = [:]
        /// Left when the making of the value has ended.
        var underWay: [Key: DispatchGroup] = [:]
    }

    private enum Turn {
        case found(Value)
        case wait(DispatchGroup)
        case make(DispatchGroup)
    }

    private let bytesMax: Int
    private let size: @Sendable (Value) -> Int
    private let state = Lock(State())

    /// - Parameters:
    ///   - bytesMax: bytes that kept values may take together; a larger one is used and let go, 0 keeps nothing.
    ///   - size: bytes of a value.
    package init(bytesMax: Int, size: @escaping @Sendable (Value) -> Int) {
        self.bytesMax = bytesMax
        self.size = size
    }

    /// Bytes of the values kept.
    package var bytes: Int {
        state.withLock { state in state.kept.reduce(0) { $0 + size($1.value) } }
    }

    /// The value for a key; blocks while another thread makes it. Never call it on a thread that must not block.
    ///
    /// - Parameter whileWaiting: called twenty times a second while another thread makes it; ends the wait by throwing.
    /// - Throws: what `make` throws; nothing is kept then, and whoever waited tries in turn.
    package func value<Failure: Error>(
        for key: Key, whileWaiting: () throws(Failure) -> Void = {}, make: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        while true {
            switch turn(for: key) {
            case .found(let value): return value
            case .wait(let group):
                while group.wait(timeout: .now() + .milliseconds(50)) == .timedOut { try whileWaiting() }
            case .make(let group):
                defer {
                    state.withLock { state in state.underWay[key] = nil }
                    group.leave()
                }
                let value = try make()
                keep(value, for: key)
                return value
            }
        }
    }

    private func turn(for key: Key) -> Turn {
        state.withLock { state in
            if let index = state.kept.firstIndex(where: { $0.key == key }) {
                let entry = state.kept.remove(at: index)
                state.kept.append(entry)
                return .found(entry.value)
            }
            if let value = state.lent[key]?.value { return .found(value) }
            if let group = state.underWay[key] { return .wait(group) }
            let group = DispatchGroup()
            group.enter()
            state.underWay[key] = group
            return .make(group)
        }
    }

    private func keep(_ value: Value, for key: Key) {
        // What is let go is freed behind the lock, not under it.
        let released = state.withLock { state in
            state.lent = state.lent.filter { $0.value.value != nil }
            state.lent[key] = Weak(value: value)
            state.kept.append((key, value))
            var bytes = state.kept.reduce(0) { $0 + size($1.value) }
            var released: [Value] = []
            while bytes > bytesMax, let oldest = state.kept.first {
                bytes -= size(oldest.value)
                released.append(oldest.value)
                state.kept.removeFirst()
            }
            return released
        }
        _ = released
    }
}
