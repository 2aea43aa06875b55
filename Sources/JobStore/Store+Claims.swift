import GRDB
package import Jobs

/// The right to report on a job: void as soon as the job has another attempt or no worker.
package struct Lease: Sendable, Hashable {
    package let job: Identifier
    package let attempt: Int
    let number: Int
}

/// What a worker got to do.
package struct Claim: Sendable {
    package var lease: Lease
    package var job: Job
    /// Time spent running in earlier attempts.
    package var runningMilliseconds: Int
    /// How much of that is allowed; nil for no limit.
    package var maxRuntimeMilliseconds: Int?
}

/// What a pool has to offer a job.
package struct ClaimOffer: Sendable, Hashable {
    /// With those of `ending`.
    package var freeThreads: Int
    /// Threads of attempts whose end stands in the writer's line before the claim: free unless that end could not be written.
    package var ending: [Lease: Int]
    /// What a job that asks for more is given.
    package var threadsMax: Int
    /// Bytes that all running jobs may plan for together.
    package var memoryBytesMax: Int
    /// Bytes that those which run now have planned for.
    package var memoryBytesInUse: Int
    /// Jobs that run now.
    package var runningJobs: Int
    /// A job that crashed the process before runs now.
    package var runsIsolatedJob: Bool
    /// Owners who may not have another job running.
    package var ownersAtQuota: [String]
    /// Only jobs that are to end with the model that they have.
    package var stoppingOnly: Bool
    /// What the job would run on, as a JSON object.
    package var environment: [String: String]

    package init(
        freeThreads: Int, ending: [Lease: Int] = [:], threadsMax: Int, runningJobs: Int, runsIsolatedJob: Bool,
        ownersAtQuota: [String] = [], stoppingOnly: Bool = false, environment: [String: String] = [:],
        memoryBytesMax: Int = .max, memoryBytesInUse: Int = 0
    ) {
        self.freeThreads = freeThreads
        self.ending = ending
        self.threadsMax = threadsMax
        self.memoryBytesMax = memoryBytesMax
        self.memoryBytesInUse = memoryBytesInUse
        self.runningJobs = runningJobs
        self.runsIsolatedJob = runsIsolatedJob
        self.ownersAtQuota = ownersAtQuota
        self.stoppingOnly = stoppingOnly
        self.environment = environment
    }
}

extension ClaimOffer {
    /// A job that would not fit if it ran alone is handed out all the same, so that it can fail.
    fileprivate func hasMemory(for job: Job) -> Bool {
        let bytes = job.memoryBytes ?? 0
        return bytes > memoryBytesMax || bytes <= memoryBytesMax - memoryBytesInUse
    }
}

package enum ClaimResult: Sendable {
    case claimed(Claim, threads: Int)
    case empty
    /// The first of the queue cannot run yet, and no one overtakes it.
    case blocked(WaitingReason)
}

extension Store {
    /// Takes the first job of the queue that the offer suits: priority with ageing, then order of submission.
    package func claim(_ offer: ClaimOffer) -> Write<ClaimResult> {
        let (live, changes) = (self.live, self.changes)
        return write { transaction in
            let database = transaction.database
            if !offer.stoppingOnly { live.setOwnersAtQuota(Set(offer.ownersAtQuota)) }
            guard let (candidate, threadsWanted) = try Self.candidate(for: offer, at: transaction.now, in: database)
            else {
                let isHeldByQuota = !offer.ownersAtQuota.isEmpty && !offer.stoppingOnly && live.queuedCount > 0
                return isHeldByQuota ? .blocked(.quota) : .empty
            }
            let threads = min(threadsWanted, offer.threadsMax)
            if !offer.stoppingOnly {
                if offer.runsIsolatedJob { return .blocked(.isolation) }
                if candidate.job.crashes > 0, offer.runningJobs > 0 { return .blocked(.isolation) }
                let freeThreads = try Self.freeThreads(of: offer, in: database)
                if freeThreads < 1 { return .blocked(.workers) }
                if freeThreads < threads { return .blocked(.threads) }
            }
            if !offer.hasMemory(for: candidate.job) { return .blocked(.memory) }
            let change = Change(trigger: .claimed, actor: "worker")
            let (row, _) = try Self.apply(
                change, to: candidate, in: transaction, live: live, changes: changes)
            try database.run("UPDATE jobs SET progressed = 0 WHERE number = ?", [row.number])
            var environment = offer.environment
            environment["threads"] = String(threads)
            try Self.recordAttempt(of: row, on: environment, in: transaction)
            let lease = Lease(job: row.job.id, attempt: row.job.attempt, number: row.number)
            transaction.afterCommit { live.begin(lease.job, attempt: lease.attempt) }
            let claim = Claim(
                lease: lease, job: row.job, runningMilliseconds: row.runningMilliseconds,
                maxRuntimeMilliseconds: row.maxRuntimeMilliseconds)
            return .claimed(claim, threads: threads)
        }
    }

