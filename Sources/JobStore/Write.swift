import Dispatch
import GRDB
import Jobs
import Locks

/// A change that is described but not yet made.
///
/// Its body may run twice, when the transaction starts over for the sake of another change: what must happen once is
/// left to `Transaction.afterCommit`.
///
/// Changes are made one after the other, in the order in which `commit` or `commitAndWait` was called. Changes that
/// come at the same time share one transaction and one sync to disk; each fails or succeeds alone. The result is told
/// when the change is durable.
package struct Write<Value: Sendable>: Sendable {
    let writer: Writer
    let body: @Sendable (Transaction) throws -> Value
    /// Takes back what was prepared for the change, when it fails.
    var undo: (@Sendable () -> Void)?

    /// Makes the change. `completion` runs on the writer's queue, so it must hand on what takes long.
    package func commit(_ completion: @escaping @Sendable (Result<Value, StoreError>) -> Void) {
        let (body, undo) = (self.body, self.undo)
        let fail: @Sendable (StoreError) -> Void = { error in
            if !error.leavesCommitInDoubt { undo?() }
            completion(.failure(error))
        }
        writer.enqueue(
            WriteRequest(
                perform: { transaction in
                    let value = try body(transaction)
                    return { completion(.success(value)) }
                },
                fail: fail))
    }

    /// Makes the change and waits until it is durable. Never called on the writer's queue.
    ///
    /// - Parameter inLine: called when the change has its place in the line, before all that is asked for from then on.
    package func commitAndWait(inLine: () -> Void = {}) throws(StoreError) -> Value {
        let done = DispatchSemaphore(value: 0)
        let result = Lock<Result<Value, StoreError>?>(nil)
        commit { outcome in
            result.withLock { $0 = outcome }
            done.signal()
        }
        inLine()
        done.wait()
        guard let outcome = result.withLock({ $0 }) else { throw .closed }
        return try outcome.get()
    }
}

/// A write in the writer's line, its result type erased.
struct WriteRequest: Sendable {
    /// Makes the change inside the open transaction; the closure returned tells the caller that it is durable.
    let perform: @Sendable (Transaction) throws -> @Sendable () -> Void
    /// Tells the caller that the change was not made.
    let fail: @Sendable (StoreError) -> Void
}

/// What a change sees while it is made. Lives on the writer's queue for the time of one request.
final class Transaction {
    let database: Database
    let now: Timestamp
    /// Jobs that have joined the queue in the commit under way, which the queue in memory does not know yet.
    var jobsQueued: Int
    private(set) var effects: [() -> Void] = []

    init(database: Database, now: Timestamp, jobsQueued: Int = 0) {
        self.database = database
        self.now = now
        self.jobsQueued = jobsQueued
    }

    /// Runs `effect` once the change is durable, before its caller hears of it; never if it is not.
    func afterCommit(_ effect: @escaping () -> Void) {
        effects.append(effect)
    }
}

extension Write {
    /// The same change with an entry in the audit log: both are made, or neither.
    ///
    /// - Parameter entry: what the log says of the change; nil when nothing was changed.
    package func auditing(_ entry: @escaping @Sendable (Value) -> AuditEntry?) -> Write {
        let body = self.body
        return Write(
            writer: writer,
            body: { transaction in
                let value = try body(transaction)
                if let entry = entry(value) { try Store.record(entry, in: transaction) }
                return value
            }, undo: undo)
    }

    /// The same change; when it was surely not made, `undo` runs before the caller hears of it.
    func removingOnFailure(_ undo: @escaping @Sendable () -> Void) -> Write {
        Write(writer: writer, body: body, undo: undo)
    }
}
