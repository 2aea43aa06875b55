import HTTPTypes
import HTTPWire

/// Speaks HTTP/2 on one connection. Confined to the connection's loop.
final class HTTP2Engine: Engine {
    /// A cycle until the connection is closed, which lets go of its engine.
    let connection: Connection
    private let loop: EventLoop
    private let session: HTTP2Session
    private var streams = HTTP2Streams()
    private var isDraining = false
    /// When the last stream is named even if the peer has not confirmed the announcement; nil when it has been, or need
    /// not be.
    private var goodbyeDeadline: Milliseconds?
    /// When the last stream ended, or the connection began: frames that ask for nothing, PING among them, do not keep it.
    private var idleSince: Milliseconds
    /// Whether HPACK's table has the name of the request id.
    private var hasNamedRequestID = false
    private var headerBlockSince: Milliseconds?

    /// When the clocks of streams are looked at next, while there are any: what comes in meanwhile does not put it off.
    private var clocksDue: Milliseconds?

    /// How long a peer that does not answer pings may go on opening streams after the end was announced.
    private static let noticeMilliseconds = 1000
    /// How often the clocks of streams are looked at.
    private static let tickMilliseconds = 500

    /// A connection that begins with the client's preface.
    init(connection: Connection) throws(HTTP2Session.Failure) {
        self.connection = connection
        loop = connection.loop
        session = try HTTP2Session(limits: connection.loop.configuration.limits.http2)
        idleSince = connection.loop.now
    }

    /// A connection that was HTTP/1.1 until `head`, which is answered as stream 1.
    init(connection: Connection, upgradedBy head: HTTP1Head, settings: [UInt8]) throws(HTTP2Session.Failure) {
        self.connection = connection
        loop = connection.loop
        session = try HTTP2Session(
            limits: connection.loop.configuration.limits.http2, upgradingWith: settings,
            isHead: head.message.method == .head)
        idleSince = connection.loop.now
    }

    private var limits: ServerLimits { loop.configuration.limits }

    /// Answers the request that asked for the upgrade. Called once, when the engine has taken over.
    func answerUpgraded(_ head: HTTP1Head) {
        let http2Head = HTTP2Head(message: head.message, expectsContinue: false)
        begin(1, http2Head, endsStream: true)
        produce()
    }

    // MARK: Input

    var wantsInput: Bool { connection.output.bufferedBytes < limits.outputBytesMax }

    func receive(_ input: inout UnsafeRawBufferPointer) {
        session.receive(input, now: loop.now)
        input = UnsafeRawBufferPointer(start: nil, count: 0)
        headerBlockSince = session.isInHeaderBlock ? headerBlockSince ?? loop.now : nil
        handleEvents()
    }

    /// Acts on what the session has noticed; false when there was nothing.
    @discardableResult
    private func handleEvents() -> Bool {
        var hadSome = false
        while connection.phase == .open, let event = session.nextEvent() {
            hadSome = true
            handle(event)
        }
        return hadSome
    }

    private func handle(_ event: consuming HTTP2Event) {
        switch consume event {
        case .head(let number, let head, let endsStream):
            begin(number, head, endsStream: endsStream)
        case .refused(let number, let problem, let isHead):
            refuse(number, problem, isHead: isHead)
        case .malformed(let number):
            session.reset(stream: number, code: .protocolError)
        case .late(let number):
            session.reset(stream: number, code: .streamClosed)
        case .content(let number, let bytes):
            receive(bytes, on: number)
        case .end(let number):
            endContent(of: number)
        case .wantsContent(let number, let bytesMax):
            streams[number]?.wantedBytes = bytesMax
            supply(number)
        case .answered(let number):
            answered(number)
        case .noticed:
            sayGoodbye()
        case .closed(let number, let isWhole):
            closed(number, isWhole: isWhole)
        }
    }

    private func begin(_ number: Int32, _ head: HTTP2Head, endsStream: Bool) {
        let requestHead = RequestHead(
            head.message, version: .http2, peer: connection.peer,
            requestID: loop.identifiers.identifier(given: head.requestID))
        let stream = HTTP2Stream(number: number, head: requestHead, connection: connection)
        streams.insert(stream, for: number)
        guard loop.counters.beginRequest() else {
            answer(number, stream, with: .overloaded)
            return
        }
        stream.isCounted = true
        guard head.message.path != nil else {
            answer(number, stream, with: .methodNotAllowed)
            return
        }
        dispatch(number, stream, endsStream: endsStream, expectsContinue: head.expectsContinue)
    }