    /// Ends jobs whose deadline has passed in the queue. Returns the next deadline.
    package func expireDue() -> Write<Timestamp?> {
        let (live, changes) = (self.live, self.changes)
        return write { transaction in
            let due = try transaction.database.rows(
                """
                \(JobRow.select) INDEXED BY jobs_by_deadline
                WHERE state = 'queued' AND deadline <= ? ORDER BY deadline LIMIT 500
                """,
                [transaction.now.milliseconds], JobRow.init(_:))
            for row in due {
                let change = Change(trigger: .deadlinePassed, actor: "server")
                try Self.apply(change, to: row, in: transaction, live: live, changes: changes)
            }
            return try Self.nextDeadline(in: transaction.database)
        }
    }

    /// When the next deadline of a queued job is; nil when there is none.
    package func nextDeadline() throws(StoreError) -> Timestamp? {
        try read { try Self.nextDeadline(in: $0) }
    }

    /// Whether a queued job only has to end with the model that it has.
    package func hasJobToStop() throws(StoreError) -> Bool {
        try read { database in
            try database.integer(
                """
                SELECT 1 FROM jobs INDEXED BY jobs_to_stop
                WHERE state = 'queued' AND wants_stop = 1 AND crashes = 0 LIMIT 1
                """)
        } != nil
    }

    private static func freeThreads(of offer: ClaimOffer, in database: Database) throws -> Int {
        try offer.ending.reduce(offer.freeThreads) { free, ending in
            let isActive =
                try database.integer(
                    """
                    SELECT 1 FROM jobs WHERE number = ? AND attempt = ?
                      AND state IN ('starting', 'running', 'pausing', 'cancelling')
                    """, [ending.key.number, ending.key.attempt]) != nil
            return isActive ? free - ending.value : free
        }
    }

    private static func nextDeadline(in database: Database) throws -> Timestamp? {
        let next = try database.integer(
            """
            SELECT deadline FROM jobs INDEXED BY jobs_by_deadline
            WHERE state = 'queued' AND deadline IS NOT NULL ORDER BY deadline LIMIT 1
            """)
        return next.map { Timestamp(milliseconds: Int64($0)) }
    }

    /// The first of the queue. Without `INDEXED BY` SQLite prefers the index of states and sorts the whole queue each time.
    private static func candidate(
        for offer: ClaimOffer, at now: Timestamp, in database: Database
    ) throws -> (row: JobRow, threads: Int)? {
        let number =
            if offer.stoppingOnly {
                try database.integer(
                    """
                    SELECT number FROM jobs INDEXED BY jobs_to_stop
                    WHERE state = 'queued' AND wants_stop = 1 AND crashes = 0 ORDER BY number LIMIT 1
                    """)
            } else {
                try database.integer(
                    """
                    SELECT number FROM jobs INDEXED BY jobs_queue
                    WHERE state = 'queued' AND (deadline IS NULL OR deadline > ?)
                      AND owner NOT IN (SELECT value FROM json_each(?))
                    ORDER BY claim_rank, number LIMIT 1
                    """, [now.milliseconds, JSONValue.array(offer.ownersAtQuota.map(JSONValue.string)).jsonText])
            }
        guard let number else { return nil }
        let row = try requireRow(number, in: database)
        return (row, row.threads)
    }

    /// Notes what an attempt runs on; says so when it goes on with what was begun on something else.
    private static func recordAttempt(
        of row: JobRow, on environment: [String: String], in transaction: Transaction
    ) throws {
        let database = transaction.database
        let text = environment.jsonText
        let before = try database.row(
            "SELECT environment FROM attempts WHERE job = ? ORDER BY attempt DESC LIMIT 1", [row.number]
        ) { try $0.text() }
        let resumes = try database.integer("SELECT 1 FROM checkpoints WHERE job = ? LIMIT 1", [row.number]) != nil
        if let before, before != text, resumes {
            try append(
                .resumedOnDifferentHardware, to: row.number, actor: "worker",
                detail: .object([
                    .init("before", try JSONValue(parsing: Array(before.utf8))),
                    .init("now", try JSONValue(parsing: Array(text.utf8))),
                ]), in: transaction)
        }
        try database.run(
            "INSERT OR REPLACE INTO attempts (job, attempt, environment, claimed_at) VALUES (?, ?, ?, ?)",
            [row.number, row.job.attempt, text, transaction.now.milliseconds])
    }
}
