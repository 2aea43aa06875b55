import Dispatch
import GRDB
import Locks

/// Read-only connections that stay open, each with its compiled statements: a read through one costs microseconds.
final class Readers: Sendable {
    private let path: String
    private let idle: Lock<[DatabaseQueue]>
    private let available: DispatchSemaphore
    private let count: Int

    init(path: String, count: Int) throws {
        self.path = path
        self.count = count
        idle = Lock(try (0..<count).map { _ in try Connection.reader(path: path) })
        available = DispatchSemaphore(value: count)
    }

    /// Runs `body` on a connection that no one else uses meanwhile; waits when all are busy.
    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        available.wait()
        defer { available.signal() }
        do {
            // In turn, so that what each one keeps is soon as much as it will ever be.
            let connection =
                try idle.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) ?? Connection.reader(path: path)
            // `unsafeRead` opens no transaction: a single statement sees one snapshot anyway.
            defer { idle.withLock { $0.append(connection) } }
            return try connection.unsafeRead(body)
        } catch {
            throw StoreError(error, operation: "read")
        }
    }

    /// Closes every connection; the next reads open new ones.
    func reopen() {
        for _ in 0..<count { available.wait() }
        let closing = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        for connection in closing { try? connection.close() }
        for _ in 0..<count { available.signal() }
    }
}
