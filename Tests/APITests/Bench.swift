import API
import Compression
import Datasets
import Dispatch
import Foundation
import Glibc
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Logging
import Testing

/// An API on a store of its own in a temporary folder, asked without any socket.
final class Bench {
    let store: Store
    let api: API
    let clock = ManualClock()
    private let folder: String

    init(
        _ change: (inout APISettings) -> Void = { _ in }, limits: StoreLimits = StoreLimits(), memoryBytes: Int = 1_000,
        isDraining: Bool = false,
        faults: [String] = [], metrics: MetricsRegistry = MetricsRegistry(),
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        handshakeRefusals: @escaping @Sendable () -> Int = { 0 },
        checkTargets: @escaping @Sendable (TrainingSpec, [Identifier: DatasetSource]) throws -> Void = { _, _ in }
    ) throws {
        folder = NSTemporaryDirectory() + "tenbin-api-" + UUID().uuidString
        let clock: @Sendable () -> Timestamp = { [clock] in clock.now }
        store = try Store(
            StoreConfiguration(dataDirectory: folder, limits: limits, clock: clock, logger: logger, metrics: metrics))
        var settings = APISettings()
        settings.threadsMax = 2
        change(&settings)
        var services = Services(
            store: store,
            trainer: TrainerFunctions(
                memoryBytes: { _, _ in memoryBytes }, predict: TestModel.predict, checkTargets: checkTargets,
                export: TestModel.export),
            settings: settings, queue: DispatchQueue(label: "test.api", attributes: .concurrent), clock: clock,
            logger: logger, isDraining: { isDraining })
        services.faults = { faults }
        services.metrics = metrics
        services.handshakeRefusals = handshakeRefusals
        api = API(services)
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    struct Answer {
        let status: Int
        let fields: HTTPFields
        let body: [UInt8]
        /// The template of the route that answered.
        let route: String?
        /// Content that comes as it happens.
        var stream: (any ContentSource)?
        /// What the server holds while it sends the answer.
        var lease: (any AnswerLease)?

        /// Holds the answer against openapi.yaml.
        fileprivate func check(_ method: HTTPRequest.Method) {
            guard let route, method != .options else { return }
            do {
                let isGzip = fields[.contentEncoding] == "gzip"
                let content = isGzip ? try GzipReader.inflated(body, within: .init(bytesMax: 1 << 24)) : body
                let problems = try Description.problems(
                    method, route, status: status, type: fields[.contentType], body: content)
                for problem in problems { Issue.record("\(problem)") }
            } catch {
                Issue.record(error)
            }
        }

        var text: String { String(decoding: body, as: UTF8.self) }

        func json() throws -> JSONValue { try JSONValue(parsing: body) }

        /// The pointers of a problem's errors, sorted.
        var pointers: [String] {
            ((try? json())?["errors"]?.elements ?? []).compactMap { $0["pointer"]?.text }.sorted()
        }

        var code: String? { (try? json())?["code"]?.text }
    }

    /// Asks and waits for the answer. The body arrives in pieces of `pieceBytes`.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, fields: HTTPFields = [:], body: String? = nil,
        bytes: [UInt8]? = nil, authority: String? = "127.0.0.1:8080", pieceBytes: Int = 1_000,
        at handler: (any RequestHandler)? = nil, from peer: Peer = Peer(address: "127.0.0.1")
    ) -> Answer {
        let pending = begin(
            method, path, fields: fields, body: body, bytes: bytes, authority: authority, pieceBytes: pieceBytes,
            at: handler, from: peer)
        return pending.wait()
    }

