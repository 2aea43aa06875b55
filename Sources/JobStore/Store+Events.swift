import GRDB
package import Jobs

extension Store {
    /// A job's history behind an entry, oldest first.
    package func events(
        of id: Identifier, owner: String?, after seq: Int, limit: Int
    ) throws(StoreError) -> [JobEvent] {
        try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try database.rows(
                "\(Self.selectEvent) WHERE job_events.job = ? AND seq > ? ORDER BY seq LIMIT ?", [number, seq, limit],
                Self.event)
        }
    }

    /// The histories of all jobs of an owner in one line, behind an entry's `number`, oldest first.
    package func events(owner: String?, afterNumber number: Int, limit: Int) throws(StoreError) -> [JobEvent] {
        try read { database in
            try database.rows(
                """
                \(Self.selectEvent) WHERE job_events.number > ? AND jobs.owner = coalesce(?, jobs.owner)
                ORDER BY job_events.number LIMIT ?
                """, [number, owner, limit], Self.event)
        }
    }

    /// The number of the newest entry that any job ever had; 0 when there was none. Entries go with their jobs, and numbers are
    /// not used again.
    package func lastEventNumber() throws(StoreError) -> Int {
        try read { try $0.integer("SELECT seq FROM sqlite_sequence WHERE name = 'job_events'") ?? 0 }
    }

    /// When the newest entry was written, by the clock of then; nil where there is none.
    package func newestEventTime() throws(StoreError) -> Timestamp? {
        try read { database in
            try database.row("SELECT at FROM job_events ORDER BY number DESC LIMIT 1", []) { try $0.time() }
        }
    }

    /// The `seq` of a job's newest entry.
    package func lastEvent(of id: Identifier, owner: String?) throws(StoreError) -> Int {
        try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try database.integer("SELECT max(seq) FROM job_events WHERE job = ?", [number]) ?? 0
        }
    }

    static func append(
        _ kind: JobEvent.Kind, to job: Int, moving states: (from: JobState?, to: JobState?) = (nil, nil),
        actor: String, detail: JSONValue? = nil, in transaction: Transaction
    ) throws {
        try transaction.database.run(
            """
            INSERT INTO job_events (job, seq, kind, from_state, to_state, actor, at, detail)
            SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM job_events WHERE job = ?1
            """,
            [
                job, kind.rawValue, states.from?.rawValue, states.to?.rawValue, actor, transaction.now.milliseconds,
                detail?.jsonText,
            ])
    }

    private static let selectEvent = """
        SELECT job_events.number, jobs.id, seq, kind, from_state, to_state, actor, at, \(SQL.json("detail"))
        FROM job_events JOIN jobs ON jobs.number = job_events.job
        """

    private static func event(_ columns: inout Columns) throws -> JobEvent {
        JobEvent(
            number: try columns.integer(), job: try columns.identifier(.job), seq: try columns.integer(),
            kind: try columns.name(JobEvent.Kind.self), from: try columns.optionalName(JobState.self),
            to: try columns.optionalName(JobState.self), actor: try columns.text(), at: try columns.time(),
            detail: try columns.optionalJSONText())
    }
}
