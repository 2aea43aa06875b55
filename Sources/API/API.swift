import Dispatch
import HTTPTypes
package import HTTPWire
import JobStore
import Jobs
import Logging

/// The REST API: finds the route, asks who it is, decodes, hands on, and turns every error into problem details.
package final class API: RequestHandler {
    private let services: Services
    private let access: Access
    private let rateLimits: RateLimits
    private let security: SecurityFields
    private let metrics: RequestMetrics
    package let table: RouteTable

    package init(_ services: Services) {
        self.services = services
        let keys = KeyRing(services)
        access = Access(corsOrigins: services.settings.corsOrigins, keys: keys)
        security = SecurityFields(corsOrigins: services.settings.corsOrigins)
        rateLimits = RateLimits(
            requestsPerWindow: services.settings.requestsPerKeyAndMinute, clock: services.clock)
        metrics = RequestMetrics(services.metrics)
        table = RouteTable(Self.routes(services, keys))
    }

    private static func routes(_ services: Services, _ keys: KeyRing) -> [Route] {
        let hub = EventHub(services)
        let idempotency = Idempotency(services)
        return [
            HealthResource.routes(services), DescriptionResource.routes(), ErrorsResource.routes(),
            StrategiesResource.routes(), DatasetsResource(services, idempotency).routes,
            JobsResource(services, idempotency).routes, ComparisonsResource(services, idempotency).routes,
            EpochsResource(services).routes, EventsResource(services, hub).routes,
            HistoryResource(services).routes, ModelsResource(services).routes,
            ServerResource(services).routes, KeysResource(services, idempotency, keys).routes,
            MetricsResource(services, hub).routes, BackupResource(services).routes,
        ].flatMap { $0 }
    }

    package func handle(_ head: RequestHead, responder: any Responder) -> ContentPlan {
        handle(head, through: .network, responder: responder)
    }

    func handle(_ head: RequestHead, through door: Door, responder: any Responder) -> ContentPlan {
        let started = RequestMetrics.now()
        func answer(to request: APIRequest?) -> Answer {
            Answer(
                head: head, request: request, responder: responder, services: services, security: security,
                metrics: metrics,
                startedNanoseconds: started)
        }
        do {
            switch try route(head, through: door) {
            case .request(let request):
                return plan(for: request, answer(to: request))
            case .reply(let reply):
                answer(to: nil).reply(.success(reply))
            }
        } catch {
            answer(to: nil).reply(.failure(error))
        }
        return .discard
    }

    private enum Routed {
        case request(APIRequest)
        /// Needs no route: OPTIONS.
        case reply(Reply)
    }

    private func route(_ head: RequestHead, through door: Door) throws(APIError) -> Routed {
        let target = head.request.path ?? "/"
        if target == "*" { return .reply(Reply(status: .noContent, fields: [.allow: Self.allMethods])) }
        // A valid target is ASCII, and bytes are split faster than characters.
        let parts = target.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
            .map { Substring($0) }
        let segments = try Self.segments(of: parts[0])
        if door == .network { try access.checkSurroundings(of: head) }
        let (match, suffix) = match(head.request.method, segments)
        switch match {
        case .nothing:
            throw APIError(.notFound, "there is nothing at \"\(parts[0].prefix(200))\"")
        case .wrongMethod(let allowed):
            let list = allowed.map(\.rawValue).joined(separator: ", ")
            if head.request.method == .options {
                var reply = Reply(status: .noContent, fields: security.preflight(for: head, methods: list))
                reply.fields[.allow] = list
                return .reply(reply)
            }
            throw APIError(
                .methodNotAllowed, "\(head.request.method.rawValue) does not exist here; there is \(list)",
                fields: [.allow: list])
        case .found(let route, let parameters):
            let principal = door == .control ? .local : try access.principal(of: head, for: route.scope)
            let rateFields = try principal.key.map { key throws(APIError) in try rateLimits.take(key) }
            let query = try Query(parts.count > 1 ? parts[1] : nil, known: route.query)
            return .request(
                APIRequest(
                    head: head, route: route, parameters: parameters, query: query, principal: principal,
                    rateFields: rateFields ?? HTTPFields(), suffix: suffix))
        }
    }

    /// The route, and the representation that the path's ending asks for.
    private func match(
        _ method: HTTPRequest.Method, _ segments: [String]
    ) -> (RouteTable.Match, suffix: MediaType?) {
        guard let last = segments.last, let (suffix, type) = Self.suffixes.first(where: { last.hasSuffix($0.suffix) })
        else { return (table.match(method, segments: segments), nil) }
        let shortened = Array(segments.dropLast()) + [String(last.dropLast(suffix.count))]
        guard case .found(let route, let parameters) = table.match(method, segments: shortened),
            route.offers.contains(type)
        else { return (table.match(method, segments: segments), nil) }
        return (.found(route, parameters: parameters), type)
    }

    private static let suffixes: [(suffix: String, type: MediaType)] = [(".csv", .csv), (".md", .markdown)]

    private static func segments(of path: Substring) throws(APIError) -> [String] {
        var segments: [String] = []
        let isEncoded = path.utf8.contains(UInt8(ascii: "%"))
        for bytes in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
            let segment = Substring(bytes)
            guard isEncoded else {
                segments.append(String(segment))
                continue
            }
            // In a path, unlike in a query, `+` is a plus.
            guard let text = Query.decode(Substring(segment.replacing("+", with: "%2B"))) else {
                throw APIError(.malformedRequest, "the path segment \"\(segment)\" is not percent-encoded UTF-8")
            }
            segments.append(text)
        }
        return segments
    }

    private static let allMethods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"

    private func plan(for request: APIRequest, _ answer: Answer) -> ContentPlan {
        switch request.route.content {
        case .inline(let respond):
            answer.reply(Result { try respond(request) })
            return .discard
        case .blocking(let respond):
            run(request, answer, respond)
            return .discard
        case .recalled(let recall, let respond):
            if let reply = recall(request) {
                answer.reply(.success(reply))
            } else {
                run(request, answer, respond)
            }
            return .discard
        case .document(let bytesMax, let respond):
            return .collect(bytesMax: bytesMax) { [self] bytes in
                run(request, answer) { request in
                    var request = request
                    request.body = try Self.document(of: request, bytes, bytesMax: bytesMax)
                    return try respond(request)
                }
            }
        case .upload(let bytesMax, let makeSink):
            do {
                return .stream(bytesMax: bytesMax, to: try makeSink(request, answer))
            } catch {
                answer.reply(.failure(error))
                return .discard
            }
        }
    }

    /// A document's bytes as their sender meant them: held against their digest, and inflated.
    private static func document(of request: APIRequest, _ bytes: [UInt8], bytesMax: Int) throws -> [UInt8] {
        if let expected = try Digest.content(request.fields), expected != Digest.bytes(of: bytes) {
            throw APIError(.digestMismatch, "Content-Digest does not match the content")
        }
        guard try ContentCoding.isGzip(request.fields) else { return bytes }
        return try ContentCoding.decoded(bytes, bytesMax: bytesMax)
    }

    /// Off the event loop, where SQLite and the disk may block.
    private func run(
        _ request: APIRequest, _ answer: Answer, _ respond: @escaping @Sendable (APIRequest) throws -> Handled
    ) {
        services.queue.async {
            do {
                switch try respond(request) {
                case .reply(let reply): answer.reply(.success(reply))
                case .later(let start): start(answer)
                }
            } catch {
                answer.reply(.failure(error))
            }
        }
    }
}

