import CLinux
import Glibc
import HTTPTypes
import HTTPWire

/// One request while it is being read and answered, whatever its protocol. Confined to its event loop.
class ActiveExchange {
    /// What is done with the request's content.
    private enum Intake {
        case discard
        case collect(bytes: [UInt8], bytesMax: Int, then: @Sendable ([UInt8], HTTPFields) -> Void)
        case stream(sink: any ContentSink, bytesMax: Int)
        case over
    }

    let key: ExchangeKey
    let mailbox: Mailbox
    let head: RequestHead
    let startedNanoseconds: Int

    private var intake = Intake.discard
    private var receivedBytes = 0
    /// Whether the sink has yet to say that it is ready for more.
    private(set) var isSinkBusy = false
    /// The trailers of content that is complete but for the sink's being ready.
    private var trailersWhenReady: HTTPFields?

    private var cancelAction: (@Sendable () -> Void)?
    /// Whether an answer has been taken; any other is ignored.
    private(set) var isAnswered = false

    /// Whether it counts against the requests in flight.
    var isCounted = false
    /// Content bytes handed to the connection, for the access log.
    var answerBytes = 0
    private var status = 0
    private var route: String?
    private var principal: String?

    init(key: ExchangeKey, mailbox: Mailbox, head: RequestHead, startedNanoseconds: Int) {
        self.key = key
        self.mailbox = mailbox
        self.head = head
        self.startedNanoseconds = startedNanoseconds
    }

    /// Takes the handler's plan. Returns a problem when the declared length is over the plan's bound.
    func begin(_ plan: ContentPlan) -> TransportProblem? {
        switch plan {
        case .discard:
            intake = .discard
            return nil
        case .collect(let bytesMax, let then):
            intake = .collect(bytes: [], bytesMax: bytesMax, then: then)
            return tooLarge(bytesMax: bytesMax, total: head.contentLength ?? 0)
        case .stream(let bytesMax, let sink):
            intake = .stream(sink: sink, bytesMax: bytesMax)
            return tooLarge(bytesMax: bytesMax, total: head.contentLength ?? 0)
        }
    }

    private func tooLarge(bytesMax: Int, total: Int) -> TransportProblem? {
        guard total > bytesMax else { return nil }
        abortContent(.tooLarge(bytesMax: bytesMax))
        return .contentTooLarge(bytesMax: bytesMax)
    }

    /// Whether the handler wants the content.
    var wantsContent: Bool {
        switch intake {
        case .collect, .stream: true
        case .discard, .over: false
        }
    }

    /// Passes a piece of content on. Returns a problem when it is more than the plan allows; the content is over then.
    func receive(_ bytes: [UInt8]) -> TransportProblem? {
        guard !bytes.isEmpty else { return nil }
        receivedBytes += bytes.count
        switch intake {
        case .discard, .over:
            return nil
        case .collect(var collected, let bytesMax, let then):
            if let problem = tooLarge(bytesMax: bytesMax, total: receivedBytes) { return problem }
            intake = .over
            if collected.isEmpty { collected = bytes } else { collected.append(contentsOf: bytes) }
            intake = .collect(bytes: collected, bytesMax: bytesMax, then: then)
            return nil
        case .stream(let sink, let bytesMax):
            if let problem = tooLarge(bytesMax: bytesMax, total: receivedBytes) { return problem }
            isSinkBusy = true
            let (mailbox, key) = (mailbox, key)
            sink.receive(bytes) { mailbox.post(.sinkReady(key)) }
            return nil
        }
    }

    /// The content is complete.
    func finishContent(trailers: HTTPFields) {
        switch intake {
        case .discard, .over:
            intake = .over
        case .collect(let bytes, _, let then):
            intake = .over
            then(bytes, trailers)
        case .stream(let sink, _):
            guard !isSinkBusy else {
                trailersWhenReady = trailers
                return
            }
            intake = .over
            sink.finish(trailers: trailers)
        }
    }

    func sinkBecameReady() {
        isSinkBusy = false
        if let trailers = trailersWhenReady {
            trailersWhenReady = nil
            finishContent(trailers: trailers)
        }
    }

    /// The content will never be complete, or nobody waits for it any more.
    func abortContent(_ reason: ContentFailure) {
        if case .stream(let sink, _) = intake { sink.abort(reason) }
        intake = .over
        isSinkBusy = false
        trailersWhenReady = nil
    }

    /// Takes the one answer; false for any further one.
    func acceptAnswer() -> Bool {
        guard !isAnswered else { return false }
        isAnswered = true
        cancelAction = nil
        return true
    }

    /// Notes what the access log wants to know of the answer.
    func note(_ response: Response, status: Int) {
        self.status = status
        route = response.route
        principal = response.principal
    }

    func setCancelAction(_ action: @escaping @Sendable () -> Void) {
        if !isAnswered { cancelAction = action }
    }

    /// Nobody waits for the answer any more: content and handler are told.
    func abandon() {
        abortContent(.disconnected)
        isAnswered = true
        if let action = cancelAction {
            cancelAction = nil
            action()
        }
    }

    /// Writes the record of the exchange, which has ended, where somebody wants it.
    func log(isComplete: Bool, nowNanoseconds: Int, to log: (@Sendable (AccessRecord) -> Void)?) {
        guard let log else { return }
        log(
            AccessRecord(
                method: head.method.rawValue, target: head.path ?? "", route: route, status: status,
                bytes: answerBytes, seconds: Double(nowNanoseconds &- startedNanoseconds) / 1e9,
                requestID: head.requestID, traceParent: head.fields[Self.traceParentName],
                principal: principal, peer: head.peer.address, version: head.version, isComplete: isComplete))
    }

    private static let traceParentName = HTTPField.Name("traceparent") ?? .from
}

/// Files and streams on their way out, read step by step.
enum AnswerBody {
    case none
    case bytes([UInt8], offset: Int)
    case file(OutputQueue.FileRange)
    case stream(any ContentSource)

    init(_ content: ResponseContent) {
        switch content {
        case .none: self = .none
        case .bytes(let bytes): self = .bytes(bytes, offset: 0)
        case .file(let descriptor, let offset, let length):
            self = .file(.init(descriptor: descriptor, offset: max(0, offset), remaining: max(0, length)))
        case .stream(let source): self = .stream(source)
        }
    }

    /// The length where it is known before the content is produced.
    var length: Int? {
        switch self {
        case .none: 0
        case .bytes(let bytes, let offset): bytes.count - offset
        case .file(let file): file.remaining
        case .stream: nil
        }
    }

    /// Lets go of what it holds without writing it.
    mutating func drop() {
        switch self {
        case .none, .bytes: break
        case .file(let file): close(file.descriptor)
        case .stream(let source): source.cancel()
        }
        self = .none
    }
}
