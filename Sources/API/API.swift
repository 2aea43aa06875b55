import Dispatch
import HTTPTypes
package import HTTPWire
import JobStore
import Jobs
import Logging

/// The REST API: finds the route, asks who it is, decodes, hands on, and turns every error into problem details.
package final class API: RequestHandler {
    fileprivate let services: Services
    fileprivate let keys: KeyRing
    fileprivate let downloads: DownloadLog
    let refusals: Refusals
    private let access: Access
    private let rateLimits: RateLimits
    fileprivate let security: SecurityFields
    fileprivate let metrics: RequestMetrics
    package let table: RouteTable

    package init(_ services: Services) {
        self.services = services
        keys = KeyRing(services)
        downloads = DownloadLog(services)
        refusals = Refusals(services)
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

    /// Counts a connection whose TLS handshake failed among the refusals.
    package func noteFailedHandshake(from address: String) {
        refusals.note(.handshake, from: address, key: nil)
    }

    func handle(_ head: RequestHead, through door: Door, responder: any Responder) -> ContentPlan {
        var answer = Answer(
            api: self, head: head, responder: responder, startedNanoseconds: RequestMetrics.now())
        do {
            switch try route(head, through: door) {
            case .request(let request):
                answer.asked = Answer.Asked(
                    route: request.route, principal: request.principal, rateFields: request.rateFields)
                return plan(for: request, answer)
            case .reply(let reply):
                answer.reply(.success(reply))
            }
        } catch {
            answer.reply(.failure(error))
        }
        return .discard
    }

    private enum Routed {
        case request(APIRequest)
        /// Needs no route: OPTIONS.
        case reply(Reply)
    }

    private func route(_ head: RequestHead, through door: Door) throws(APIError) -> Routed {
        let target = head.path ?? "/"
        if target == "*" {
            if door == .network { try access.checkSurroundings(of: head) }
            return .reply(Reply(status: .noContent, fields: [.allow: Self.allMethods]))
        }
        // A valid target is ASCII, and bytes are found faster than characters.
        let pathEnd = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = target[..<(pathEnd ?? target.endIndex)]
        let (match, suffix) = try match(head.method, path)
        if door == .network { try access.checkSurroundings(of: head) }
        switch match {
        case .nothing:
            throw APIError(.notFound, "there is nothing at \"\(path.prefix(200))\"")
        case .wrongMethod(let allowed):
            let list = allowed.map(\.rawValue).joined(separator: ", ")
            if head.method == .options {
                var reply = Reply(status: .noContent, fields: security.preflight(for: head, methods: list))
                reply.fields[.allow] = list
                return .reply(reply)
            }
            throw APIError(
                .methodNotAllowed, "\(head.method.rawValue) does not exist here; there is \(list)",
                fields: [.allow: list])
        case .found(let route, let parameters):
            let principal = door == .control ? .local : try access.principal(of: head, for: route.scope)
            let rateFields = try principal.key.map { key throws(APIError) in try rateLimits.take(key) }
            let query = try Query(pathEnd.map { target[target.utf8.index(after: $0)...] }, known: route.query)
            // Whatever the answer's type will be: a value that means nothing is refused.
            _ = try query.boolean(CSVWriter.rawParameter)
            return .request(
                APIRequest(
                    head: head, route: route, parameters: parameters, query: query, principal: principal,
                    rateFields: rateFields ?? HTTPFields(), suffix: suffix))
        }
    }

    /// The route, and the representation that the path's ending asks for.
    private func match(
        _ method: HTTPRequest.Method, _ path: Substring
    ) throws(APIError) -> (RouteTable.Match, suffix: MediaType?) {
        if let route = table.literalMatch(method, path: path) { return (.found(route, parameters: [:]), nil) }
        let segments = try Self.segments(of: path)
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
            run(request, answer, on: request.route.mayTakeLong ? Self.makeOwnQueue() : services.queue, respond)
            return .discard
        case .recalled(let recall, let respond):
            if let reply = recall(request) {
                answer.reply(.success(reply))
            } else {
                run(request, answer, on: services.queue, respond)
            }
            return .discard
        case .document(let bytesMax, let respond):
            if bytesMax > DocumentClaim.bytesFree, request.head.contentLength ?? .max > DocumentClaim.bytesFree {
                do {
                    return .stream(bytesMax: bytesMax, to: try intake(request, answer, bytesMax: bytesMax, respond))
                } catch {
                    answer.reply(.failure(error))
                    return .discard
                }
            }
            return .collect(bytesMax: bytesMax) { [self] bytes, trailers in
                let mayBeLong = bytesMax > DocumentClaim.bytesFree && request.fields[.contentEncoding] != nil
                run(request, answer, on: mayBeLong ? Self.makeOwnQueue() : services.queue) { [services, keys] request in
                    // A document may come slowly, and the key may be gone by its end.
                    if let key = request.principal.key { try keys.check(key) }
                    var request = request
                    if mayBeLong { request.claim = DocumentClaim(on: services.documentMemory) }
                    request.body = try Self.document(of: request, bytes, trailers, bytesMax: bytesMax)
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

    /// Long work has a thread of its own: the threads of `services.queue` are as many as there are processors, and short
    /// answers would wait for it.
    private static func makeOwnQueue() -> DispatchQueue { DispatchQueue(label: "tenbin.long") }

    /// Gathers a long document, then answers it.
    private func intake(
        _ request: APIRequest, _ answer: Answer, bytesMax: Int,
        _ respond: @escaping @Sendable (APIRequest) throws -> Handled
    ) throws -> DocumentIntake {
        let queue = Self.makeOwnQueue()
        return try DocumentIntake(
            request, bytesMax: bytesMax, claim: DocumentClaim(on: services.documentMemory), queue: queue,
            refuse: { answer.reply(.failure($0)) },
            answer: { [self] body, claim in
                var request = request
                request.body = body
                request.claim = claim
                run(request, answer, on: queue, respond)
            })
    }

    /// A document's bytes as their sender meant them: held against their digest, and inflated.
    private static func document(
        of request: APIRequest, _ bytes: [UInt8], _ trailers: HTTPFields, bytesMax: Int
    ) throws -> [UInt8] {
        for fields in [request.fields, trailers] {
            guard let expected = try Digest.content(fields), expected != Digest.bytes(of: bytes) else { continue }
            throw APIError(.digestMismatch, "Content-Digest does not match the content")
        }
        guard try ContentCoding.isGzip(request.fields) else { return bytes }
        return try ContentCoding.decoded(bytes, bytesMax: bytesMax) { count in
            try request.client?.check()
            try request.claim?.store(count)
        }
    }

    /// Off the event loop, where SQLite and the disk may block.
    private func run(
        _ request: APIRequest, _ answer: Answer, on queue: DispatchQueue,
        _ respond: @escaping @Sendable (APIRequest) throws -> Handled
    ) {
        queue.async {
            var request = request
            if request.route.mayTakeLong { request.client = ClientWatch(answer.responder) }
            do {
                switch try respond(request) {
                case .reply(let reply): answer.reply(.success(reply))
                case .later(let start): start(answer)
                }
            } catch {
                // What work says that was called off is not news.
                answer.reply(.failure(request.client?.isGone == true ? ClientGone() : error))
            }
        }
    }
}

/// The way back for one request: binds replies and errors to it.
private struct Answer: Replying {
    /// What a request is known by once it has found its route.
    struct Asked {
        let route: Route
        let principal: Principal
        let rateFields: HTTPFields
    }

    let api: API
    let head: RequestHead
    let responder: any Responder
    let startedNanoseconds: UInt64
    /// Nil when it did not get that far.
    var asked: Asked?

    func reply(_ result: Result<Reply, any Error>) {
        let (reply, hold) = held(result)
        api.metrics.record(
            asked?.route, method: head.method, status: reply.status.code,
            nanoseconds: RequestMetrics.now() &- startedNanoseconds)
        let taken = download(reply.status)
        var response = finished(reply)
        response.lease = hold
        responder.respond(response)
        if let taken { api.downloads.note(taken) }
    }

    /// What the audit log is to say of an answer that takes something away.
    private func download(_ status: HTTPResponse.Status) -> AuditEntry? {
        guard let asked, asked.route.isAudited, head.method == .get, status == .ok || status == .partialContent else {
            return nil
        }
        return entry(asked, status)
    }

    /// The reply, and where it takes long to send the key that it ends with. An event stream ends in order with its key;
    /// the transport cuts everything else.
    private func held(_ result: Result<Reply, any Error>) -> (Reply, KeyHold?) {
        do {
            let reply = try result.get()
            guard reply.content.isLong, let key = asked?.principal.key else { return (reply, nil) }
            do {
                let hold = try api.keys.hold(key)
                guard case .stream(let source) = reply.content, let stream = source as? EventStream else {
                    return (reply, hold)
                }
                stream.end(with: hold)
                return (reply, nil)
            } catch {
                reply.content.drop()
                throw error
            }
        } catch {
            let problem = api.services.problem(for: error, head)
            if let reason = Refusals.Reason(problem.code) {
                let key = asked?.principal.key ?? KeyRing.named(by: head.fields[.authorization])
                api.refusals.note(reason, from: head.peer.address, key: key)
            }
            return (problem.reply(requestID: head.requestID), nil)
        }
    }

    func hold() throws(APIError) -> KeyHold? {
        guard let key = asked?.principal.key else { return nil }
        return try api.keys.hold(key)
    }

    func recorded<Value>(
        _ write: Write<Value>, as status: @escaping @Sendable (Value) -> HTTPResponse.Status?
    ) -> Write<Value> {
        guard let asked else { return write }
        return write.auditing { value in
            status(value).map { status in entry(asked, status) }
        }
    }

    private func entry(_ asked: Asked, _ status: HTTPResponse.Status) -> AuditEntry {
        AuditEntry(
            at: api.services.clock(), actor: asked.principal.owner, key: asked.principal.key,
            action: "\(asked.route.method.rawValue) \(asked.route.template)", target: head.path ?? "",
            status: status.code, peer: head.peer.address, requestID: head.requestID)
    }

    private func finished(_ reply: consuming Reply) -> Response {
        var negotiation: SecurityFields.Negotiation = []
        if let asked {
            if asked.route.offers.count > 1 { negotiation.insert(.mediaType) }
            if asked.route.compresses {
                negotiation.insert(.coding)
                ContentCoding.encode(&reply, for: head)
            }
            reply.fields.append(contentsOf: asked.rateFields)
        }
        let standing = api.security.add(to: &reply.fields, for: head, varyingBy: negotiation)
        return Response(
            status: reply.status, fields: reply.fields, standing: standing, content: reply.content,
            route: asked?.route.template,
            principal: asked.map { $0.principal.key?.description ?? $0.principal.owner })
    }
}