    private func dispatch(_ number: Int32, _ stream: HTTP2Stream, endsStream: Bool, expectsContinue: Bool) {
        let (plan, response) = loop.mailbox.callingHandler(for: stream.key) {
            loop.handler.handle(stream.head, responder: ResponseHandle(mailbox: loop.mailbox, key: stream.key))
        }
        let problem = stream.begin(plan)
        if let response {
            take(response, number, stream)
        } else if let problem {
            answer(number, stream, with: problem)
        }
        // The end of the content is an event of its own unless it came with the head.
        if endsStream {
            stream.contentIsIn = true
            if stream.wantsContent { finishContent(number, stream) }
        } else if expectsContinue, stream.wantsContent, !stream.isAnswered {
            session.sendContinue(stream: number)
        }
    }

    private func receive(_ bytes: [UInt8], on number: Int32) {
        guard let stream = streams[number] else {
            session.consume(stream: number, count: bytes.count)
            return
        }
        guard stream.wantsContent else {
            discard(bytes.count, on: number, stream)
            return
        }
        stream.rate.add(bytes.count)
        if stream.isSinkBusy {
            stream.waiting.append(contentsOf: bytes)
        } else {
            deliver(bytes, number, stream)
        }
    }

    /// Drops content nobody wants. More than a little of it finds the window closed, and after the answer the stream.
    private func discard(_ count: Int, on number: Int32, _ stream: HTTP2Stream) {
        stream.rate.add(count)
        stream.discardRemaining -= count
        if stream.discardRemaining >= 0 {
            session.consume(stream: number, count: count)
        } else {
            stream.unconsumed += count
            if stream.answerIsOut { session.reset(stream: number, code: .noError) }
        }
    }

    private func deliver(_ bytes: [UInt8], _ number: Int32, _ stream: HTTP2Stream) {
        stream.unconsumed += bytes.count
        if let problem = stream.receive(bytes) { answer(number, stream, with: problem) }
        if !stream.isSinkBusy { giveBack(number, stream) }
    }

    private func giveBack(_ number: Int32, _ stream: HTTP2Stream) {
        session.consume(stream: number, count: stream.unconsumed)
        stream.unconsumed = 0
    }

    private func endContent(of number: Int32) {
        guard let stream = streams[number], !stream.contentIsIn else { return }
        stream.contentIsIn = true
        if stream.waiting.isEmpty { finishContent(number, stream) }
    }

    private func finishContent(_ number: Int32, _ stream: HTTP2Stream) {
        let (_, response) = loop.mailbox.callingHandler(for: stream.key) { stream.finishContent() }
        if let response { take(response, number, stream) }
    }

    func inputIsEnding() {}

    func inputEnded() {
        // Requests that are complete get their answers, as over HTTP/1.1. Others never will be complete.
        for number in streams.numbers where streams[number]?.contentIsIn == false {
            session.reset(stream: number, code: .cancel)
        }
        handleEvents()
        if streams.isEmpty {
            connection.finish(lingers: false)
        } else {
            // What this writes also tells whether the peer is gone: then it answers with a reset.
            drain()
        }
    }

    // MARK: Answers

    func respond(_ exchange: Int, _ response: Response) -> Bool {
        let number = Int32(truncatingIfNeeded: exchange)
        guard let stream = streams[number], !stream.isAnswered else { return false }
        take(response, number, stream)
        return true
    }

    private func answer(_ number: Int32, _ stream: HTTP2Stream, with problem: TransportProblem) {
        stream.abortContent(.disconnected)
        take(problem.response(requestID: stream.head.requestID), number, stream)
    }

    private func take(_ response: Response, _ number: Int32, _ stream: HTTP2Stream) {
        guard stream.acceptAnswer() else {
            var body = AnswerBody(response.content)
            body.drop()
            return
        }
        let status = response.status.code
        stream.note(response, status: status)
        stream.answeredAt = loop.now
        let isWithoutContent = status == 204 || status == 304 || stream.head.method == .head
        if case .bytes(let bytes) = response.content, !isWithoutContent {
            // What nearly every answer is: all of it at hand.
            stream.answerBytes = bytes.count
            respond(number, stream, response, length: bytes.count, content: bytes, isWhole: true)
            return
        }
        var body = AnswerBody(response.content)
        let length = body.length
        if isWithoutContent { body.drop() }
        stream.answerBytes = body.length ?? 0
        stream.body = body
        var isWhole = false
        if case .none = body { isWhole = true }
        respond(number, stream, response, length: length, content: [], isWhole: isWhole)
    }

