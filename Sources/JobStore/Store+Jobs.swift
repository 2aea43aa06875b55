import GRDB
package import Jobs

/// A job about to be accepted.
package struct NewJob: Sendable {
    package var id: Identifier
    package var owner: String
    package var spec: TrainingSpec
    package var memoryBytes: Int?
    /// The comparison that it is a run of.
    var comparison: Identifier?

    package init(id: Identifier, owner: String, spec: TrainingSpec, memoryBytes: Int? = nil) {
        self.id = id
        self.owner = owner
        self.spec = spec
        self.memoryBytes = memoryBytes
    }
}

/// What a list of jobs is narrowed to.
package struct JobFilter: Sendable, Hashable {
    /// Nil for everyone's.
    package var owner: String?
    package var state: JobState?
    package var label: Label?
    package var dataset: Identifier?
    package var comparison: Identifier?
    package var createdFrom: Timestamp?
    package var createdBefore: Timestamp?

    package struct Label: Sendable, Hashable {
        package var key: String
        package var value: String

        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    package init(
        owner: String?, state: JobState? = nil, label: Label? = nil, dataset: Identifier? = nil,
        comparison: Identifier? = nil, createdFrom: Timestamp? = nil, createdBefore: Timestamp? = nil
    ) {
        self.owner = owner
        self.state = state
        self.label = label
        self.dataset = dataset
        self.comparison = comparison
        self.createdFrom = createdFrom
        self.createdBefore = createdBefore
    }
}

extension Store {
    /// Accepts a job. Throws `.queueFull`, `.tooManyQueuedJobs`, `.tooManyStoredBytes`; `.notFound` when a data set or the model that the spec names is gone.
    package func insert(
        _ new: NewJob, remembering remembered: Remembered<Job>? = nil
    ) -> Write<Outcome<Job>> {
        let (live, changes, limits) = (self.live, self.changes, configuration.limits)
        let texts = JobTexts(new.spec)
        return writeOnce(remembering: remembered) { transaction in
            try Self.admit(jobs: 1, of: new.owner, within: limits, live: live, in: transaction)
            try Self.admit(bytes: texts.bytes, of: new.owner, within: limits, in: transaction)
            let row = try Self.accept(new, texts, in: transaction)
            try Self.count(texts.bytes, of: new.owner, in: transaction.database)
            transaction.afterCommit {
                live.queueChanged(adding: row.place)
                changes.notify(.queue)
                changes.notify(.job(new.id))
            }
            return live.job(row)
        }
    }

    /// Writes a job into the queue with its first event. What its texts count for is left to the caller.
    static func accept(_ new: NewJob, _ texts: JobTexts, in transaction: Transaction) throws -> JobRow {
        let database = transaction.database
        if let model = new.spec.initialModel {
            let found = try database.integer("SELECT 1 FROM models WHERE id = ?", [model.description])
            guard found != nil else { throw StoreError.notFound }
        }
        // Times of submission never go back, so that they order jobs as their numbers do, whatever the clock does.
        let last = try database.integer("SELECT max(created_at) FROM jobs") ?? 0
        let created = max(transaction.now, Timestamp(milliseconds: Int64(last)))
        var row = JobRow(new, spec: texts.spec, createdAt: created)
        row.number = try insert(row, texts, in: database)
        for dataset in new.spec.datasets {
            let found = try database.run(
                "INSERT INTO job_datasets (dataset, job, sha256) SELECT id, ?, sha256 FROM datasets WHERE id = ?",
                [row.number, dataset.description])
            guard found == 1 else { throw StoreError.notFound }
        }
        try addLabels(new.spec.labels, to: row.number, in: database)
        try append(.state, to: row.number, moving: (nil, .queued), actor: new.owner, in: transaction)
        transaction.jobsQueued += 1
        return row
    }

    /// - Returns: the job's number.
    private static func insert(_ row: JobRow, _ texts: JobTexts, in database: Database) throws -> Int {
        let job = row.job
        try database.run(
            """
            INSERT INTO jobs (id, owner, comparison, name, state, attempt, crashes, progressed, revision, dataset, spec,
                priority, labels, epochs, threads, memory_bytes, deadline, max_runtime, max_attempts, claim_rank,
                created_at, base, stored_bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                job.id.description, job.owner, job.comparison?.description, job.name, job.state.rawValue, job.attempt,
                job.crashes, row.progressed, job.revision, job.dataset.description, texts.stored, job.priority,
                texts.labels, job.progress.epochs, row.threads, job.memoryBytes, job.deadline?.milliseconds,
                row.maxRuntimeMilliseconds, row.maxAttempts, row.claimRank, job.createdAt.milliseconds, texts.base,
                texts.bytes,
            ])
        return Int(database.lastInsertedRowID)
    }

    /// The time by which one point of priority is worth an earlier submission: with it, waiting makes up for a low
    /// priority, and the order of two jobs never depends on when it is asked for.
    static let ageingMillisecondsPerPriority: Int64 = 60_000

    static func claimRank(priority: Int, createdAt: Timestamp) -> Int {
        // Wraps rather than traps on a time that only a damaged row can have.
        Int(createdAt.milliseconds &- Int64(priority) &* ageingMillisecondsPerPriority)
    }

    static func setLabels(_ labels: [String: String], of job: Int, in database: Database) throws {
        try database.run("DELETE FROM job_labels WHERE job = ?", [job])
        try addLabels(labels, to: job, in: database)
    }

    private static func addLabels(_ labels: [String: String], to job: Int, in database: Database) throws {
        for (key, value) in labels {
            try database.run("INSERT INTO job_labels (key, value, job) VALUES (?, ?, ?)", [key, value, job])
        }
    }
}

// MARK: - Reading

extension Store {
    package func job(_ id: Identifier, owner: String?) throws(StoreError) -> Job {
        let row = try read { try Self.row(of: id, owner: owner, in: $0) }
        return live.job(row)
    }

    package func jobs(
        _ filter: JobFilter, by order: ListOrder<JobField> = .newestFirst, _ request: PageRequest
    ) throws(StoreError) -> Page<Job> {
        try page(request, order, list: "jobs \(filter.key)", number: "jobs.number") {
            position, limit throws(StoreError) in
            let rows = try read { database in
                let (condition, arguments) = filter.sql(behind: position)
                return try database.rows(
                    "\(JobRow.select) WHERE \(condition) ORDER BY \(position.order) LIMIT ?",
                    arguments + [limit], JobRow.init(_:))
            }
            return rows.map { ($0.number, live.job($0)) }
        }
    }

    static func requireRow(_ number: Int, in database: Database) throws -> JobRow {
        let row = try database.row("\(JobRow.select) WHERE jobs.number = ?", [number], JobRow.init(_:))
        guard let row else { throw StoreError.notFound }
        return row
    }

    static func row(of id: Identifier, owner: String?, in database: Database) throws -> JobRow {
        let row = try database.row("\(JobRow.select) WHERE jobs.id = ?", [id.description], JobRow.init(_:))
        guard let row, owner == nil || row.job.owner == owner else { throw StoreError.notFound }
        return row
    }

    /// The number of a job, for what hangs on it.
    static func number(of id: Identifier, owner: String?, in database: Database) throws -> Int {
        let number = try database.integer(
            "SELECT number FROM jobs WHERE id = ? AND owner = coalesce(?, owner)", [id.description, owner])
        guard let number else { throw StoreError.notFound }
        return number
    }
}

extension JobFilter {
    /// Names the filter in page tokens.
    fileprivate var key: String {
        let parts = [
            owner, state?.rawValue, label?.key, label?.value, dataset?.description, comparison?.description,
            createdFrom?.description, createdBefore?.description,
        ]
        return JSONValue.array(parts.map { JSONValue($0) }).jsonText
    }

    fileprivate func sql(behind position: ListPosition) -> (condition: String, arguments: StatementArguments) {
        var conditions = [position.condition]
        var arguments = position.arguments
        func narrow(_ condition: String, _ values: StatementArguments) {
            conditions.append(condition)
            arguments += values
        }
        if let owner { narrow("jobs.owner = ?", [owner]) }
        if let state { narrow("jobs.state = ?", [state.rawValue]) }
        if let label {
            narrow("jobs.number IN (SELECT job FROM job_labels WHERE key = ? AND value = ?)", [label.key, label.value])
        }
        if let dataset {
            narrow("jobs.number IN (SELECT job FROM job_datasets WHERE dataset = ?)", [dataset.description])
        }
        if let comparison { narrow("jobs.comparison = ?", [comparison.description]) }
        // Times rise with numbers, so a bound on one is a bound on the other, which the order of the list can use.
        if let createdFrom {
            narrow(
                "jobs.number >= (SELECT number FROM jobs WHERE created_at >= ? ORDER BY created_at, number LIMIT 1)",
                [createdFrom.milliseconds])
        }
        if let createdBefore {
            narrow(
                """
                jobs.number <= (SELECT number FROM jobs WHERE created_at < ? ORDER BY created_at DESC, number DESC LIMIT 1)
                """, [createdBefore.milliseconds])
        }
        return (conditions.joined(separator: " AND "), arguments)
    }
}
