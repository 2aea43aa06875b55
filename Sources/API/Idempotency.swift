import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks

/// Makes a repeated POST harmless: the same key and body get the first answer again.
final class Idempotency: Sendable {
    private let services: Services
    /// Keys whose first request is being answered.
    private let inFlight = Lock<Set<String>>([])

    private static let keyLengthMax = 255

    init(_ services: Services) {
        self.services = services
    }

    /// Answers a request that creates something.
    ///
    /// - Parameter fingerprint: SHA-256 of the body, lower-case hexadecimal; computed only with a key.
    /// - Parameter create: gets the key to remember the answer under, nil without `Idempotency-Key`.
    func answer(
        _ request: APIRequest, fingerprint: @autoclosure () -> String, to replying: any Replying,
        create: (IdempotencyRequest?, any Replying) throws -> Void
    ) throws {
        guard let key = request.fields[.idempotencyKey] else { return try create(nil, replying) }
        guard !key.isEmpty, key.utf8.count <= Self.keyLengthMax, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw APIError(
                .malformedRequest, "Idempotency-Key must be 1 to \(Self.keyLengthMax) visible ASCII characters")
        }
        let target = request.head.path ?? ""
        let identity = IdempotencyRequest(
            owner: request.principal.owner, method: request.route.method.rawValue, target: target, key: key,
            fingerprint: fingerprint())
        let mark = identity.scope + " " + key
        guard inFlight.withLock({ $0.insert(mark).inserted }) else {
            throw APIError.retryLater(.requestInProgress, "a request with this key is being answered", seconds: 1)
        }
        let once = OnceAnswered(
            replying: replying, services: services, head: request.head, identity: identity,
            release: { [self] in inFlight.withLock { _ = $0.remove(mark) } })
        do {
            if let stored = try services.store.replay(identity) {
                once.release()
                replying.reply(.success(try Reply(replaying: stored)))
            } else {
                try create(identity, once)
            }
        } catch {
            once.reply(.failure(error))
        }
    }
}

/// Ends the flight of a key with its answer, and keeps the answer to a body that cannot be right: it would be refused
/// again.
private struct OnceAnswered: Replying {
    let replying: any Replying
    let services: Services
    let head: RequestHead
    let identity: IdempotencyRequest
    let release: @Sendable () -> Void

    var responder: any Responder { replying.responder }

    func reply(_ result: Result<Reply, any Error>) {
        guard case .failure(let error) = result else { return finish(result) }
        let problem = services.problem(for: error, head)
        guard problem.code == .invalidSpec || problem.code == .datasetInvalid else { return finish(result) }
        let reply = problem.reply(requestID: head.requestID)
        services.store.remember(reply.stored, for: identity).commit { remembered in
            finish(remembered.map { reply }.mapError { $0 })
        }
    }

    func hold() throws(APIError) -> KeyHold? { try replying.hold() }

    func recorded<Value>(
        _ write: Write<Value>, as status: @escaping @Sendable (Value) -> HTTPResponse.Status?
    ) -> Write<Value> {
        replying.recorded(write, as: status)
    }

    private func finish(_ result: Result<Reply, any Error>) {
        release()
        replying.reply(result)
    }
}

extension Reply {
    /// An answer that was given before. Throws `StoreError.corrupt` for one that cannot have been given.
    init(replaying stored: StoredResponse) throws {
        let isJSON = stored.headers["content-type"]?.contains("json") ?? false
        guard (200...599).contains(stored.status), !isJSON || (try? JSONValue(parsing: stored.body)) != nil else {
            throw StoreError.corrupt("an answer that was kept for an Idempotency-Key is no answer")
        }
        var fields = HTTPFields()
        for (name, value) in stored.headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        fields[.idempotencyReplayed] = "true"
        self.init(
            status: HTTPResponse.Status(code: stored.status), fields: fields,
            content: stored.body.isEmpty ? .none : .bytes(stored.body))
    }

    /// What is kept of an answer to be given again.
    var stored: StoredResponse {
        var body: [UInt8] = []
        if case .bytes(let bytes) = content { body = bytes }
        var headers: [String: String] = [:]
        for field in fields { headers[field.name.canonicalName] = field.value }
        return StoredResponse(status: status.code, headers: headers, body: body)
    }
}
