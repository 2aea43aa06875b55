package import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// One operation of the API: what openapi.yaml calls a path and a method.
package final class Route: Sendable {
    package let method: HTTPRequest.Method
    /// `/v1/jobs/{id}`: literal segments and named parameters.
    package let template: String
    /// The names of the query parameters it knows.
    package let query: [String]
    let scope: Scope
    /// Its representations; `Accept` chooses, and the first wins a tie.
    let offers: [MediaType]
    let content: ContentRule
    /// Whether its answers may be sent as gzip: reads of text may. Changes are answered briefly and from the writer's
    /// queue, and one of those answers carries a secret.
    let compresses: Bool
    /// Whether reading it is written into the audit log: what it answers leaves the server as a whole.
    let isAudited: Bool
    /// Whether an answer may take so long that it is not worth finishing for a client that is gone.
    let mayTakeLong: Bool
    let segments: [Segment]

    enum Segment: Sendable, Hashable {
        case literal(Substring)
        case parameter(Substring)
    }

    /// What a key must be allowed to do.
    enum Scope: String, Sendable {
        /// Anybody, also without a key.
        case open
        case read, write, admin
    }

    /// Whether it is answered to keys only, on a server that has keys.
    package var needsKey: Bool { scope != .open }

    /// How the request's content is read and where the answer is made.
    enum ContentRule: Sendable {
        /// No content; answered on the event loop, so it must be cheap.
        case inline(@Sendable (APIRequest) throws -> Reply)
        /// No content; answered where blocking is allowed.
        case blocking(@Sendable (APIRequest) throws -> Handled)
        /// No content; answered on the event loop when the answer is at hand, else where blocking is allowed.
        case recalled(@Sendable (APIRequest) -> Reply?, otherwise: @Sendable (APIRequest) throws -> Handled)
        /// A document gathered in memory, then answered where blocking is allowed.
        case document(bytesMax: Int, @Sendable (APIRequest) throws -> Handled)
        /// Content that goes to disk as it comes.
        case upload(bytesMax: Int, @Sendable (APIRequest, any Replying) throws -> any ContentSink)
    }

    init(
        _ method: HTTPRequest.Method, _ template: String, scope: Scope, query: [String] = [],
        offers: [MediaType] = [.json], compresses: Bool? = nil, isAudited: Bool = false, mayTakeLong: Bool = false,
        _ content: ContentRule
    ) {
        self.method = method
        self.template = template
        self.query = offers.contains(.csv) ? query + [CSVWriter.rawParameter] : query
        self.scope = scope
        self.offers = offers
        self.content = content
        self.mayTakeLong = mayTakeLong
        self.compresses = compresses ?? (method == .get)
        self.isAudited = isAudited
        segments = template.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            $0.hasPrefix("{") ? .parameter($0.dropFirst().dropLast()) : .literal($0)
        }
    }
}

/// What a handler has for an answer.
enum Handled: Sendable {
    case reply(Reply)
    /// The answer comes later, from another thread: a durable write is under way.
    case later(@Sendable (any Replying) -> Void)
}

/// Takes an answer that comes later, exactly once.
protocol Replying: Sendable {
    /// Tells when nobody waits for the answer any more.
    var responder: any Responder { get }

    func reply(_ result: Result<Reply, any Error>)

    /// Stands for the key that asks while something long is done for it; nil when none was sent.
    ///
    /// - Throws: `unauthenticated` when the key is not in force any more.
    func hold() throws(APIError) -> KeyHold?

    /// A change that was asked for, with its entry in the audit log.
    ///
    /// - Parameter status: what the answer to it will have; nil when nothing was changed.
    func recorded<Value>(
        _ write: Write<Value>, as status: @escaping @Sendable (Value) -> HTTPResponse.Status?
    ) -> Write<Value>
}

extension Replying {
    /// Makes a change and answers what `reply` says of it.
    func reply<Value>(
        after write: Write<Value>, as status: @escaping @Sendable (Value) -> HTTPResponse.Status,
        _ reply: @escaping @Sendable (Value) -> Reply
    ) {
        recorded(write, as: status).commit { result in self.reply(result.map(reply).mapError { $0 }) }
    }

    /// Makes something new and answers what `reply` says of it, or what was answered when it was made before.
    func reply<Value>(
        afterCreating write: Write<Outcome<Value>>, as status: HTTPResponse.Status,
        _ reply: @escaping @Sendable (Value) -> Reply
    ) {
        recorded(write, as: { $0.created == nil ? nil : status }).commit { result in
            self.reply(
                Result {
                    switch try result.get() {
                    case .created(let value, _): reply(value)
                    case .replayed(let stored): try Reply(replaying: stored)
                    }
                })
        }
    }
}

/// The table of routes, and the way from a path to its row.
package struct RouteTable: Sendable {
    package let routes: [Route]
    /// Rows by number of segments, so that a look-up compares few.
    private let bySegmentCount: [Int: [Route]]
    /// Rows without parameters, by their paths, for the shortest look-up.
    private let literal: [Substring: [Route]]

    init(_ routes: [Route]) {
        self.routes = routes
        bySegmentCount = Dictionary(grouping: routes) { $0.segments.count }
        literal = Dictionary(grouping: routes.filter { !$0.template.contains("{") }) { $0.template[...] }
    }

    /// The route of a path that is one as it stands.
    func literalMatch(_ method: HTTPRequest.Method, path: Substring) -> Route? {
        literal[path]?.first { $0.answers(method) }
    }

    enum Match {
        case found(Route, parameters: [Substring: String])
        case wrongMethod(allowed: [HTTPRequest.Method])
        case nothing
    }

    /// The route of a decoded path.
    func match(_ method: HTTPRequest.Method, segments: [String]) -> Match {
        var allowed: [HTTPRequest.Method] = []
        for route in bySegmentCount[segments.count] ?? [] {
            guard let parameters = route.parameters(matching: segments) else { continue }
            if route.answers(method) { return .found(route, parameters: parameters) }
            allowed.append(route.method)
            if route.method == .get { allowed.append(.head) }
        }
        return allowed.isEmpty ? .nothing : .wrongMethod(allowed: allowed + [.options])
    }
}

extension Route {
    /// HEAD goes where GET goes.
    fileprivate func answers(_ asked: HTTPRequest.Method) -> Bool {
        method == asked || (asked == .head && method == .get)
    }

    fileprivate func parameters(matching path: [String]) -> [Substring: String]? {
        var parameters: [Substring: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal):
                guard literal == text else { return nil }
            case .parameter(let name):
                guard !text.isEmpty else { return nil }
                parameters[name] = text
            }
        }
        return parameters
    }
}
