import HTTPTypes
import HTTPWire

/// Speaks HTTP/1 on one connection: one request at a time, answers in order. Confined to the connection's loop.
///
/// Pipelined requests wait unparsed in the connection's input, and when that is full in the socket, so a client that sends
/// ahead holds a bounded amount.
final class HTTP1Engine: Engine {
    /// A cycle until the connection is closed, which lets go of its engine.
    let connection: Connection
    private let loop: EventLoop
    private var parser: HTTP1Parser
    /// The request being read and answered.
    private(set) var exchange: ActiveExchange?
    private var exchangeCount = 0
    private var head: HTTP1Head?
    private var contentIsIn = true
    /// Whether the client may be waiting for `100 Continue`.
    private var owesContinue = false
    /// Unwanted content that may still come before the connection is given up.
    private var discardRemaining = 0

    private var source: (any ContentSource)?
    private var framing = HTTP1Serializer.Framing.none
    private var sourceWaits = false
    private var answerIsOut = false
    private var keepsAlive = true
    private var isDraining = false

    private var headDeadline: Milliseconds?
    /// When to find out whether a client that has ended its side is still there.
    private var probesDue: [Milliseconds] = []
    private var rate: RateWindow

    /// Requests begun in one turn; then the other connections have theirs.
    private static let requestsPerTurn = 32
    /// How long after the end of the input a pending answer is announced, so that a client that is gone is noticed.
    private static let probeSeconds = [1.0, 3.0]
    /// One piece asked of a content source.
    private static let pieceBytes = 16 * 1024

    init(connection: Connection) {
        self.connection = connection
        loop = connection.loop
        let limits = connection.loop.configuration.limits
        parser = HTTP1Parser(limits: limits.http1, scheme: connection.peer.isSecure ? "https" : "http")
        rate = RateWindow(limits: limits)
    }

    private var limits: ServerLimits { loop.configuration.limits }
    private var hasRoom: Bool { connection.output.bufferedBytes < limits.outputBytesMax && !connection.output.hasFile }

    var wantsInput: Bool {
        guard let exchange else { return hasRoom }
        return !contentIsIn && !exchange.isSinkBusy && (keepsAlive || !answerIsOut)
    }

    // MARK: Input

    func receive(_ input: inout UnsafeRawBufferPointer) {
        var budget = Self.requestsPerTurn
        while connection.phase == .open, connection.engine === self {
            if exchange == nil {
                guard budget > 0, hasRoom else { return }
                guard let event = parser.next(&input) else {
                    noteHeadProgress()
                    return
                }
                budget -= 1
                switch event {
                case .head(let head): begin(head)
                case .failed(let problem): refuse(problem)
                case .content, .end: break
                }
            } else {
                guard wantsInput, readContent(&input) else { return }
            }
        }
    }

    /// The time for a head runs from its first byte.
    private func noteHeadProgress() {
        if parser.isIdle {
            headDeadline = nil
        } else if headDeadline == nil {
            headDeadline = loop.now + limits.headerSeconds.milliseconds
        }
    }

    private func begin(_ head: HTTP1Head) {
        headDeadline = nil
        // A connection that is to close has nothing to upgrade to (RFC 9112 section 9.6).
        let staysOpen = head.keepsAlive && ![.trace, .connect].contains(head.message.method)
        if let settings = head.upgradeSettings, staysOpen, !connection.peer.isSecure, upgrade(head, settings) {
            return
        }
        exchangeCount += 1
        self.head = head
        let key = ExchangeKey(connection: connection.id, exchange: exchangeCount)
        let requestHead = RequestHead(
            head.message, version: head.version, peer: connection.peer,
            requestID: loop.identifiers.identifier(given: head.requestID))
        let exchange = ActiveExchange(
            key: key, mailbox: loop.mailbox, head: requestHead, startedNanoseconds: loop.requestClock())
        self.exchange = exchange
        contentIsIn = head.framing == .none
        owesContinue = head.expectsContinue
        discardRemaining = limits.discardBytesMax
        answerIsOut = false
        keepsAlive = head.keepsAlive && !isDraining
        if contentIsIn { takeEndOfRequest() }
        rate.restart(loop.now)
        dispatch(exchange)
        settle()
    }

