import GRDB
import Jobs

/// What a comparison's row and the keys of its runs hold of its owner's words, as JSON texts.
struct ComparisonTexts: Sendable {
    /// Without the base, which stands beside the comparison once.
    let request: String
    let metrics: String
    /// In the order of the runs.
    let keys: [String]
    /// What they and the name count for in the owner's quota.
    let bytes: Int

    init(_ new: NewComparison) {
        request = (new.request.members.map { .object($0.filter { $0.name != "base" }) } ?? new.request).jsonText
        metrics = new.metrics.jsonText
        keys = new.runs.map(\.key.jsonText)
        let own = request.utf8.count + metrics.utf8.count + (new.name?.utf8.count ?? 0)
        bytes = keys.reduce(own) { $0 + $1.utf8.count }
    }
}

extension Store {
    /// Removes the runs of a comparison that no worker has claimed and that will not run: their comparison is cancelled, or
    /// they were. It counts them from then on.
    static func removeUnclaimedRuns(
        of comparison: Identifier, in transaction: Transaction, live: LiveJobs, changes: ChangeNotifier
    ) throws {
        let database = transaction.database
        let removed = try database.rows(
            """
            DELETE FROM jobs WHERE comparison = ? AND state IN ('queued', 'paused', 'cancelled', 'expired')
              AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.job = jobs.number)
            RETURNING id, claim_rank, number, state, owner, stored_bytes
            """, [comparison.description]
        ) { columns in
            RemovedRun(
                id: try columns.identifier(.job),
                place: QueuePlace(rank: try columns.integer(), number: try columns.integer()),
                state: try columns.name(JobState.self), owner: try columns.text(), bytes: try columns.integer())
        }
        guard let owner = removed.first?.owner else { return }
        let ids = JSONValue(removed.map(\.id.description)).jsonText
        let keys = try database.rows(
            """
            DELETE FROM comparison_runs WHERE job IN (SELECT value FROM json_each(?))
            RETURNING length(CAST(key AS BLOB))
            """, [ids]
        ) { try $0.integer() }
        let keyBytes = keys.reduce(0, +)
        try database.run(
            """
            UPDATE comparisons SET cancelled_runs = cancelled_runs + ?, stored_bytes = stored_bytes - ?
            WHERE id = ?
            """, [removed.count, keyBytes, comparison.description])
        try count(removed.reduce(-keyBytes) { $0 - $1.bytes }, of: owner, in: database)
        try removeUnusedBases(of: comparison.description, in: database)
        try giveBackPages(in: database)
        transaction.afterCommit {
            for run in removed where run.state == .queued { live.queueChanged(removing: run.place) }
            live.metrics.cancelled(removed.count { !$0.state.isTerminal })
            changes.notify(.queue)
            for run in removed { changes.notify(.job(run.id)) }
        }
    }

    private struct RemovedRun {
        var id: Identifier
        var place: QueuePlace
        var state: JobState
        var owner: String
        var bytes: Int
    }

    /// Removes the texts that no run of a comparison is told against any more.
    private static func removeUnusedBases(of comparison: String, in database: Database) throws {
        try removed(
            database.rows(
                """
                DELETE FROM comparison_bases
                WHERE comparison = (SELECT number FROM comparisons WHERE id = ?1)
                  AND number NOT IN (SELECT base FROM jobs WHERE jobs.comparison = ?1 AND base IS NOT NULL)
                RETURNING length(CAST(spec AS BLOB))
                """, [comparison]
            ) { try $0.integer() }, from: comparison, in: database)
    }

    /// Removes a text of a comparison when the last run that was told against it has gone.
    static func removeBase(_ base: Int, of comparison: String, in database: Database) throws {
        try removed(
            database.rows(
                """
                DELETE FROM comparison_bases WHERE number = ?1 AND NOT EXISTS (
                    SELECT 1 FROM jobs WHERE jobs.comparison = ?2 AND jobs.base = ?1)
                RETURNING length(CAST(spec AS BLOB))
                """, [base, comparison]
            ) { try $0.integer() }, from: comparison, in: database)
    }

    private static func removed(_ sizes: [Int], from comparison: String, in database: Database) throws {
        guard !sizes.isEmpty else { return }
        let bytes = sizes.reduce(0, +)
        let owner = try database.row(
            "UPDATE comparisons SET stored_bytes = stored_bytes - ? WHERE id = ? RETURNING owner", [bytes, comparison]
        ) { try $0.text() }
        if let owner { try count(-bytes, of: owner, in: database) }
    }
}
