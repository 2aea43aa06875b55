import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/v1/api-keys`, `/v1/audit-log`: who may do what, and who did. For admins.
struct KeysResource: Sendable {
    private let services: Services
    private let idempotency: Idempotency
    private let ring: KeyRing

    init(_ services: Services, _ idempotency: Idempotency, _ ring: KeyRing) {
        self.services = services
        self.idempotency = idempotency
        self.ring = ring
    }

    var routes: [Route] {
        [
            Route(
                .post, "/v1/api-keys", scope: .admin,
                .document(bytesMax: services.settings.documentBytesMax, create)),
            Route(
                .get, "/v1/api-keys", scope: .admin, query: APIRequest.pageParameters, offers: [.json, .csv],
                .blocking(list)),
            Route(.get, "/v1/api-keys/{id}", scope: .admin, .blocking(show)),
            Route(.delete, "/v1/api-keys/{id}", scope: .admin, .blocking(revoke)),
            Route(
                .get, "/v1/audit-log", scope: .admin, query: APIRequest.pageParameters, offers: [.json, .csv],
                .blocking(auditLog)),
        ]
    }

    private func create(_ request: APIRequest) throws -> Handled {
        let document = try request.document()
        return .later { [self] replying in
            do {
                try idempotency.answer(request, fingerprint: Digest.sha256(request.body), to: replying) {
                    try insert(document, for: request.principal, $0, $1)
                }
            } catch {
                replying.reply(.failure(error))
            }
        }
    }

    private func insert(
        _ document: JSONValue, for principal: Principal, _ identity: IdempotencyRequest?, _ replying: any Replying
    ) throws {
        let asked = try KeyRequest(decoding: document, owner: principal.owner, now: services.clock())
        // In a box, because it has no size: the thread sanitizer trips over the address of what has none.
        var generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
        let secret = KeySecret(for: services.store.makeIdentifier(.apiKey), using: &generator)
        let new = NewKey(
            id: secret.key, name: asked.name, owner: asked.owner, scopes: asked.scopes, sha256: secret.sha256,
            expiresAt: asked.expiresAt)
        // What is kept to be answered again has no secret: it is shown once, and nowhere on disk.
        let remembered = identity.map { identity in
            Remembered<KeyRecord>(request: identity) { Self.created($0, secret: nil).stored }
        }
        let write = services.store.insert(new, remembering: remembered)
        replying.reply(afterCreating: write, as: .created) { [ring] key in
            ring.add(key)
            return Self.created(key, secret: secret.text)
        }
    }

    private static func created(_ key: KeyRecord, secret: String?) -> Reply {
        Reply.json(.created) { $0.value(key, secret: .some(secret)) }
            .with(.location, "/v1/api-keys/\(key.id)").with(.cacheControl, "no-store")
    }

    private func list(_ request: APIRequest) throws -> Handled {
        let columns = ["id", "name", "owner", "scopes", "expires_at", "last_used_at", "created_at"]
        return .reply(try request.list(services.store.keys(request.page()), columns: columns) { $1.value($0) })
    }

    private func show(_ request: APIRequest) throws -> Handled {
        let key = try services.store.key(request.identifier(.apiKey))
        let reply = Reply.json { $0.value(key) }
        return .reply(try request.conditional(Self.tag(reply)) { reply })
    }

    /// A key has no revision: its last use moves by itself.
    private static func tag(_ reply: Reply) -> EntityTag {
        guard case .bytes(let bytes) = reply.content else { return EntityTag(content: [], type: .json) }
        return EntityTag(content: bytes, type: .json)
    }

    private func revoke(_ request: APIRequest) throws -> Handled {
        let id = try request.identifier(.apiKey)
        let key = try services.store.key(id)
        try request.checkPreconditions(Self.tag(Reply.json { $0.value(key) }))
        let write = services.store.revokeKey(id)
        return .later { [ring] replying in
            replying.reply(after: write, as: { .noContent }) {
                ring.remove(id)
                return Reply.noContent
            }
        }
    }

    private func auditLog(_ request: APIRequest) throws -> Handled {
        let columns = ["number", "at", "actor", "key", "action", "target", "status", "peer", "request_id"]
        return .reply(try request.list(services.store.auditLog(request.page()), columns: columns) { $1.value($0) })
    }
}

/// A key that is asked for.
struct KeyRequest {
    var name: Name
    var owner: String
    var scopes: Set<KeyScope>
    var expiresAt: Timestamp?

    private static let members: Set = ["name", "owner", "scopes", "expires_at"]

    /// - Throws: `InvalidSpec` with everything that is wrong.
    init(decoding json: JSONValue, owner: String, now: Timestamp) throws(InvalidSpec) {
        guard let members = json.members else {
            throw InvalidSpec(problems: [Problem(detail: "expected an object, got \(json.kindInWords)")])
        }
        var problems = ProblemList()
        for member in members where !Self.members.contains(member.name) && !problems.isFull {
            problems.add(
                Problem(
                    pointer: pointer("", member.name), detail: "is not known; expected name, owner, scopes, expires_at")
            )
        }
        func check(_ holds: Bool, _ member: String, _ detail: String) {
            if !holds { problems.add(Problem(pointer: pointer("", member), detail: detail)) }
        }
        let name = json["name"]?.text.flatMap { Name($0) }
        check(name != nil, "name", "expected a text of 1 to \(Name.lengthMax) characters without control characters")
        let given = json["owner"] ?? .null
        self.owner = given == .null ? owner : given.text ?? ""
        let isName = self.owner.wholeMatch(of: /[a-z0-9][a-z0-9._-]{0,62}/) != nil
        check(isName, "owner", "expected 1 to 63 of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit")
        let words = json["scopes"]?.elements?.map { $0.text.flatMap(KeyScope.init) } ?? []
        scopes = Set(words.compactMap { $0 })
        check(
            !words.isEmpty && !words.contains(nil) && scopes.count == words.count, "scopes",
            "expected an array of one or more of read, write, admin, each once")
        let expiry = json["expires_at"] ?? .null
        expiresAt = expiry.text.flatMap { Timestamp(rfc3339: $0) }
        check(
            expiry == .null || expiresAt.map { $0 > now } == true, "expires_at", "expected an RFC 3339 time to come")
        guard let name, problems.isEmpty else { throw InvalidSpec(problems) }
        self.name = name
    }
}

extension JSONWriter {
    /// - Parameter secret: absent unless the key was just made.
    fileprivate mutating func value(_ key: KeyRecord, secret: String?? = .none) {
        object { writer in
            writer.name("id")
            writer.value(key.id.description)
            writer.name("name")
            writer.value(key.name)
            writer.name("owner")
            writer.value(key.owner)
            writer.name("scopes")
            writer.value(JSONValue(key.scopes.map(\.rawValue).sorted()))
            writer.name("expires_at")
            writer.value(key.expiresAt)
            writer.name("last_used_at")
            writer.value(key.lastUsedAt)
            writer.name("created_at")
            writer.value(key.createdAt)
            if case .some(let secret) = secret {
                writer.name("secret")
                writer.value(secret)
            }
        }
    }

    fileprivate mutating func value(_ entry: AuditEntry) {
        object { writer in
            writer.name("number")
            writer.value(entry.number)
            writer.name("at")
            writer.value(entry.at)
            writer.name("actor")
            writer.value(entry.actor)
            writer.name("key")
            writer.value(entry.key?.description)
            writer.name("action")
            writer.value(entry.action)
            writer.name("target")
            writer.value(entry.target)
            writer.name("status")
            writer.value(entry.status)
            writer.name("peer")
            writer.value(entry.peer)
            writer.name("request_id")
            writer.value(entry.requestID)
        }
    }
}
