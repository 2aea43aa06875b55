import GRDB
package import Jobs

/// How a run of a comparison ended; kept beside what it came to, for its job may be deleted.
package struct ComparisonRunEnd: Sendable, Hashable {
    package var finishReason: FinishReason?
    /// Why it has no result: a failure's code, `cancelled` or `expired`.
    package var failure: String?
    /// The last epoch that was trained.
    package var lastEpoch: Int?
    /// The sum of the tasks' weights, mean over epochs.
    package var weightSum: Double?
    /// By task, how many rows of the test part have a label.
    package var testRows: [String: Int] = [:]
    /// Of the processor, over all threads and attempts.
    package var cpuSeconds: Double?

    package init() {}
}

extension Store {
    /// Keeps how a run of a comparison ended, once its job is over; after `recordOutcome` where it succeeded.
    static func recordEnd(of row: JobRow, _ model: TrainedModel? = nil, in transaction: Transaction) throws {
        guard row.job.comparison != nil, row.job.state.isTerminal else { return }
        let testRows = (model?.testRows).map { rows in
            JSONValue.object(rows.sorted { $0.key < $1.key }.map { .init($0.key, JSONValue($0.value)) })
        }
        try transaction.database.run(
            """
            UPDATE comparison_runs SET finish_reason = ?1, failure = ?2, test_rows = ?3,
                last_epoch = (SELECT max(epoch) FROM epochs WHERE job = ?4),
                weight_sum = (SELECT avg(total) FROM
                    (SELECT sum(weight) AS total FROM epoch_tasks WHERE job = ?4 GROUP BY epoch)),
                cpu_seconds = (SELECT iif(count(*) = count(cpu_seconds), sum(cpu_seconds), NULL) FROM epochs
                    WHERE job = ?4)
            WHERE job = ?5
            """,
            [
                row.job.finishReason?.rawValue,
                row.job.state == .succeeded ? nil : row.job.failure?.code.rawValue ?? row.job.state.rawValue,
                testRows?.jsonText, row.number, row.job.id.description,
            ])
    }

    /// Of a comparison's runs, in their order.
    static func runEnds(of comparison: Int, in database: Database) throws -> [ComparisonRunEnd] {
        try database.rows(
            """
            SELECT finish_reason, failure, last_epoch, weight_sum, test_rows, cpu_seconds FROM comparison_runs
            WHERE comparison = ? ORDER BY position
            """, [comparison]
        ) { columns in
            var end = ComparisonRunEnd()
            end.finishReason = try columns.optionalName(FinishReason.self)
            end.failure = try columns.optionalText()
            end.lastEpoch = try columns.optionalInteger()
            end.weightSum = try columns.optionalNumber()
            for member in try columns.optionalJSON()?.members ?? [] { end.testRows[member.name] = member.value.int }
            end.cpuSeconds = try columns.optionalNumber()
            return end
        }
    }
}