    private func respond(
        _ number: Int32, _ stream: HTTP2Stream, _ response: borrowing Response, length: Int?, content: [UInt8],
        isWhole: Bool
    ) {
        Self.prepare(
            &loop.fieldBlock, response, length: length, date: loop.date, requestID: stream.head.requestID,
            namesRequestID: !hasNamedRequestID, strictTransportSeconds: connection.strictTransportSeconds)
        hasNamedRequestID = true
        session.respond(stream: number, fields: &loop.fieldBlock, content: content, contentIsWhole: isWhole)
    }

    /// Lays out the head of an answer.
    private static func prepare(
        _ block: inout HTTP2FieldBlock, _ response: borrowing Response, length: Int?, date: [UInt8],
        requestID: String, namesRequestID: Bool, strictTransportSeconds: Int?
    ) {
        let status = response.status.code
        block.begin(status: status, response.fields, standing: response.standing)
        if let length, status != 204, !(status == 304 && length == 0) { block.add("content-length", length) }
        block.add("date", date)
        // The first one goes into HPACK's table for the sake of its name, which the others then need not spell.
        block.add("x-request-id", requestID, recurs: namesRequestID)
        if let strictTransportSeconds {
            block.add("strict-transport-security", "max-age=\(strictTransportSeconds)")
        }
    }

    /// Answers a head that is well-formed but too much.
    private func refuse(_ number: Int32, _ problem: TransportProblem, isHead: Bool) {
        let message = RequestMessage(
            method: isHead ? .head : .get, scheme: nil, authority: nil, path: "", fields: [:], contentLength: nil)
        let head = RequestHead(
            message, version: .http2, peer: connection.peer, requestID: loop.identifiers.next())
        let stream = HTTP2Stream(number: number, head: head, connection: connection)
        streams.insert(stream, for: number)
        answer(number, stream, with: problem)
    }

    /// Gives the session content it has asked for, as far as there is some.
    private func supply(_ number: Int32) {
        guard let stream = streams[number], let wanted = stream.wantedBytes, !stream.sourceWaits else { return }
        let (mailbox, key) = (loop.mailbox, stream.key)
        switch stream.next(bytesMax: wanted, wake: { mailbox.post(.sourceReady(key)) }) {
        case .bytes(let bytes, let isLast):
            stream.wantedBytes = nil
            if case .stream = stream.body { stream.answerBytes += bytes.count }
            session.supply(stream: number, bytes, isLast: isLast)
        case .later:
            stream.sourceWaits = true
        case .failed:
            session.reset(stream: number, code: .internalError)
        }
    }

    func produce() {
        guard connection.phase == .open else { return }
        while connection.output.bufferedBytes < limits.outputBytesMax {
            let before = connection.output.bufferedBytes
            connection.appendOutput {
                session.produce(into: &$0, bytesMax: limits.outputBytesMax, now: loop.now)
            }
            let hadEvents = handleEvents()
            if connection.output.bufferedBytes == before, !hadEvents { break }
        }
        if session.isFinished { connection.finish(lingers: true) }
    }

    private func answered(_ number: Int32) {
        guard let stream = streams[number] else { return }
        stream.answerIsOut = true
        stream.rate.restart(loop.now)
        // RFC 9113 section 8.1: the answer is complete, so the rest of the request is of no use. A little of it is read all
        // the same: a client in the middle of sending need not be told, and its mistakes are still noticed.
        if !stream.contentIsIn, stream.discardRemaining < 0 { session.reset(stream: number, code: .noError) }
    }

    private func closed(_ number: Int32, isWhole: Bool) {
        guard let stream = streams.remove(number) else { return }
        giveBackAll(number, stream)
        idleSince = loop.now
        end(stream, isComplete: stream.answerIsOut)
        if isDraining, goodbyeDeadline == nil, streams.isEmpty { session.terminate() }
    }

    /// What a closed stream still held of the connection's window.
    private func giveBackAll(_ number: Int32, _ stream: HTTP2Stream) {
        session.consume(stream: number, count: stream.unconsumed + stream.waiting.count)
        stream.unconsumed = 0
        stream.waiting = []
    }

    private func end(_ stream: HTTP2Stream, isComplete: Bool) {
        stream.body.drop()
        stream.abandon()
        if stream.isCounted { loop.counters.endRequest() }
        stream.log(
            isComplete: isComplete, nowNanoseconds: loop.requestClock(), to: loop.configuration.accessLog)
    }

    // MARK: Handler signals

