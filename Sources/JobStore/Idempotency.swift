import GRDB
import Jobs

/// A request that may come again: what it is, its key, and the digest of its body.
package struct IdempotencyRequest: Sendable, Hashable {
    /// Owner, method, path and query.
    package var scope: String
    /// In whose quota the answer counts: the first word of the scope.
    package var owner: String
    package var key: String
    /// SHA-256 of the body, lower-case hexadecimal.
    package var fingerprint: String

    package init(owner: String, method: String, target: String, key: String, fingerprint: String) {
        scope = "\(owner) \(method) \(target)"
        self.owner = owner
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
            try Self.keep(response, for: request, within: limits, in: transaction)
        }
    }

    /// A write that makes something once: under a key seen before it gives back what was answered then, and `onReplay`
    /// takes back what was prepared. Throws `.tooManyReplays` and makes nothing when the answer cannot be kept.
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
            // Refused before anything is changed, where that can be told already.
            try Self.admit(replayBytes: 1, of: remembered.request.owner, within: limits, in: transaction)
            let value = try body(transaction)
            let response = remembered.respond(value)
            try Self.keep(response, for: remembered.request, within: limits, in: transaction)
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
        _ response: StoredResponse, for request: IdempotencyRequest, within limits: StoreLimits,
        in transaction: Transaction
    ) throws {
        let database = transaction.database
        let headers = response.headers.jsonText
        let texts = [request.scope, request.key, request.fingerprint, headers]
        let bytes = texts.reduce(response.body.count) { $0 + $1.utf8.count }
        // What is found under the key here has outlived its time.
        try uncount(
            deleting: "DELETE FROM idempotency_keys WHERE scope = ? AND key = ? RETURNING owner, stored_bytes",
            [request.scope, request.key], areReplays: true, in: database)
        try admit(replayBytes: bytes, of: request.owner, within: limits, in: transaction)
        try admit(bytes: bytes, of: request.owner, within: limits, in: transaction)
        try database.run(
            """
            INSERT INTO idempotency_keys (scope, key, fingerprint, status, headers, body, created_at, owner, stored_bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                request.scope, request.key, request.fingerprint, response.status, headers, response.body.data,
                transaction.now.milliseconds, request.owner, bytes,
            ])
        try count(OwnerStorage(bytes: bytes, replays: 1, replayBytes: bytes), of: request.owner, in: database)
    }

    /// Throws `.tooManyReplays` when one more answer of so many bytes does not fit. What has outlived its time makes room;
    /// nothing else does.
    private static func admit(
        replayBytes: Int, of owner: String, within limits: StoreLimits, in transaction: Transaction
    ) throws {
        func fits(_ storage: OwnerStorage) -> Bool {
            storage.replays < limits.replaysPerOwnerMax
                && replayBytes <= limits.replayBytesPerOwnerMax
                && storage.replayBytes <= limits.replayBytesPerOwnerMax - replayBytes
        }
        let database = transaction.database
        guard try !fits(storage(of: owner, in: database)) else { return }
        let lifetime = limits.idempotencyKeySeconds * 1_000
        try uncount(
            deleting: "DELETE FROM idempotency_keys WHERE owner = ? AND created_at <= ? RETURNING owner, stored_bytes",
            [owner, transaction.now.milliseconds - lifetime], areReplays: true, in: database)
        let storage = try storage(of: owner, in: database)
        guard !fits(storage) else { return }
        let oldest = try database.integer(
            "SELECT created_at FROM idempotency_keys WHERE owner = ? ORDER BY created_at LIMIT 1", [owner])
        let left = oldest.map { Int64($0) + lifetime - transaction.now.milliseconds } ?? lifetime
        throw StoreError.tooManyReplays(
            owner: owner, kept: storage.replays, bytes: storage.replayBytes, keptMax: limits.replaysPerOwnerMax,
            bytesMax: limits.replayBytesPerOwnerMax, retrySeconds: Int(max(1, (left + 999) / 1_000)))
    }
}
