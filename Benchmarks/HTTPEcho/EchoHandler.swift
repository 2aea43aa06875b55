import Glibc
import HTTPTypes
import HTTPWire

/// `GET /` a small JSON · `POST /echo` what was sent · `POST /count` its length, streamed · `GET /large` 1 MiB at once ·
/// `GET /stream` 1 MiB in pieces · `GET /self` this program as a file · `GET /later` a small JSON from another thread ·
/// `GET /allocations` how often memory was asked for, with `allocations.c` loaded.
struct EchoHandler: RequestHandler {
    static let small = Array(#"{"id":"job_0190b6a7-7d5c-7e6e-8f1e-0123456789ab","state":"running","epoch":12}"#.utf8)
    static let smallAnswer = answer(small, type: "application/json")
    static let large = [UInt8](repeating: 0x61, count: 1 << 20)

    func handle(_ head: RequestHead, responder: any Responder) -> ContentPlan {
        switch head.path {
        case "/echo":
            return .collect(bytesMax: 4 << 20) { bytes, _ in responder.respond(Self.answer(bytes)) }
        case "/count":
            return .stream(bytesMax: 1 << 30, to: CountingSink(responder: responder))
        case "/large":
            responder.respond(Self.answer(Self.large))
        case "/stream":
            responder.respond(
                Response(status: .ok, content: .stream(RepeatingSource(bytes: 1 << 20))))
        case "/self":
            responder.respond(Self.ownProgram())
        case "/later":
            Self.answerLater(responder)
        case "/allocations":
            responder.respond(Self.answer(Array("\(Self.allocations)".utf8)))
        default:
            responder.respond(Self.smallAnswer)
        }
        return .discard
    }

    private static var allocations: Int {
        guard let symbol = dlsym(nil, "allocation_count") else { return -1 }
        return unsafeBitCast(symbol, to: (@convention(c) () -> Int).self)()
    }

    static func answer(_ bytes: [UInt8], type: String = "application/octet-stream") -> Response {
        Response(status: .ok, fields: [.contentType: type], content: .bytes(bytes))
    }

    private static func ownProgram() -> Response {
        let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else { return answer([]) }
        return Response(
            status: .ok,
            content: .file(descriptor: descriptor, offset: 0, length: Int(status.st_size)))
    }

    private static func answerLater(_ responder: any Responder) {
        let box = Unmanaged.passRetained(ResponderBox(responder))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let box = Unmanaged<ResponderBox>.fromOpaque(argument).takeRetainedValue()
                box.responder.respond(EchoHandler.answer(EchoHandler.small))
                return nil
            }, box.toOpaque())
        if status == 0 { pthread_detach(thread) } else { box.release() }
    }
}

private final class ResponderBox {
    let responder: any Responder
    init(_ responder: any Responder) { self.responder = responder }
}

/// Counts what comes and answers with the number.
private final class CountingSink: ContentSink, @unchecked Sendable {
    // True because the server calls a sink from one event loop only.
    private var count = 0
    private let responder: any Responder

    init(responder: any Responder) { self.responder = responder }

    func receive(_ bytes: [UInt8], ready: @escaping @Sendable () -> Void) {
        count += bytes.count
        ready()
    }
    func finish(trailers: HTTPFields) { responder.respond(EchoHandler.answer(Array("\(count)\n".utf8))) }
    func abort(_ reason: ContentFailure) {}
}

/// Gives the same byte so many times.
private final class RepeatingSource: ContentSource, @unchecked Sendable {
    // True because the server calls a source from one event loop only.
    private var rest: Int

    init(bytes: Int) { rest = bytes }

    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> ContentPiece {
        guard rest > 0 else { return .end }
        let count = min(rest, bytesMax)
        rest -= count
        return .bytes([UInt8](repeating: 0x62, count: count))
    }
    func cancel() {}
}