/// The way back for one request: binds replies and errors to it.
private struct Answer: Replying {
    let head: RequestHead
    /// Nil when it did not get that far.
    let request: APIRequest?
    let responder: any Responder
    let services: Services
    let security: SecurityFields
    let metrics: RequestMetrics
    let startedNanoseconds: UInt64

    func reply(_ result: Result<Reply, any Error>) {
        let reply: Reply =
            switch result {
            case .success(let reply): reply
            case .failure(let error): services.problem(for: error, head).reply(requestID: head.requestID)
            }
        metrics.record(
            route: request?.route.template, method: head.request.method, status: reply.status.code,
            nanoseconds: RequestMetrics.now() &- startedNanoseconds)
        guard let entry = auditEntry(for: reply) else { return responder.respond(finished(reply)) }
        services.store.audit(entry).commit { result in
            // The change is made and durable; a log that cannot be written does not take it back.
            if case .failure(let error) = result {
                services.logger.error("the audit log misses request \(head.requestID): \(error)")
            }
            responder.respond(finished(reply))
        }
    }

    /// What the audit log says of a change; nil when nothing was changed.
    private func auditEntry(for reply: Reply) -> AuditEntry? {
        guard let request, request.route.changesThings, (200..<300).contains(reply.status.code) else { return nil }
        let actor = request.principal.owner
        return AuditEntry(
            at: services.clock(), actor: actor, key: request.principal.key,
            action: "\(request.route.method.rawValue) \(request.route.template)",
            target: head.request.path ?? "", status: reply.status.code, peer: head.peer.address,
            requestID: head.requestID)
    }

    private func finished(_ reply: Reply) -> Response {
        var reply = reply
        let mayCompress = request?.route.compresses ?? false
        if mayCompress { ContentCoding.encode(&reply, for: head) }
        var fields = reply.fields
        if let request { fields.append(contentsOf: request.rateFields) }
        let isNegotiated = (request?.route.offers.count ?? 1) > 1
        security.add(
            to: &fields, for: head,
            varyingBy: (isNegotiated ? ["Accept"] : []) + (mayCompress ? ["Accept-Encoding"] : []))
        return Response(
            head: HTTPResponse(status: reply.status, headerFields: fields), content: reply.content,
            route: request?.route.template,
            principal: request.map { $0.principal.key?.description ?? $0.principal.owner })
    }
}

extension Route {
    /// Whether a success of it is a change, for the audit log.
    fileprivate var changesThings: Bool {
        method != .get && (scope == .write || scope == .admin)
    }
}