    /// Goes on in HTTP/2, which answers the request as stream 1. False when the settings are not acceptable: then the
    /// upgrade is ignored.
    private func upgrade(_ head: HTTP1Head, _ settings: [UInt8]) -> Bool {
        guard !isDraining, let engine = try? HTTP2Engine(connection: connection, upgradedBy: head, settings: settings)
        else { return false }
        takeEndOfRequest()
        connection.appendOutput { $0.append(contentsOf: HTTP1Serializer.switchToHTTP2) }
        connection.replaceEngine(with: engine)
        engine.answerUpgraded(head)
        return true
    }

    /// A request without content ends with its head, without taking a byte.
    private func takeEndOfRequest() {
        var none = UnsafeRawBufferPointer(start: nil, count: 0)
        _ = parser.next(&none)
    }

    private func dispatch(_ exchange: ActiveExchange) {
        guard loop.counters.beginRequest() else {
            answer(exchange, with: .overloaded)
            return
        }
        exchange.isCounted = true
        guard exchange.head.path != nil else {
            answer(exchange, with: .methodNotAllowed)
            return
        }
        let (plan, response) = loop.mailbox.callingHandler(for: exchange.key) {
            loop.handler.handle(exchange.head, responder: ResponseHandle(mailbox: loop.mailbox, key: exchange.key))
        }
        let problem = exchange.begin(plan)
        if let response {
            take(response, for: exchange)
        } else if let problem {
            answer(exchange, with: problem)
        }
        if contentIsIn {
            finishContent(exchange)
        } else if owesContinue, exchange.wantsContent, !exchange.isAnswered {
            owesContinue = false
            connection.appendOutput { $0.append(contentsOf: HTTP1Serializer.continueLine) }
        }
    }

    /// Reads content for the exchange at hand. False when it needs more input.
    private func readContent(_ input: inout UnsafeRawBufferPointer) -> Bool {
        guard let exchange else { return false }
        var gathered: [UInt8] = []
        var outcome: HTTP1Event?
        while outcome == nil, let event = parser.next(&input) {
            switch event {
            case .content(let piece):
                owesContinue = false
                rate.add(piece.count)
                if exchange.wantsContent {
                    gathered.append(contentsOf: piece)
                } else {
                    discardRemaining -= piece.count
                }
            case .head, .end, .failed:
                outcome = event
            }
        }
        if let problem = exchange.receive(gathered) {
            answer(exchange, with: problem)
            settle()
            return false
        }
        switch outcome {
        case .end:
            contentIsIn = true
            finishContent(exchange)
            settle()
            return true
        case .failed(let problem):
            exchange.abortContent(.malformed)
            answer(exchange, with: problem)
            settle()
            return false
        case .head, .content, nil:
            if discardRemaining < 0, answerIsOut {
                keepsAlive = false
                settle()
            }
            return false
        }
    }

    private func finishContent(_ exchange: ActiveExchange) {
        let (_, response) = loop.mailbox.callingHandler(for: exchange.key) { exchange.finishContent() }
        if let response { take(response, for: exchange) }
    }

    func inputIsEnding() {
        probesDue = Self.probeSeconds.map { loop.now + $0.milliseconds }
    }

    /// Writes an interim answer while the final one is pending. A client that only ended its side ignores it (RFC 9110 section
    /// 15.2); the system of one that is gone answers with a reset, which ends the wait.
    private func probe(_ exchange: ActiveExchange) {
        probesDue.removeAll { $0 <= loop.now }
        guard contentIsIn, !exchange.isAnswered, exchange.head.version == .http1_1 else { return }
        connection.appendOutput { $0.append(contentsOf: HTTP1Serializer.continueLine) }
    }

