import Glibc
import HTTPTypes
import HTTPWire
import Locks
import Logging
import Testing

@testable import HTTPServer

/// A handler made of one function.
struct FunctionHandler: RequestHandler {
    let function: @Sendable (RequestHead, any Responder) -> ContentPlan

    func handle(_ head: RequestHead, responder: any Responder) -> ContentPlan { function(head, responder) }
}

/// Runs `body` against a server on a free loopback port and stops it afterwards.
func withServer<Result>(
    limits: ServerLimits = ServerLimits(), loops: Int = 1, addresses: [ListenAddress]? = nil,
    tls: TLSConfiguration? = nil, records: Box<AccessRecord>? = nil, refused: Box<String>? = nil,
    handler: @escaping @Sendable (RequestHead, any Responder) -> ContentPlan = answeringHello,
    _ body: (Server) throws -> Result
) throws -> Result {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let log: (@Sendable (AccessRecord) -> Void)? = if let records { { records.add($0) } } else { nil }
    let configuration = ServerConfiguration(
        addresses: addresses ?? [.tcp(host: "127.0.0.1", port: 0)], loops: loops, limits: limits, tls: tls,
        logger: logger,
        accessLog: log, handshakeRefused: { refused?.add($0) })
    let server = try Server.start(configuration, handler: FunctionHandler(function: handler))
    defer { server.stop() }
    return try body(server)
}

/// Answers everything with the path it was asked for.
let answeringHello: @Sendable (RequestHead, any Responder) -> ContentPlan = { head, responder in
    responder.respond(text("hello " + (head.path ?? "")))
    return .discard
}

/// Expects the server to say hello at one of its addresses.
func expectAnswer(_ server: Server, address: Int = 0) throws {
    let answer = try TestClient(server, address: address).get("/x")
    #expect(answer?.status == 200 && answer?.body == "hello /x")
}

func text(_ string: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(status: status, content: .bytes(Array(string.utf8)))
}

/// Lets one thread wait for what another does.
final class Gate: Sendable {
    private let semaphore = Semaphore()

    func open() { semaphore.signal() }
    /// False when nothing came within ten seconds.
    func wait() -> Bool { semaphore.wait(seconds: 10) }
}

/// A POSIX semaphore with a bound on waiting.
final class Semaphore: @unchecked Sendable {
    // True because sem_t is made for use from several threads and never moves.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
    func signal() { sem_post(semaphore) }
    func wait(seconds: Int) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += seconds
        return sem_timedwait(semaphore, &deadline) == 0
    }
}

/// Values gathered from any thread.
final class Box<Value: Sendable>: Sendable {
    private let lock: Lock<[Value]> = Lock([])
    var values: [Value] { lock.withLock { $0 } }
    func add(_ value: Value) { lock.withLock { $0.append(value) } }
}

/// Runs `body` on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    pthread_detach(thread)
}

private final class ThreadBody {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
