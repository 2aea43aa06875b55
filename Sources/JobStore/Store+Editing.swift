import GRDB
package import Jobs

/// Changes to a job's description; what is nil stays.
package struct JobPatch: Sendable {
    /// `.some(nil)` takes the name away.
    package var name: String??
    package var labels: [String: String]?
    package var priority: Int?
    /// `.some(nil)` takes the deadline away.
    package var deadline: Timestamp??
    /// `{"strategy": …, …}` with every parameter, checked against the job's tasks.
    package var weighting: JSONValue?

    package init(
        name: String?? = nil, labels: [String: String]? = nil, priority: Int? = nil, deadline: Timestamp?? = nil,
        weighting: JSONValue? = nil
    ) {
        self.name = name
        self.labels = labels
        self.priority = priority
        self.deadline = deadline
        self.weighting = weighting
    }
}

/// A job after a change, and when a new weighting takes effect.
package struct PatchResult: Sendable {
    package var job: Job
    package var weightingFromEpoch: Int?
}

extension Store {
    /// Changes a job's description. Throws `.revisionMismatch` when `ifRevision` is given and is not the job's;
    /// `.jobIsOver` when the weighting can no longer change; `.tooManyStoredBytes`.
    package func patch(
        _ patch: JobPatch, job id: Identifier, owner: String?, actor: String, ifRevision: Int? = nil
    ) -> Write<PatchResult> {
        let (live, changes, limits) = (self.live, self.changes, configuration.limits)
        return write { transaction in
            let database = transaction.database
            let row = try Self.row(of: id, owner: owner, in: database)
            try Self.require(ifRevision, of: row)
            try Self.edit(row, patch, actor: actor, within: limits, in: transaction)
            var fromEpoch: Int?
            if let weighting = patch.weighting {
                let epoch = try Self.epochWithoutWorker(of: row, live: live, in: database)
                try Self.switchWeighting(
                    of: row, to: weighting, from: epoch, actor: actor, within: limits, in: transaction)
                fromEpoch = epoch
            }
            let after = try Self.requireRow(row.number, in: database)
            transaction.afterCommit {
                let isQueued = after.job.state == .queued
                if isQueued { live.queueChanged(adding: after.place, removing: row.place) }
                if isQueued { changes.notify(.queue) }
                changes.notify(.job(id))
            }
            return PatchResult(job: live.job(after), weightingFromEpoch: fromEpoch)
        }
    }

    /// Throws `.revisionMismatch` when a revision is asked for and is not the job's.
    static func require(_ revision: Int?, of row: JobRow) throws(StoreError) {
        guard revision == nil || revision == row.job.revision else {
            throw .revisionMismatch(current: row.job.revision)
        }
    }

    /// Removes a job with its history and its checkpoints; its model stays. Throws `.notDeletable` unless nothing can
    /// happen to it any more or it is paused.
    package func deleteJob(_ id: Identifier, owner: String?, ifRevision: Int? = nil) -> Write<Void> {
        let (files, changes) = (self.files, self.changes)
        return write { transaction in
            let row = try Self.row(of: id, owner: owner, in: transaction.database)
            try Self.require(ifRevision, of: row)
            guard row.job.state.isTerminal || row.job.state == .paused else {
                throw StoreError.notDeletable(state: row.job.state)
            }
            try Self.delete(row.number, files: files, in: transaction)
            try Self.giveBackPages(in: transaction.database)
            transaction.afterCommit { changes.notify(.job(id)) }
        }
    }

    /// Removes a job's rows now and its files once that is durable. Returns how many files those are.
    @discardableResult
    static func delete(
        _ number: Int, files: FileStore, in transaction: Transaction
    ) throws -> (count: Int, bytes: Int) {
        let database = transaction.database
        let removed = try database.rows("SELECT file, bytes FROM checkpoints WHERE job = ?", [number]) {
            (file: try $0.fileName(), bytes: try $0.fileBytes())
        }
        let gone = try database.rows(
            "DELETE FROM jobs WHERE number = ? RETURNING owner, stored_bytes, comparison, base", [number]
        ) {
            (
                owner: try $0.text(), bytes: try $0.integer(), comparison: try $0.optionalText(),
                base: try $0.optionalInteger()
            )
        }
        for job in gone {
            try count(-job.bytes, of: job.owner, in: database)
            guard let comparison = job.comparison, let base = job.base else { continue }
            try removeBase(base, of: comparison, in: database)
        }
        transaction.afterCommit { for checkpoint in removed { files.remove(.checkpoints, checkpoint.file) } }
        return (removed.count, removed.reduce(0) { $0 + $1.bytes })
    }

