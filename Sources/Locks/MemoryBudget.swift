/// Bytes of memory that many requests share. Who finds too few left is refused and may come again: nobody waits, and nobody
/// is given what is not there.
package final class MemoryBudget: Sendable {
    package let bytesMax: Int
    private let taken = Lock(0)

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    package var bytesTaken: Int { taken.withLock { $0 } }

    fileprivate func take(_ bytes: Int) -> Bool {
        taken.withLock { taken in
            guard bytes <= bytesMax - taken else { return false }
            taken += bytes
            return true
        }
    }

    fileprivate func give(back bytes: Int) {
        taken.withLock { $0 -= bytes }
    }
}

/// What one piece of work has taken of a budget. All of it goes back when the claim is let go.
package final class MemoryClaim: Sendable {
    private let budget: MemoryBudget
    private let bytes = Lock(0)

    package init(on budget: MemoryBudget) {
        self.budget = budget
    }

    deinit {
        let bytes = bytes.withLock { $0 }
        if bytes > 0 { budget.give(back: bytes) }
    }

    /// Takes some more bytes.
    ///
    /// - Returns: false when there are not so many left; nothing is taken then.
    package func grow(by more: Int) -> Bool {
        guard more > 0 else { return true }
        guard budget.take(more) else { return false }
        bytes.withLock { $0 += more }
        return true
    }
}
