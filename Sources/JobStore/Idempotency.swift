import GRDB
import Jobs

/// A request that may come again: what it is, its key, and the digest of its body.
package struct IdempotencyRequest: Sendable, Hashable {
    /// Owner, method, path and query.
    package var scope: String
    package var key: String
    /// SHA-256 of the body, lower-case hexadecimal.
    package var fingerprint: String

    package init(scope: String, key: String, fingerprint: String) {
        self.scope = scope
        self.key = key
        self.fingerprint = fingerprint
    }
}

/// An answer that is kept to be given again.
package struct StoredResponse: Sendable, Hashable {
    package var status: Int
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Keeps the answer to a request in the same transaction as what the request made.
package struct Remembered<Value: Sendable>: Sendable {
    package var request: IdempotencyRequest
    package var respond: @Sendable (Value) -> StoredResponse

    package init(request: IdempotencyRequest, respond: @escaping @Sendable (Value) -> StoredResponse) {
        self.request = request
        self.respond = respond
    }
}

/// What became of a request to make something.
package enum Outcome<Value: Sendable>: Sendable {
    /// Made now, with the answer that is kept if one is.
    case created(Value, StoredResponse?)
    /// Made before; this is what was answered then.
    case replayed(StoredResponse)

    /// What was made now; nil for a repetition.
    package var created: Value? {
        guard case .created(let value, _) = self else { return nil }
        return value
    }
}

extension Store {
    /// The answer kept for a request; nil when it was not seen before. Throws `.idempotencyKeyReused`.
    package func replay(_ request: IdempotencyRequest) throws(StoreError) -> StoredResponse? {
        let now = self.now
        return try read { try Self.replay(request, in: $0, at: now, limits: configuration.limits) }
    }

    /// Keeps an answer that made nothing, such as a refusal.
    package func remember(_ response: StoredResponse, for request: IdempotencyRequest) -> Write<Void> {
        let limits = configuration.limits
        return write { transaction in
            guard try Self.replay(request, in: transaction.database, at: transaction.now, limits: limits) == nil else {
                return
            }
            try Self.keep(response, for: request, in: transaction)
        }
    }

    /// A write that makes something once: under a key seen before it gives back what was answered then, and `onReplay`
    /// takes back what was prepared.
    func writeOnce<Value: Sendable>(
        remembering remembered: Remembered<Value>?, onReplay: (@Sendable () -> Void)? = nil,
        _ body: @escaping @Sendable (Transaction) throws -> Value
    ) -> Write<Outcome<Value>> {
        let limits = configuration.limits
        return write { transaction in
            guard let remembered else { return .created(try body(transaction), nil) }
            let kept = try Self.replay(
                remembered.request, in: transaction.database, at: transaction.now, limits: limits)
            if let kept {
                if let onReplay { transaction.afterCommit(onReplay) }
                return .replayed(kept)
            }
            let value = try body(transaction)
            let response = remembered.respond(value)
            try Self.keep(response, for: remembered.request, in: transaction)
            return .created(value, response)
        }
    }

    private static func replay(
        _ request: IdempotencyRequest, in database: Database, at now: Timestamp, limits: StoreLimits
    ) throws -> StoredResponse? {
        let oldest = now.milliseconds - limits.idempotencyKeySeconds * 1_000
        let kept = try database.row(
            """
            SELECT fingerprint, status, headers, body FROM idempotency_keys
            WHERE scope = ? AND key = ? AND created_at > ?
            """, [request.scope, request.key, oldest]
        ) {
            (
                fingerprint: try $0.text(),
                response: StoredResponse(status: try $0.integer(), headers: try $0.texts(), body: try $0.blob())
            )
        }
        guard let kept else { return nil }
        guard kept.fingerprint == request.fingerprint else { throw StoreError.idempotencyKeyReused }
        return kept.response
    }

    private static func keep(
        _ response: StoredResponse, for request: IdempotencyRequest, in transaction: Transaction
    ) throws {
        try transaction.database.run(
            """
            INSERT OR REPLACE INTO idempotency_keys (scope, key, fingerprint, status, headers, body, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                request.scope, request.key, request.fingerprint, response.status, response.headers.jsonText,
                response.body.data, transaction.now.milliseconds,
            ])
    }
}