    func inputEnded() {
        guard let exchange else {
            if parser.isIdle {
                connection.finish(lingers: false)
            } else {
                refuse(.malformed("The request is incomplete."))
            }
            return
        }
        if contentIsIn { return }
        exchange.abortContent(.disconnected)
        answer(exchange, with: .malformed("The content is incomplete."))
        settle()
    }

    // MARK: Answers

    func respond(_ number: Int, _ response: Response) -> Bool {
        guard let exchange, exchange.key.exchange == number, !exchange.isAnswered else { return false }
        take(response, for: exchange)
        settle()
        return true
    }

    /// The transport's own answer; the connection ends after it.
    private func answer(_ exchange: ActiveExchange, with problem: TransportProblem) {
        exchange.abortContent(.disconnected)
        // An overload says nothing about the connection; every other problem leaves its framing in doubt.
        if problem != .overloaded { keepsAlive = false }
        guard !exchange.isAnswered else {
            // An answer is on its way already: it cannot be taken back, only cut short.
            if source != nil { connection.close() }
            return
        }
        take(problem.response(requestID: exchange.head.requestID), for: exchange)
    }

    private func take(_ response: Response, for exchange: ActiveExchange) {
        var body = AnswerBody(response.content)
        guard exchange.acceptAnswer(), let head else {
            body.drop()
            return
        }
        keepsAlive = keepsAlive && canKeepAlive
        let isHead = head.message.method == .head
        let status = response.status.code
        framing = HTTP1Serializer.framing(
            status: status, length: body.length, isHead: isHead, version: head.version)
        if framing == .untilClose { keepsAlive = false }
        exchange.note(response, status: status)
        let namesLength = isHead && status != 204 && status != 304
        let additions = HTTP1Serializer.Additions(
            date: loop.date, requestID: exchange.head.requestID, keepsAlive: keepsAlive,
            namesKeepAlive: head.version == .http1_0, lengthOfGet: namesLength ? body.length : nil,
            strictTransportSeconds: connection.strictTransportSeconds)
        connection.appendOutput {
            HTTP1Serializer.appendHead(response, framing: framing, additions: additions, to: &$0)
        }
        if framing == .none { body.drop() }
        send(body, for: exchange)
    }

    /// Whether the rest of the request, if any, is worth reading for the sake of the connection.
    private var canKeepAlive: Bool {
        if contentIsIn { return true }
        guard !owesContinue else { return false }
        if exchange?.wantsContent == true { return true }
        // How long chunked content is shows as it comes.
        return discardRemaining >= 0 && (parser.contentRemaining ?? 0) <= limits.discardBytesMax
    }

    private func send(_ body: AnswerBody, for exchange: ActiveExchange) {
        exchange.answerBytes = body.length ?? 0
        switch body {
        case .none:
            answerIsOut = true
        case .bytes(let bytes, _):
            connection.appendOutput(bytes)
            answerIsOut = true
        case .file(let file):
            connection.appendOutput(file)
            answerIsOut = true
        case .stream(let source):
            self.source = source
            sourceWaits = false
            produce()
        }
    }

    func produce() {
        while let source, let exchange, !sourceWaits, connection.output.bufferedBytes < limits.outputBytesMax {
            let (mailbox, key) = (loop.mailbox, exchange.key)
            switch source.next(bytesMax: Self.pieceBytes, wake: { mailbox.post(.sourceReady(key)) }) {
            case .bytes(let piece):
                exchange.answerBytes += piece.count
                if framing == .chunked {
                    connection.appendOutput { HTTP1Serializer.appendChunk(piece, to: &$0) }
                } else {
                    connection.appendOutput(piece)
                }
            case .later:
                sourceWaits = true
            case .end:
                if framing == .chunked { connection.appendOutput { $0.append(contentsOf: HTTP1Serializer.lastChunk) } }
                self.source = nil
                answerIsOut = true
                settle()
            case .failed:
                self.source = nil
                connection.close()
            }
        }
    }

