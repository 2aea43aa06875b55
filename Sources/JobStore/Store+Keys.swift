import GRDB
package import Jobs

/// What a key allows.
package enum KeyScope: String, Sendable, Hashable, CaseIterable {
    case read, write
    /// Everything, and everybody's.
    case admin
}

/// A key as it is known here: never its secret.
package struct KeyRecord: Sendable, Hashable {
    package var id: Identifier
    package var name: String
    package var owner: String
    package var scopes: Set<KeyScope>
    /// Of the secret, lower-case hexadecimal.
    package var sha256: String
    package var expiresAt: Timestamp?
    package var lastUsedAt: Timestamp?
    package var createdAt: Timestamp
}

/// A key about to be made.
package struct NewKey: Sendable, Hashable {
    package var id: Identifier
    package var name: Name
    package var owner: String
    package var scopes: Set<KeyScope>
    package var sha256: String
    package var expiresAt: Timestamp?

    package init(
        id: Identifier, name: Name, owner: String, scopes: Set<KeyScope>, sha256: String, expiresAt: Timestamp?
    ) {
        self.id = id
        self.name = name
        self.owner = owner
        self.scopes = scopes
        self.sha256 = sha256
        self.expiresAt = expiresAt
    }
}

extension Store {
    package func insert(
        _ new: NewKey, remembering remembered: Remembered<KeyRecord>? = nil
    ) -> Write<Outcome<KeyRecord>> {
        writeOnce(remembering: remembered) { transaction in
            let scopes = JSONValue.array(new.scopes.map(\.rawValue).sorted().map(JSONValue.string))
            try transaction.database.run(
                """
                INSERT INTO api_keys (id, name, owner, scopes, sha256, expires_at, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    new.id.description, new.name.text, new.owner, scopes.jsonText, new.sha256,
                    new.expiresAt?.milliseconds,
                    transaction.now.milliseconds,
                ])
            return KeyRecord(
                id: new.id, name: new.name.text, owner: new.owner, scopes: new.scopes, sha256: new.sha256,
                expiresAt: new.expiresAt, lastUsedAt: nil, createdAt: transaction.now)
        }
    }

    /// Keys that are not revoked, newest first.
    package func keys(_ request: PageRequest) throws(StoreError) -> Page<KeyRecord> {
        try page(request, list: "keys") { before, limit throws(StoreError) in
            try read { database in
                try database.rows(
                    "\(Self.selectKey) WHERE revoked_at IS NULL AND number < ? ORDER BY number DESC LIMIT ?",
                    [before, limit], Self.key)
            }
        }
    }

    package func key(_ id: Identifier) throws(StoreError) -> KeyRecord {
        let record = try read { database in
            try database.row("\(Self.selectKey) WHERE revoked_at IS NULL AND id = ?", [id.description]) {
                try Self.key(&$0).item
            }
        }
        guard let record else { throw .notFound }
        return record
    }

    /// All keys that are not revoked, for whoever checks requests.
    package func allKeys() throws(StoreError) -> [KeyRecord] {
        try read { database in
            try database.rows("\(Self.selectKey) WHERE revoked_at IS NULL") { try Self.key(&$0).item }
        }
    }

    /// Whether there ever was a key: from the first on, nobody is answered without.
    package func hadKeys() throws(StoreError) -> Bool {
        try read { try $0.integer("SELECT 1 FROM api_keys LIMIT 1") != nil }
    }

    package func revokeKey(_ id: Identifier) -> Write<Void> {
        write { transaction in
            let revoked = try transaction.database.run(
                "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                [transaction.now.milliseconds, id.description])
            guard revoked == 1 else { throw StoreError.notFound }
        }
    }

    package func noteUse(of id: Identifier, at time: Timestamp) -> Write<Void> {
        write { transaction in
            try transaction.database.run(
                "UPDATE api_keys SET last_used_at = ? WHERE id = ?", [time.milliseconds, id.description])
        }
    }

    private static let selectKey = """
        SELECT number, id, name, owner, scopes, sha256, expires_at, last_used_at, created_at FROM api_keys
        """

    private static func key(_ columns: inout Columns) throws -> (number: Int, item: KeyRecord) {
        let number = try columns.integer()
        let (id, name, owner) = (try columns.identifier(.apiKey), try columns.text(), try columns.text())
        let scopes = (try columns.json().elements ?? []).compactMap { $0.text.flatMap(KeyScope.init) }
        let (sha256, expiresAt) = (try columns.text(), try columns.optionalTime())
        return (
            number,
            KeyRecord(
                id: id, name: name, owner: owner, scopes: Set(scopes), sha256: sha256, expiresAt: expiresAt,
                lastUsedAt: try columns.optionalTime(), createdAt: try columns.time())
        )
    }
}
