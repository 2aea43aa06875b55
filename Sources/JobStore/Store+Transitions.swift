import GRDB
package import Jobs

/// How a command went.
package struct CommandResult: Sendable, Hashable {
    package var job: Job
    /// A worker has yet to obey.
    package var mustWait: Bool
}

extension Store {
    /// Does what an owner asks of a job. Throws `.invalidTransition` with what is possible instead, and `.revisionMismatch`
    /// when `ifRevision` is given and is not the job's.
    package func command(
        _ command: JobCommand, job id: Identifier, owner: String?, actor: String, ifRevision: Int? = nil
    ) -> Write<CommandResult> {
        let (live, changes) = (self.live, self.changes)
        return write { transaction in
            let row = try Self.row(of: id, owner: owner, in: transaction.database)
            try Self.require(ifRevision, of: row)
            let change = Change(trigger: .command(command), actor: actor)
            let (after, _) = try Self.apply(change, to: row, in: transaction, live: live, changes: changes)
            let job = live.job(after)
            let mustWait = job.wantsStop || job.state == .pausing || job.state == .cancelling
            return CommandResult(job: job, mustWait: mustWait)
        }
    }

    /// A trigger with what is to be noted of it.
    struct Change {
        var trigger: JobTrigger
        var actor: String
        var reason: FinishReason?
        var failure: JobFailure?
        var detail: JSONValue?
    }

    /// Asks the transition function what a trigger does and makes it so: the compare-and-set on `(state, attempt)`, and
    /// an event for each step. Returns the row as it is then, and whether anything changed.
    @discardableResult
    static func apply(
        _ change: Change, to row: JobRow, in transaction: Transaction, live: LiveJobs, changes: ChangeNotifier
    ) throws -> (row: JobRow, changed: Bool) {
        let situation = try situation(of: row, in: transaction.database)
        switch situation.transition(on: change.trigger) {
        case .unchanged:
            return (row, false)
        case .refused:
            guard case .command = change.trigger else { throw StoreError.fencedOut }
            throw StoreError.invalidTransition(from: row.job.state, allowed: situation.allowedCommands)
        case .move(let path, let wantsStop):
            let after = try move(row, along: path, wantsStop: wantsStop, change, in: transaction)
            let now = transaction.now
            let isWish = if case .command = change.trigger { true } else { false }
            transaction.afterCommit {
                live.queueChanged(from: row, to: after)
                live.metrics.moved(row, to: after, at: now)
                changes.notify(.job(row.job.id))
                if row.job.state == .queued || after.job.state == .queued { changes.notify(.queue) }
                if isWish, row.job.state.isActive { changes.notify(.wish(row.job.id)) }
            }
            return (after, true)
        }
    }

    private static func move(
        _ row: JobRow, along path: [JobState], wantsStop: Bool, _ change: Change, in transaction: Transaction
    ) throws -> JobRow {
        let (database, from) = (transaction.database, row.job.state)
        let to = path.last ?? from
        let returnsToQueue = to == .queued && from != .queued
        let changed = try database.run(
            """
            UPDATE jobs SET state = ?, attempt = attempt + ?, revision = revision + 1, wants_stop = ?,
                finish_reason = ?, error_code = ?, error_detail = ?, finished_at = ?
            WHERE number = ? AND state = ? AND attempt = ?
            """,
            [
                to.rawValue, returnsToQueue ? 1 : 0, !to.isTerminal && (wantsStop || row.job.wantsStop),
                to == .succeeded || to == .failed ? change.reason?.rawValue : nil,
                to == .failed ? change.failure?.code.rawValue : nil, to == .failed ? change.failure?.detail : nil,
                to.isTerminal ? transaction.now.milliseconds : nil, row.number, from.rawValue, row.job.attempt,
            ])
        guard changed == 1 else { throw StoreError.fencedOut }
        if wantsStop {
            try append(.stopRequested, to: row.number, actor: change.actor, in: transaction)
        }
        for (from, to) in zip([from] + path, path) {
            try append(
                .state, to: row.number, moving: (from, to), actor: change.actor, detail: change.detail,
                in: transaction)
        }
        let after = try requireRow(row.number, in: database)
        if to.isTerminal, to != .succeeded { try recordEnd(of: after, in: transaction) }
        return after
    }

    private static func situation(of row: JobRow, in database: Database) throws -> JobSituation {
        let best = try database.integer("SELECT 1 FROM checkpoints WHERE job = ? AND epoch >= 1 LIMIT 1", [row.number])
        return JobSituation(
            state: row.job.state, finishReason: row.job.finishReason, wantsStop: row.job.wantsStop,
            hasBestModel: best != nil)
    }
}

extension LiveJobs {
    fileprivate func queueChanged(from old: JobRow, to new: JobRow) {
        let wasQueued = old.job.state == .queued
        let isQueued = new.job.state == .queued
        guard wasQueued || isQueued else { return }
        queueChanged(adding: isQueued ? new.place : nil, removing: wasQueued ? old.place : nil)
    }
}
