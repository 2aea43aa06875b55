import GRDB
package import Jobs

extension Store {
    /// Accepts a comparison and all its jobs, or none of it. Throws `.queueFull`, `.tooManyQueuedJobs`,
    /// `.tooManyStoredBytes`; `.notFound` when a data set is gone.
    package func insert(
        _ new: NewComparison, remembering remembered: Remembered<ComparisonRecord>? = nil
    ) -> Write<Outcome<ComparisonRecord>> {
        let (live, changes, limits) = (self.live, self.changes, configuration.limits)
        // Outside the transaction, so that the writer's line waits for statements only.
        let specs = SharedSpecs(new.runs)
        let words = ComparisonTexts(new)
        let bytes = words.bytes + specs.bytes
        return writeOnce(remembering: remembered) { transaction in
            try Self.admit(jobs: new.runs.count, of: new.owner, within: limits, live: live, in: transaction)
            try Self.admit(bytes: bytes, of: new.owner, within: limits, in: transaction)
            let number = try Self.insert(new, words, specs, in: transaction)
            let bases = try specs.bases.map { try Self.insert(base: $0, of: number, in: transaction.database) }
            var places: [QueuePlace] = []
            for (position, (run, var texts)) in zip(new.runs, specs.runs).enumerated() {
                var job = run.job
                job.comparison = new.id
                texts.base = texts.base.map { bases[$0] }
                places.append(try Self.accept(job, texts, in: transaction).place)
                try transaction.database.run(
                    "INSERT INTO comparison_runs (comparison, position, job, key) VALUES (?, ?, ?, ?)",
                    [number, position, job.id.description, words.keys[position]])
            }
            try Self.count(bytes, of: new.owner, in: transaction.database)
            transaction.afterCommit {
                for place in places { live.queueChanged(adding: place) }
                changes.notify(.queue)
                for run in new.runs { changes.notify(.job(run.job.id)) }
            }
            return try Self.comparison(new.id, owner: new.owner, in: transaction.database)
        }
    }

