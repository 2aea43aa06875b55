import API
import Dispatch
import Glibc
import HTTPClient
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Logging

/// The API on a stopped server's data folder, in this process and without a socket.
///
/// It holds the folder's lock as a server would, so that nobody else writes meanwhile.
final class LocalServer: RequestSender {
    private let store: Store
    private let door: ControlDoor

    /// - Throws: `StoreError.locked` while a server uses the folder.
    init(dataDirectory: String) throws {
        let logger = Logger(label: "tenbin")
        var configuration = StoreConfiguration(dataDirectory: dataDirectory, clock: { .now }, logger: logger)
        configuration.access = .found(at: dataDirectory)
        store = try Store(configuration)
        let trainer = TrainerFunctions(memoryBytes: { _, _ in throw FormatUnavailable() })
        let services = Services(
            store: store, trainer: trainer, settings: APISettings(),
            queue: DispatchQueue(label: "tenbin.local", attributes: .concurrent), clock: { .now }, logger: logger,
            isDraining: { false })
        door = ControlDoor(API(services), userID: geteuid())
    }

    deinit {
        store.close()
    }

    func send(
        _ method: String, _ target: String, fields: [(String, String)], content: HTTPClient.Content
    ) throws(ClientError) -> HTTPClient.Response {
        guard let method = HTTPRequest.Method(method) else { throw .notHTTP("no method \(method)") }
        var headerFields = HTTPFields()
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { headerFields[name] = value }
        }
        var body: [UInt8] = []
        if case .bytes(let bytes, let type) = content {
            headerFields[.contentType] = type
            body = bytes
        }
        let message = RequestMessage(
            method: method, scheme: "http", authority: "localhost", path: target, fields: headerFields,
            contentLength: body.count)
        let head = RequestHead(
            message, version: .http1_1, peer: Peer(address: "unix", userID: geteuid()), requestID: "local")
        let answer = WaitingResponder()
        if case .collect(_, let then) = door.handle(head, responder: answer) { then(body, [:]) }
        return answer.wait()
    }

    /// What comes piece by piece comes from a server that runs.
    func download(
        _ target: String, fields: [(String, String)], quietSeconds: Double?,
        receive: @escaping (ArraySlice<UInt8>) throws(ClientError) -> Void
    ) throws(ClientError) -> HTTPClient.Response {
        throw .cannotConnect("this needs a server that runs")
    }
}

/// Keeps the answer for whoever waits for it.
private final class WaitingResponder: Responder {
    private let answer = Lock<HTTPClient.Response?>(nil)
    private let answered = DispatchSemaphore(value: 0)

    func respond(_ response: Response) {
        var body: [UInt8] = []
        if case .bytes(let bytes) = response.content { body = bytes }
        let kept = HTTPClient.Response(status: response.status.code, fields: [:], body: body)
        answer.withLock { $0 = kept }
        answered.signal()
    }

    func onCancel(_ action: @escaping @Sendable () -> Void) {}

    func wait() -> HTTPClient.Response {
        answered.wait()
        return answer.withLock { $0 } ?? HTTPClient.Response(status: 500, fields: [:], body: [])
    }
}