    func setCancelAction(_ exchange: Int, _ action: @escaping @Sendable () -> Void) -> Bool {
        guard let stream = streams[Int32(truncatingIfNeeded: exchange)] else { return false }
        stream.setCancelAction(action)
        return true
    }

    func sinkReady(_ exchange: Int) {
        let number = Int32(truncatingIfNeeded: exchange)
        guard let stream = streams[number] else { return }
        let (_, response) = loop.mailbox.callingHandler(for: stream.key) { stream.sinkBecameReady() }
        if let response { take(response, number, stream) }
        stream.rate.restart(loop.now)
        giveBack(number, stream)
        guard !stream.waiting.isEmpty, !stream.isSinkBusy else { return }
        var bytes: [UInt8] = []
        swap(&bytes, &stream.waiting)
        deliver(bytes, number, stream)
        if stream.contentIsIn { finishContent(number, stream) }
    }

    func sourceReady(_ exchange: Int) {
        let number = Int32(truncatingIfNeeded: exchange)
        streams[number]?.sourceWaits = false
        supply(number)
    }

    // MARK: Time and end

    func deadline(idleSince _: Milliseconds) -> Milliseconds {
        if streams.isEmpty {
            clocksDue = nil
        } else if clocksDue == nil {
            clocksDue = loop.now + Self.tickMilliseconds
        }
        let blockDue = headerBlockSince.map { $0 + limits.headerSeconds.milliseconds }
        let streamsDue = clocksDue ?? (blockDue == nil ? idleSince + limits.idleSeconds.milliseconds : .max)
        return min(goodbyeDeadline ?? .max, blockDue ?? .max, streamsDue)
    }

    func deadlineReached() {
        if let goodbyeDeadline, loop.now >= goodbyeDeadline { sayGoodbye() }
        if let headerBlockSince, loop.now >= headerBlockSince + limits.headerSeconds.milliseconds {
            session.terminate(calm: true)
        } else if streams.isEmpty, loop.now >= idleSince + limits.idleSeconds.milliseconds {
            session.terminate()
        }
        guard let clocksDue, loop.now >= clocksDue else { return }
        self.clocksDue = nil
        for number in streams.numbers {
            if let stream = streams[number] { checkClock(number, stream) }
        }
    }

    private func checkClock(_ number: Int32, _ stream: HTTP2Stream) {
        let isReading = !stream.contentIsIn && stream.wantsContent && !stream.isSinkBusy
        if isReading, loop.now >= stream.rate.end, !stream.rate.passes(loop.now) {
            stream.abortContent(.tooSlow)
            answer(number, stream, with: .requestTimeout)
        }
        let isDiscarding = stream.answerIsOut && !stream.contentIsIn && !stream.wantsContent
        if isDiscarding, loop.now >= stream.rate.end, !stream.rate.passes(loop.now) {
            session.reset(stream: number, code: .noError)
        }
        if isTakenTooSlowly(number, stream) { session.reset(stream: number, code: .cancel) }
    }

    /// Whether the peer takes nothing of the answer that waits, or less than it must: it may keep its windows closed, or open
    /// them byte by byte.
    private func isTakenTooSlowly(_ number: Int32, _ stream: HTTP2Stream) -> Bool {
        guard stream.isAnswered, !stream.answerIsOut, !stream.sourceWaits else {
            stream.drainMeter.pause(loop.now)
            return false
        }
        let progress = session.contentProgress(stream: number)
        if loop.now >= (progress?.lastAt ?? stream.answeredAt) + limits.writeStallSeconds.milliseconds { return true }
        stream.drainMeter.resume(loop.now)
        let bytes = progress?.bytes ?? 0
        stream.drainMeter.add(bytes - stream.meteredBytes)
        stream.meteredBytes = bytes
        return loop.now >= stream.drainMeter.end && !stream.drainMeter.passes(loop.now)
    }

    func drain() {
        guard !isDraining else { return }
        isDraining = true
        goodbyeDeadline = loop.now + Self.noticeMilliseconds
        session.announceEnd()
    }

    /// Names the last stream that is served, once requests that crossed with the announcement have arrived.
    private func sayGoodbye() {
        guard goodbyeDeadline != nil else { return }
        goodbyeDeadline = nil
        if streams.isEmpty { session.terminate() } else { session.goAway() }
    }

    func connectionClosed() { abandonAll() }

    private func abandonAll() {
        let open = streams.all
        streams = HTTP2Streams()
        for stream in open { end(stream, isComplete: false) }
    }
}
