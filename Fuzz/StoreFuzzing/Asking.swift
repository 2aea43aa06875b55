import API
import Dispatch
import Glibc
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Logging

/// The API on a store, asked without a socket. Whatever it answers, a 200 that says it is JSON must be JSON.
struct Asking {
    private let door: ControlDoor

    private static let queue = DispatchQueue(label: "fuzz.api", attributes: .concurrent)

    init(_ store: Store) {
        let services = Services(
            store: store,
            trainer: TrainerFunctions(
                memoryBytes: { _, _ in 1_000 },
                export: { model, _ in try model.load() }),
            settings: APISettings(), queue: Self.queue, clock: Sample.clock,
            logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }, isDraining: { false })
        door = ControlDoor(API(services), userID: geteuid())
    }

    /// Returns the status.
    @discardableResult
    func get(_ path: String) -> Int {
        ask(.get, path, nil).status
    }

    @discardableResult
    func send(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, key: String? = nil) -> Int {
        ask(method, path, body, key: key).status
    }

    func post(_ path: String, _ body: String) -> JSONValue {
        let answer = ask(.post, path, body)
        guard let json = try? JSONValue(parsing: answer.body) else { return .null }
        return json
    }

    /// - Parameter key: of a request that may come again.
    private func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: String?, key: String? = nil
    ) -> (status: Int, body: [UInt8]) {
        let content = body.map { Array($0.utf8) } ?? []
        var fields = HTTPFields()
        if body != nil {
            fields[.contentType] = method == .patch ? "application/merge-patch+json" : "application/json"
        }
        if let key, let name = HTTPField.Name("Idempotency-Key") { fields[name] = key }
        let message = RequestMessage(
            method: method, scheme: "http", authority: "localhost", path: path, fields: fields,
            contentLength: content.count)
        let head = RequestHead(
            message, version: .http1_1, peer: Peer(address: "unix", userID: geteuid()), requestID: "fuzz")
        let responder = KeptAnswer()
        if case .collect(_, let then) = door.handle(head, responder: responder) { then(content) }
        let answer = responder.wait()
        let isJSON = answer.fields[.contentType]?.contains("json") ?? false
        precondition(
            answer.status.code != 200 || !isJSON || (try? JSONValue(parsing: answer.body)) != nil,
            "\(method) \(path): a 200 that is no JSON: \(String(decoding: answer.body, as: UTF8.self))")
        return (answer.status.code, answer.body)
    }
}

private final class KeptAnswer: Responder {
    struct Answer: Sendable {
        var status: HTTPResponse.Status
        var fields: HTTPFields
        var body: [UInt8]
    }

    private let answer = Lock<Answer?>(nil)
    private let answered = DispatchSemaphore(value: 0)

    func respond(_ response: Response) {
        var body: [UInt8] = []
        switch response.content {
        case .bytes(let bytes): body = bytes
        case .file(let descriptor, _, _): close(descriptor)
        case .none, .stream: break
        }
        let kept = Answer(status: response.status, fields: response.fields, body: body)
        answer.withLock { $0 = kept }
        answered.signal()
    }

    func onCancel(_ action: @escaping @Sendable () -> Void) {}

    func wait() -> Answer {
        answered.wait()
        guard let answer = answer.withLock({ $0 }) else { preconditionFailure("no answer") }
        return answer
    }
}
