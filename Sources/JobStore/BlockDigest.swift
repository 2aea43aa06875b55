import Crypto
import Dispatch
import Locks

/// The SHA-256 of content on its way to or from the disk. Another core digests a block while the disk has the next.
final class BlockDigest: Sendable {
    /// Bytes of every block but the last.
    static let blockBytes = 8 << 20

    private let state = Lock(SHA256())
    private let digesting = DispatchGroup()

    /// Less is digested sooner than handed over.
    private static let handedOverBytesMin = 1 << 15

    /// Waits for the block before.
    func add(_ block: [UInt8]) {
        digesting.wait()
        if block.count < Self.handedOverBytesMin {
            state.withLock { $0.update(data: block) }
        } else {
            DispatchQueue.global(qos: .userInitiated).async(group: digesting) { [state] in
                state.withLock { $0.update(data: block) }
            }
        }
    }

    /// What all blocks so far come to; waits for the last.
    var hash: SHA256 {
        digesting.wait()
        return state.withLock { $0 }
    }
}