    /// Asks; the answer is waited for later.
    func begin(
        _ method: HTTPRequest.Method, _ path: String, fields: HTTPFields = [:], body: String? = nil,
        bytes: [UInt8]? = nil, authority: String? = "127.0.0.1:8080", pieceBytes: Int = 1_000,
        at handler: (any RequestHandler)? = nil, from peer: Peer = Peer(address: "127.0.0.1")
    ) -> Pending {
        let bytes = bytes ?? Array((body ?? "").utf8)
        let message = RequestMessage(
            method: method, scheme: "http", authority: authority, path: path, fields: fields,
            contentLength: bytes.count)
        let head = RequestHead(message, version: .http1_1, peer: peer, requestID: "r1")
        let responder = WaitingResponder()
        switch (handler ?? api).handle(head, responder: responder) {
        case .discard: break
        case .collect(let bytesMax, let then):
            precondition(bytes.count <= bytesMax, "the transport would have refused this")
            then(bytes)
        case .stream(_, let sink):
            for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
                sink.receive(Array(bytes[start..<min(start + pieceBytes, bytes.count)])) {}
            }
            sink.finish()
        }
        return Pending(method: method, responder: responder)
    }

    /// Asks; the content is for the test to send.
    func beginRequest(
        _ method: HTTPRequest.Method, _ path: String, fields: HTTPFields
    ) -> (plan: ContentPlan, pending: Pending) {
        let message = RequestMessage(
            method: method, scheme: "http", authority: "127.0.0.1:8080", path: path, fields: fields,
            contentLength: nil)
        let head = RequestHead(
            message, version: .http1_1, peer: Peer(address: "127.0.0.1"), requestID: "r1")
        let responder = WaitingResponder()
        let plan = api.handle(head, responder: responder)
        return (plan, Pending(method: method, responder: responder))
    }

    /// An answer that may not be there yet.
    struct Pending {
        fileprivate let method: HTTPRequest.Method
        fileprivate let responder: WaitingResponder

        func wait() -> Answer {
            let answer = responder.wait()
            answer.check(method)
            return answer
        }
    }

    /// Begins an upload that never ends.
    func abandonUpload(_ path: String, type: String, body: String) {
        let message = RequestMessage(
            method: .post, scheme: "http", authority: "127.0.0.1", path: path, fields: [.contentType: type],
            contentLength: nil)
        let head = RequestHead(
            message, version: .http1_1, peer: Peer(address: "127.0.0.1"), requestID: "r1")
        guard case .stream(_, let sink) = api.handle(head, responder: WaitingResponder()) else { return }
        let received = DispatchSemaphore(value: 0)
        sink.receive(Array(body.utf8)) { received.signal() }
        received.wait()
        sink.abort(.disconnected)
    }

    static let csv = """
        width,colour,digit,price
        1.5,red,1,10
        2.5,blue,2,20
        3.5,red,1,30
        4.5,green,2,40
        5.5,red,1,50
        """

    /// Uploads the little table and returns its identifier.
    func upload() throws -> String {
        let answer = ask(.post, "/v1/datasets?name=table", fields: [.contentType: "text/csv"], body: Self.csv)
        guard answer.status == 201, let id = try answer.json()["id"]?.text else { throw Unexpected(answer.text) }
        return id
    }

    static func spec(_ dataset: String, _ members: String = "") -> String {
        #"{"dataset":"\#(dataset)","tasks":[{"target":"digit","type":"classification"}]\#(members)}"#
    }

    /// Submits a job and returns its identifier.
    func submit(_ dataset: String, _ members: String = "") throws -> String {
        let answer = ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json"], body: Self.spec(dataset, members))
        guard answer.status == 202, let id = try answer.json()["id"]?.text else { throw Unexpected(answer.text) }
        return id
    }

    /// Takes the database away: what is not in memory cannot be read any more.
    func loseDatabase() throws {
        store.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Files in the data folder that belong to uploads.
    func uploadedFiles() throws -> [String] {
        ["datasets", "incoming"].flatMap { name in
            (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + name)) ?? []
        }
    }
}

/// A clock that stands still until it is moved.
final class ManualClock: Sendable {
    private let milliseconds = Lock<Int64>(1_800_000_000_000)

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    func advance(seconds: Int64) {
        milliseconds.withLock { $0 += seconds * 1_000 }
    }
}

struct Unexpected: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

/// Keeps the answer and wakes whoever waits for it.
fileprivate final class WaitingResponder: Responder {
    private let answer = Lock<Bench.Answer?>(nil)
    private let answered = DispatchSemaphore(value: 0)

    func respond(_ response: Response) {
        var fields = response.fields
        fields.append(contentsOf: response.standing?.fields ?? [:])
        let answer = Bench.Answer(
            status: response.status.code, fields: fields, body: response.content.read(),
            route: response.route, stream: response.content.stream, lease: response.lease)
        let isFirst = self.answer.withLock { kept in
            defer { kept = kept ?? answer }
            return kept == nil
        }
        if isFirst { answered.signal() }
    }

    func onCancel(_ action: @escaping @Sendable () -> Void) {}

    func wait() -> Bench.Answer {
        answered.wait()
        return answer.withLock { $0 } ?? Bench.Answer(status: 0, fields: [:], body: [], route: nil)
    }
}

extension ResponseContent {
    fileprivate var stream: (any ContentSource)? {
        if case .stream(let source) = self { source } else { nil }
    }

    /// All of it, as the server would send it.
    fileprivate func read() -> [UInt8] {
        switch self {
        case .none, .stream: return []
        case .bytes(let bytes): return bytes
        case .file(let descriptor, let offset, let length):
            defer { close(descriptor) }
            return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
                count = max(0, pread(descriptor, buffer.baseAddress, length, offset))
            }
        }
    }
}
