import Dispatch
import GRDB
import Glibc
import Jobs
import Locks
import Logging

/// The one connection that writes, and the line of requests before it (group commit).
final class Writer: Sendable {
    private struct Line {
        var requests: [WriteRequest] = []
        var isDraining = false
        var isClosed = false
    }

    private let queue = DispatchQueue(label: "tenbin.store.writer", qos: .userInitiated)
    private let line = Lock(Line())
    /// Replaced after a failed sync; used on `queue` only. Nil while it cannot be opened.
    private let connection: Lock<DatabaseQueue?>
    /// How long the write-ahead log may grow before it is copied; more than the limit while a reader holds it up.
    private let walBytesBeforeCheckpoint: Lock<Int>
    private let commits = Lock(0)

    private let path: String
    private let limits: StoreLimits
    private let clock: @Sendable () -> Timestamp
    private let logger: Logger
    private let metrics: StoreMetrics
    /// Called on `queue` when the disk has failed a request.
    private let onDiskTrouble: @Sendable (StoreError) -> Void
    /// Called on `queue` when the database file itself failed to sync, so that no old descriptor may be used again.
    private let onCheckpointFailure: @Sendable () -> Void

    init(
        path: String, connection: DatabaseQueue, configuration: StoreConfiguration, metrics: StoreMetrics,
        onDiskTrouble: @escaping @Sendable (StoreError) -> Void, onCheckpointFailure: @escaping @Sendable () -> Void
    ) {
        self.path = path
        self.connection = Lock(connection)
        limits = configuration.limits
        walBytesBeforeCheckpoint = Lock(configuration.limits.walBytesBeforeCheckpoint)
        clock = configuration.clock
        logger = configuration.logger
        self.metrics = metrics
        self.onDiskTrouble = onDiskTrouble
        self.onCheckpointFailure = onCheckpointFailure
    }

    /// Grows with every commit, before anybody is told of it.
    var commitCount: Int { commits.withLock { $0 } }

    func enqueue(_ request: WriteRequest) {
        enum Answer { case refused(StoreError), joined, mustDrain }
        let answer: Answer = line.withLock { line in
            guard !line.isClosed else { return .refused(.closed) }
            guard line.requests.count < limits.writesPendingMax else { return .refused(.overloaded) }
            line.requests.append(request)
            defer { line.isDraining = true }
            return line.isDraining ? .joined : .mustDrain
        }
        switch answer {
        case .refused(let error): request.fail(error)
        case .joined: break
        case .mustDrain: queue.async { [self] in drain() }
        }
    }

    /// Commits what is in line, then closes the connection. Later requests are refused.
    func close() {
        line.withLock { $0.isClosed = true }
        queue.sync {
            drain()
            guard let connection = connection.withLock({ $0.take() }) else { return }
            do {
                _ = try connection.writeWithoutTransaction { try $0.checkpoint(.truncate) }
                try connection.close()
            } catch {
                logger.warning("closing the database: \(error)")
            }
        }
    }