    private static func insert(
        _ new: NewComparison, _ words: ComparisonTexts, _ specs: SharedSpecs, in transaction: Transaction
    ) throws -> Int {
        try transaction.database.run(
            """
            INSERT INTO comparisons (id, owner, name, dataset, request, metrics, created_at, stored_bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                new.id.description, new.owner, new.name, new.dataset.description, words.request, words.metrics,
                transaction.now.milliseconds, words.bytes + specs.basesBytes,
            ])
        return Int(transaction.database.lastInsertedRowID)
    }

    private static func insert(base spec: String, of comparison: Int, in database: Database) throws -> Int {
        try database.run("INSERT INTO comparison_bases (comparison, spec) VALUES (?, ?)", [comparison, spec])
        return Int(database.lastInsertedRowID)
    }

    /// Cancels the jobs that are not over; what has finished stays. Runs that no worker has claimed are removed and only
    /// counted from then on. Nothing else changes when all are over.
    package func cancelComparison(_ id: Identifier, owner: String?, actor: String) -> Write<ComparisonRecord> {
        let (live, changes) = (self.live, self.changes)
        return write { transaction in
            let database = transaction.database
            let before = try Self.comparison(id, owner: owner, in: database)
            try Self.removeUnclaimedRuns(of: id, in: transaction, live: live, changes: changes)
            guard !before.state.isOver else { return try Self.comparison(id, owner: owner, in: database) }
            let left = try database.rows(
                """
                \(JobRow.select) WHERE jobs.comparison = ?
                  AND jobs.state IN ('queued', 'starting', 'running', 'pausing', 'paused') ORDER BY jobs.number
                """, [id.description], JobRow.init(_:))
            for row in left {
                let change = Change(trigger: .command(.cancel), actor: actor)
                try Self.apply(change, to: row, in: transaction, live: live, changes: changes)
            }
            try database.run(
                "UPDATE comparisons SET cancelled_at = coalesce(cancelled_at, ?) WHERE id = ?",
                [transaction.now.milliseconds, id.description])
            return try Self.comparison(id, owner: owner, in: database)
        }
    }

    /// Keeps what a run of a comparison came to: its job, its epochs and its model may be deleted later.
    static func recordOutcome(of row: JobRow, _ model: TrainedModel, in transaction: Transaction) throws {
        try transaction.database.run(
            """
            UPDATE comparison_runs SET epoch = ?1, test_metrics = ?2,
                validation_loss = (SELECT validation_loss FROM epochs WHERE job = ?3 AND epoch = ?1),
                seconds = (SELECT coalesce(sum(seconds), 0) FROM epochs WHERE job = ?3)
            WHERE job = ?4
            """,
            [
                model.epoch, JSONValue(testMetrics: model.testMetrics ?? [:]).jsonText, row.number,
                row.job.id.description,
            ])
    }
}

// MARK: - Reading

extension Store {
    package func comparison(_ id: Identifier, owner: String?) throws(StoreError) -> ComparisonRecord {
        try read { database in
            try database.snapshot { try Self.comparison(id, owner: owner, in: database) }
        }
    }

    /// Newest first.
    package func comparisons(
        _ filter: ComparisonFilter, _ request: PageRequest
    ) throws(StoreError) -> Page<ComparisonRecord> {
        try page(request, list: "comparisons \(filter.key)") { before, limit throws(StoreError) in
            try read { database in
                try database.snapshot {
                    let (condition, arguments) = filter.sql(before: before)
                    let rows = try database.rows(
                        "\(selectComparison) WHERE \(condition) ORDER BY comparisons.number DESC LIMIT ?",
                        arguments + [limit], Self.record)
                    return try rows.map { row in
                        var record = row.record
                        record.progress = try Self.progress(
                            row.number, cancelled: row.cancelledRuns, in: database)
                        return (row.number, record)
                    }
                }
            }
        }
    }

    private static func comparison(
        _ id: Identifier, owner: String?, in database: Database
    ) throws -> ComparisonRecord {
        let row = try database.row(
            "\(selectComparison) WHERE comparisons.id = ? AND comparisons.owner = coalesce(?, comparisons.owner)",
            [id.description, owner], Self.record)
        guard let row else { throw StoreError.notFound }
        return try complete(row, in: database)
    }

    private static func complete(
        _ row: (number: Int, record: ComparisonRecord, cancelledRuns: Int), in database: Database
    ) throws -> ComparisonRecord {
        var record = row.record
        record.progress = try progress(row.number, cancelled: row.cancelledRuns, in: database)
        record.runs = try database.rows(
            """
            SELECT comparison_runs.job, comparison_runs.key, jobs.state, comparison_runs.epoch,
                comparison_runs.validation_loss, comparison_runs.test_metrics, comparison_runs.seconds
            FROM comparison_runs LEFT JOIN jobs ON jobs.id = comparison_runs.job
            WHERE comparison_runs.comparison = ? ORDER BY comparison_runs.position
            """, [row.number], Self.run)
        for (index, end) in try runEnds(of: row.number, in: database).enumerated() where index < record.runs.count {
            record.runs[index].end = end
        }
        return record
    }

    private static func progress(
        _ number: Int, cancelled: Int, in database: Database
    ) throws -> ComparisonRecord.Progress {
        let counts = try database.rows(
            """
            SELECT coalesce(jobs.state, iif(comparison_runs.epoch IS NULL, 'cancelled', 'succeeded')) AS state, count(*),
                coalesce(sum(min(1.0, 1.0 * jobs.epochs_done / jobs.epochs)), 0)
            FROM comparison_runs LEFT JOIN jobs ON jobs.id = comparison_runs.job
            WHERE comparison_runs.comparison = ? GROUP BY 1
            """, [number]
        ) { (state: try $0.name(JobState.self), count: try $0.integer(), done: try $0.number()) }
        var progress = ComparisonRecord.Progress()
        progress.add(cancelled, .cancelled)
        var done = Double(cancelled)
        for (state, count, epochs) in counts {
            progress.add(count, state)
            done += state.isTerminal ? Double(count) : epochs
        }
        progress.fraction = progress.runs == 0 ? 1 : min(1, done / Double(progress.runs))
        return progress
    }

    private static func record(
        _ columns: inout Columns
    ) throws -> (number: Int, record: ComparisonRecord, cancelledRuns: Int) {
        let number = try columns.integer()
        let (id, owner) = (try columns.identifier(.comparison), try columns.text())
        let (name, dataset) = (try columns.optionalText(), try columns.identifier(.dataset))
        let (metrics, created) = (try columns.json(), try columns.time())
        let (cancelled, cancelledRuns) = (try columns.optionalTime(), try columns.integer())
        let state = try columns.name(ComparisonState.self)
        return (
            number,
            ComparisonRecord(
                id: id, owner: owner, name: name, state: state, dataset: dataset, metrics: metrics,
                createdAt: created, cancelledAt: cancelled, progress: ComparisonRecord.Progress(), runs: []),
            cancelledRuns
        )
    }

    private static func run(_ columns: inout Columns) throws -> ComparisonRecord.Run {
        let (job, key) = (try columns.identifier(.job), try columns.json())
        let state = try columns.optionalName(JobState.self)
        let (epoch, loss) = (try columns.optionalInteger(), try columns.optionalNumber())
        let (metrics, seconds) = (try columns.optionalJSON()?.testMetrics(), try columns.optionalNumber())
        let outcome = epoch.map {
            ComparisonRecord.Outcome(
                epoch: $0, validationLoss: loss, testMetrics: metrics ?? [:], seconds: seconds ?? 0)
        }
        return ComparisonRecord.Run(job: job, key: key, state: state, outcome: outcome)
    }
}

/// The state of a comparison out of its jobs' states: every `EXISTS` is one step in the index of jobs by comparison.
private let comparisonState = """
    CASE
        WHEN EXISTS (SELECT 1 FROM jobs WHERE jobs.comparison = comparisons.id
            AND jobs.state IN ('queued', 'starting', 'running', 'pausing', 'cancelling', 'paused')) THEN
            CASE
                WHEN comparisons.cancelled_at IS NOT NULL THEN 'cancelling'
                WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.comparison = comparisons.id
                    AND jobs.state IN ('queued', 'starting', 'running', 'pausing', 'cancelling')) THEN 'paused'
                WHEN EXISTS (SELECT 1 FROM jobs WHERE jobs.comparison = comparisons.id
                    AND jobs.state IN ('starting', 'running', 'pausing', 'cancelling', 'succeeded', 'failed'))
                    THEN 'running'
                ELSE 'queued'
            END
        WHEN comparisons.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN EXISTS (SELECT 1 FROM comparison_runs WHERE comparison_runs.comparison = comparisons.number
            AND comparison_runs.epoch IS NOT NULL) THEN 'succeeded'
        WHEN EXISTS (SELECT 1 FROM jobs WHERE jobs.comparison = comparisons.id AND jobs.state = 'failed')
            THEN 'failed'
        ELSE 'cancelled'
    END
    """

private let selectComparison = """
    SELECT comparisons.number, comparisons.id, comparisons.owner, comparisons.name, comparisons.dataset,
        comparisons.metrics, comparisons.created_at, comparisons.cancelled_at, comparisons.cancelled_runs, \(comparisonState)
    FROM comparisons
    """

extension ComparisonFilter {
    /// Names the filter in page tokens.
    fileprivate var key: String {
        let parts = [
            owner, state?.rawValue, label?.key, label?.value, dataset?.description, createdFrom?.description,
            createdBefore?.description,
        ]
        return JSONValue.array(parts.map { JSONValue($0) }).jsonText
    }

    fileprivate func sql(before number: Int) -> (condition: String, arguments: StatementArguments) {
        var conditions = ["comparisons.number < ?"]
        var arguments: StatementArguments = [number]
        func narrow(_ condition: String, _ values: StatementArguments) {
            conditions.append(condition)
            arguments += values
        }
        if let owner { narrow("comparisons.owner = ?", [owner]) }
        if let state { narrow("(\(comparisonState)) = ?", [state.rawValue]) }
        if let dataset { narrow("comparisons.dataset = ?", [dataset.description]) }
        if let createdFrom { narrow("comparisons.created_at >= ?", [createdFrom.milliseconds]) }
        if let createdBefore { narrow("comparisons.created_at < ?", [createdBefore.milliseconds]) }
        if let label {
            narrow(
                """
                comparisons.id IN (SELECT jobs.comparison FROM job_labels JOIN jobs ON jobs.number = job_labels.job
                    WHERE job_labels.key = ? AND job_labels.value = ?)
                """, [label.key, label.value])
        }
        return (conditions.joined(separator: " AND "), arguments)
    }
}