    private static func edit(
        _ row: JobRow, _ patch: JobPatch, actor: String, within limits: StoreLimits, in transaction: Transaction
    ) throws {
        var edited: [JSONValue.Member] = []
        if let name = patch.name { edited.append(.init("name", JSONValue(name))) }
        if let labels = patch.labels { edited.append(.init("labels", JSONValue(labels))) }
        if let priority = patch.priority { edited.append(.init("priority", JSONValue(priority))) }
        if let deadline = patch.deadline { edited.append(.init("deadline", JSONValue(deadline?.description))) }
        guard !edited.isEmpty else { return }
        let job = row.job
        let priority = patch.priority ?? job.priority
        let name = patch.name ?? job.name
        let texts = try texts(
            of: row, with: edited, name: name, labels: patch.labels ?? job.labels, in: transaction.database)
        let detail = JSONValue.object(edited)
        let growth = try texts.bytes - bytesOfTexts(of: row, in: transaction.database) + detail.encoded.count
        try admit(bytes: growth, of: job.owner, within: limits, in: transaction)
        let changed = try transaction.database.run(
            """
            UPDATE jobs SET name = ?, labels = ?, priority = ?, deadline = ?, claim_rank = ?, spec = ?, base = ?,
                stored_bytes = stored_bytes + ?, revision = revision + 1
            WHERE number = ? AND state = ? AND attempt = ?
            """,
            [
                name, texts.labels, priority, (patch.deadline ?? job.deadline)?.milliseconds,
                claimRank(priority: priority, createdAt: job.createdAt), texts.stored, texts.base, growth, row.number,
                job.state.rawValue, job.attempt,
            ])
        guard changed == 1 else { throw StoreError.fencedOut }
        try count(growth, of: job.owner, in: transaction.database)
        if let labels = patch.labels { try setLabels(labels, of: row.number, in: transaction.database) }
        try append(.edited, to: row.number, actor: actor, detail: detail, in: transaction)
    }

    /// What the row holds of its owner's words, with some members of the spec replaced.
    private static func texts(
        of row: JobRow, with edited: [JSONValue.Member], name: String?, labels: [String: String], in database: Database
    ) throws -> JobTexts {
        let spec = try spec(row.job.spec, with: edited)
        let text = spec.jsonText
        let base = try row.base.flatMap { base in
            try database.row("SELECT spec FROM comparison_bases WHERE number = ?", [base]) { try $0.text() }
        }
        guard let base, let json = try? JSONValue(parsing: Array(base.utf8)),
            let difference = SpecDifference(of: spec, text: text, from: json, baseText: base)
        else { return JobTexts(spec: text, name: name, labels: labels) }
        return JobTexts(spec: text, stored: difference.text, base: row.base, name: name, labels: labels)
    }

    /// What the texts in a job's row count for; its history counts for the rest of `stored_bytes`.
    private static func bytesOfTexts(of row: JobRow, in database: Database) throws -> Int {
        try database.integer(
            """
            SELECT length(CAST(spec AS BLOB)) + length(CAST(labels AS BLOB)) + length(CAST(coalesce(name, '') AS BLOB))
            FROM jobs WHERE number = ?
            """, [row.number]) ?? 0
    }

    /// A spec with some of its members replaced.
    private static func spec(_ text: String, with edited: [JSONValue.Member]) throws -> JSONValue {
        guard var members = try JSONValue(parsing: Array(text.utf8)).members else {
            throw StoreError.corrupt("a spec is no JSON object")
        }
        for member in edited {
            if let index = members.firstIndex(where: { $0.name == member.name }) {
                members[index] = member
            } else {
                members.append(member)
            }
        }
        return JSONValue.object(members)
    }
}

// MARK: - Changes of weighting

extension Store {
    /// The changes of a job's weighting, in the order in which they take effect.
    package func weightingSwitches(of id: Identifier, owner: String?) throws(StoreError) -> [WeightingSwitch] {
        try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try Self.weightingSwitches(of: number, in: database)
        }
    }

    static func weightingSwitches(of job: Int, in database: Database) throws -> [WeightingSwitch] {
        try database.rows(
            "SELECT from_epoch, weighting FROM weighting_switches WHERE job = ? ORDER BY from_epoch", [job]
        ) { columns in
            try WeightingSwitch(fromEpoch: columns.integer(), decoding: columns.json())
        }
    }

    /// The first epoch that no worker has begun. Throws `.jobIsOver`.
    private static func epochWithoutWorker(of row: JobRow, live: LiveJobs, in database: Database) throws -> Int {
        guard !row.job.state.isTerminal, row.job.state != .cancelling else {
            throw StoreError.jobIsOver(state: row.job.state)
        }
        let partial = try database.integer(
            "SELECT max(epoch) + 1 FROM checkpoints WHERE job = ? AND batch > 0", [row.number])
        let running = row.job.state.isActive ? live.epochRunning(of: row.job.id) : nil
        return max(row.job.progress.epoch, partial ?? 0, running ?? 0) + 1
    }

    private static func switchWeighting(
        of row: JobRow, to weighting: JSONValue, from fromEpoch: Int, actor: String, within limits: StoreLimits,
        in transaction: Transaction
    ) throws {
        let database = transaction.database
        let detail = JSONValue.object([.init("from_epoch", JSONValue(fromEpoch)), .init("weighting", weighting)])
        let bytes = detail.encoded.count + weighting.encoded.count
        try admit(bytes: bytes, of: row.job.owner, within: limits, in: transaction)
        try database.run(
            "INSERT OR REPLACE INTO weighting_switches (job, from_epoch, weighting) VALUES (?, ?, ?)",
            [row.number, fromEpoch, weighting.jsonText])
        try database.run(
            "UPDATE jobs SET revision = revision + 1, stored_bytes = stored_bytes + ? WHERE number = ?",
            [bytes, row.number])
        try count(bytes, of: row.job.owner, in: database)
        try append(.weightingChanged, to: row.number, actor: actor, detail: detail, in: transaction)
    }
}