    /// Runs `body` on the writer's queue between two transactions.
    func exclusively<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.sync {
            try openConnection().writeWithoutTransaction(body)
        }
    }

    // MARK: - On the queue

    private func drain() {
        while true {
            let group = line.withLock { line in
                let group = Array(line.requests.prefix(limits.writesPerCommitMax))
                line.requests.removeFirst(group.count)
                if group.isEmpty { line.isDraining = false }
                return group
            }
            if group.isEmpty { return }
            commit(group)
        }
    }

    /// How the requests of a group went, in their order.
    private struct Outcome {
        enum Answer {
            /// Made and durable.
            case made(tell: @Sendable () -> Void, effects: [() -> Void])
            case refused(fail: @Sendable (StoreError) -> Void, StoreError)
        }

        let answers: [Answer]
        /// Of the commit as a whole.
        let failure: StoreError?

        init(made answers: [Answer]) {
            self.answers = answers
            failure = nil
        }

        init(_ failure: StoreError, of group: [WriteRequest]) {
            answers = group.map { .refused(fail: $0.fail, failure) }
            self.failure = failure
        }

        func give() {
            for answer in answers {
                switch answer {
                case .made(let tell, let effects):
                    effects.forEach { $0() }
                    tell()
                case .refused(let fail, let error): fail(error)
                }
            }
        }
    }

    private func commit(_ group: [WriteRequest]) {
        let start = monotonicNanoseconds()
        let outcome: Outcome
        do {
            outcome = try openConnection().writeWithoutTransaction { perform(group, in: $0) }
        } catch {
            outcome = Outcome(StoreError(error, operation: "open the database"), of: group)
        }
        commits.withLock { $0 += 1 }
        metrics.committed(writes: group.count, nanoseconds: monotonicNanoseconds() - start)
        if let failure = outcome.failure { recover(from: failure) }
        outcome.give()
        if outcome.failure == nil { checkpointIfDue() }
    }

    private func perform(_ group: [WriteRequest], in database: Database) -> Outcome {
        let now = clock()
        do {
            try database.beginTransaction(.immediate)
            let answers: [Outcome.Answer]
            do {
                answers = try make(group, in: database, at: now, withSavepoints: false)
            } catch is FailedHalfway {
                try database.rollback()
                try database.beginTransaction(.immediate)
                answers = try make(group, in: database, at: now, withSavepoints: true)
            }
            try database.commit()
            return Outcome(made: answers)
        } catch {
            if database.isInsideTransaction { try? database.rollback() }
            return Outcome(StoreError(error, operation: "commit"), of: group)
        }
    }

    /// A request failed after it had changed something, and no savepoint to go back to was set.
    private struct FailedHalfway: Error {}

    /// Makes the changes of a group inside the open transaction. A request that fails undoes its own changes only; a disk
    /// that fails ends the whole transaction.
    ///
    /// Nearly every request succeeds, or fails before it changes anything, and a savepoint makes SQLite copy each page that
    /// a request changes. So a group is made without, and once more with them where one failed halfway.
    private func make(
        _ group: [WriteRequest], in database: Database, at now: Timestamp, withSavepoints: Bool
    ) throws -> [Outcome.Answer] {
        var jobsQueued = 0
        return try group.map { request in
            let transaction = Transaction(database: database, now: now, jobsQueued: jobsQueued)
            let changesBefore = database.totalChangesCount
            if withSavepoints { try database.run("SAVEPOINT request") }
            do {
                let tell = try request.perform(transaction)
                if withSavepoints { try database.run("RELEASE request") }
                jobsQueued = transaction.jobsQueued
                return .made(tell: tell, effects: transaction.effects)
            } catch {
                let failure = StoreError(error, operation: "write")
                if failure.isDiskTrouble { throw failure }
                if withSavepoints {
                    try database.run("ROLLBACK TO request")
                    try database.run("RELEASE request")
                } else if database.totalChangesCount != changesBefore {
                    throw FailedHalfway()
                }
                return .refused(fail: request.fail, failure)
            }
        }
    }

    /// After a failed write or sync the connection is never used again: what it believes to be on disk may not be.
    private func recover(from failure: StoreError) {
        logger.error("a commit failed: \(failure)")
        let old = connection.withLock { $0.take() }
        do { try old?.close() } catch { logger.warning("closing the database: \(error)") }
        onDiskTrouble(failure)
    }

    private func openConnection() throws -> DatabaseQueue {
        if let open = connection.withLock({ $0 }) { return open }
        let new = try Connection.writer(path: path, walBytesMax: limits.walBytesBeforeCheckpoint)
        connection.withLock { $0 = new }
        return new
    }

    // MARK: - The write-ahead log

    /// Copies the write-ahead log into the database when it has grown long. The next commit then starts the log over and
    /// cuts the file to `journal_size_limit`, so a file beyond that length is a log that has not been copied.
    private func checkpointIfDue() {
        var status = stat()
        guard stat(path + "-wal", &status) == 0 else { return }
        let bytes = Int(status.st_size)
        metrics.noteWAL(bytes: bytes)
        let isDue = bytes > walBytesBeforeCheckpoint.withLock { $0 }
        guard isDue, let connection = connection.withLock({ $0 }) else { return }
        do {
            let (frames, copied) = try connection.writeWithoutTransaction { try $0.checkpoint(.passive) }
            // A reader of an old snapshot keeps the rest from being copied: not worth a sync with every commit.
            let pause = frames == copied ? 0 : bytes
            walBytesBeforeCheckpoint.withLock { $0 = limits.walBytesBeforeCheckpoint + pause }
        } catch {
            recover(from: StoreError(error, operation: "checkpoint"))
            onCheckpointFailure()
        }
    }
}

/// Monotonic time in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