    /// Ends the exchange once its answer is out and its content is in, or given up.
    private func settle() {
        guard let exchange, answerIsOut, contentIsIn || !keepsAlive else { return }
        let isWhole = contentIsIn
        if !isWhole { exchange.abortContent(.disconnected) }
        end(exchange, isComplete: true)
        if !keepsAlive { connection.finish(lingers: !isWhole) }
    }

    private func end(_ exchange: ActiveExchange, isComplete: Bool) {
        self.exchange = nil
        head = nil
        if exchange.isCounted { loop.counters.endRequest() }
        exchange.log(isComplete: isComplete, nowNanoseconds: loop.requestClock(), to: loop.configuration.accessLog)
    }

    /// Answers bytes that are no request, and ends the connection.
    func refuse(_ problem: TransportProblem) {
        let requestID = loop.identifiers.next()
        let response = problem.response(requestID: requestID)
        var (body, length): ([UInt8], Int) = ([], 0)
        if case .bytes(let bytes) = response.content { (body, length) = (parser.isHead ? [] : bytes, bytes.count) }
        let additions = HTTP1Serializer.Additions(
            date: loop.date, requestID: requestID, keepsAlive: false,
            strictTransportSeconds: connection.strictTransportSeconds)
        connection.appendOutput {
            HTTP1Serializer.appendHead(response, framing: .length(length), additions: additions, to: &$0)
            $0.append(contentsOf: body)
        }
        connection.finish(lingers: true)
        loop.configuration.accessLog?(
            AccessRecord(
                method: "", target: "", status: problem.status, bytes: body.count, seconds: 0, requestID: requestID,
                peer: connection.peer.address, version: .http1_1, isComplete: true))
    }

    // MARK: Handler signals

    func setCancelAction(_ number: Int, _ action: @escaping @Sendable () -> Void) -> Bool {
        guard let exchange, exchange.key.exchange == number else { return false }
        exchange.setCancelAction(action)
        return true
    }

    func sinkReady(_ number: Int) {
        guard let exchange, exchange.key.exchange == number else { return }
        rate.restart(loop.now)
        let (_, response) = loop.mailbox.callingHandler(for: exchange.key) { exchange.sinkBecameReady() }
        if let response { take(response, for: exchange) }
        settle()
    }

    func sourceReady(_ number: Int) {
        guard let exchange, exchange.key.exchange == number else { return }
        sourceWaits = false
    }

    // MARK: Time and end

    func deadline(idleSince: Milliseconds) -> Milliseconds {
        if let exchange {
            let isReading = !contentIsIn && !exchange.isSinkBusy
            return min(isReading ? rate.end : .max, probesDue.first ?? .max)
        }
        return headDeadline ?? idleSince + limits.idleSeconds.milliseconds
    }

    func deadlineReached() {
        if let exchange {
            if let due = probesDue.first, loop.now >= due { probe(exchange) }
            guard !contentIsIn, !exchange.isSinkBusy, loop.now >= rate.end, !rate.passes(loop.now) else { return }
            exchange.abortContent(.tooSlow)
            answer(exchange, with: .requestTimeout)
            settle()
            // The answer was out already and only the rest of the content was awaited.
            if self.exchange != nil, answerIsOut { connection.close() }
        } else if let headDeadline {
            if loop.now >= headDeadline { refuse(.requestTimeout) }
        } else if connection.output.isEmpty {
            connection.close()
        }
    }

    func drain() {
        isDraining = true
        // An exchange whose head is out already cannot say `close` any more; it ends the connection all the same.
        keepsAlive = false
        if exchange == nil, parser.isIdle { connection.finish(lingers: false) }
    }

    func connectionClosed() {
        source?.cancel()
        source = nil
        guard let exchange else { return }
        exchange.abandon()
        end(exchange, isComplete: false)
    }
}
