import Jobs
import Locks

/// The memory that one request's document, or what is made of it, takes of what all requests share.
///
/// Short documents are free. Of a longer one every byte counts, and it is taken before it is stored.
final class DocumentClaim: Sendable {
    /// Bytes that are not counted.
    static let bytesFree = 1 << 20

    private let claim: MemoryClaim
    private let bytesMax: Int
    private let stored = Lock(0)

    init(on budget: MemoryBudget) {
        claim = MemoryClaim(on: budget)
        bytesMax = budget.bytesMax
    }

    /// - Throws: `overloaded` where other requests have taken the memory.
    func store(_ bytes: Int) throws(APIError) {
        // One request alone may have everything, and no more: it could never be answered otherwise.
        let (before, after) = stored.withLock { stored in
            let before = stored
            stored = min(stored.addingReportingOverflow(bytes).overflow ? .max : stored + bytes, max(bytesMax, stored))
            return (before, stored)
        }
        guard after > Self.bytesFree else { return }
        guard claim.grow(by: before > Self.bytesFree ? after - before : after) else {
            throw .retryLater(.overloaded, "too many large requests are being answered at once", seconds: 1)
        }
    }
}
