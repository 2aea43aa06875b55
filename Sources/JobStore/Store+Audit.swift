import GRDB
package import Jobs

/// A change that was asked for and made: who, what, when, from where.
package struct AuditEntry: Sendable, Hashable {
    /// In the order in which they were made; 0 before it is recorded.
    package var number = 0
    package var at: Timestamp
    package var actor: String
    package var key: Identifier?
    /// Method and template of the route.
    package var action: String
    package var target: String
    package var status: Int
    package var peer: String
    package var requestID: String

    package init(
        at: Timestamp, actor: String, key: Identifier?, action: String, target: String, status: Int, peer: String,
        requestID: String
    ) {
        self.at = at
        self.actor = actor
        self.key = key
        self.action = action
        self.target = target
        self.status = status
        self.peer = peer
        self.requestID = requestID
    }
}

extension Store {
    static func record(_ entry: AuditEntry, in transaction: Transaction) throws {
        try transaction.database.run(
            """
            INSERT INTO audit_log (at, actor, key, action, target, status, peer, request_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                entry.at.milliseconds, entry.actor, entry.key?.description, entry.action, entry.target,
                entry.status, entry.peer, entry.requestID,
            ])
    }

    /// Records what was read rather than changed.
    package func record(_ entry: AuditEntry) -> Write<Void> {
        write { transaction in try Self.record(entry, in: transaction) }
    }

    /// Newest first.
    package func auditLog(_ request: PageRequest) throws(StoreError) -> Page<AuditEntry> {
        try page(request, list: "audit") { before, limit throws(StoreError) in
            try read { database in
                try database.rows(
                    """
                    SELECT number, at, actor, key, action, target, status, peer, request_id FROM audit_log
                    WHERE number < ? ORDER BY number DESC LIMIT ?
                    """, [before, limit], Self.auditEntry)
            }
        }
    }

    private static func auditEntry(_ columns: inout Columns) throws -> (number: Int, item: AuditEntry) {
        let number = try columns.integer()
        let (at, actor, key) = (try columns.time(), try columns.text(), try columns.optionalIdentifier(.apiKey))
        let (action, target, status) = (try columns.text(), try columns.text(), try columns.integer())
        var entry = AuditEntry(
            at: at, actor: actor, key: key, action: action, target: target, status: status, peer: try columns.text(),
            requestID: try columns.text())
        entry.number = number
        return (number, entry)
    }
}
