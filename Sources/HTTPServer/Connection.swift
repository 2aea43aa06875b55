import CLinux
import Glibc
import HTTPWire

/// One accepted socket: moves bytes between it and the protocol engine, and knows when to give up. Confined to its loop.
final class Connection {
    enum Phase {
        /// Requests and answers flow.
        case open
        /// Nothing more is read; what is queued goes out, then the connection ends.
        case finishing
        /// Our side has ended; what still comes is dropped, so that no reset destroys the last answer.
        case lingering
        case closed
    }

    let id: UInt64
    private(set) var peer: Peer
    /// Keeps its connections until they are closed: a cycle that ends there.
    let loop: EventLoop
    private let descriptor: Int32
    private let network: NetworkKey?
    private var transport: Transport
    private(set) var phase = Phase.open
    /// Made when the first bytes tell which protocol is spoken.
    private(set) var engine: (any Engine)?

    /// The first bytes, while they may still become the HTTP/2 preface.
    private var opening: [UInt8] = []
    private var openingSince: Milliseconds = 0
    /// Input the engine has not taken yet, at most one read's worth.
    private var pending: [UInt8] = []
    private(set) var output = OutputQueue()
    /// What the edges reported so far, until a call says otherwise.
    private var canRead = false
    private var canWrite = true
    private var isHungUp = false
    /// Whether the end of input was reported: there will be no further edge, so it must be read to.
    private var endIsNear = false
    /// Whether the peer has ended its side.
    private(set) var inputHasEnded = false
    /// Whether input may be left unread when the connection ends.
    private var lingers = false
    /// Whether the first byte of a TLS connection has been looked at.
    private var hasSeenFirstByte = false

    private var lastActivity: Milliseconds
    private var lastWriteProgress: Milliseconds
    private var drainMeter: DrainMeter
    /// When to call `deadlineReached`; `Milliseconds.max` for never.
    private(set) var deadline = Milliseconds.max
    /// Whether a turn is scheduled already. Kept by the loop.
    var isScheduled = false

    init(
        id: UInt64, descriptor: Int32, peer: Peer, network: NetworkKey?, transport: Transport, loop: EventLoop
    ) {
        self.id = id
        self.descriptor = descriptor
        self.peer = peer
        self.network = network
        self.transport = transport
        self.loop = loop
        lastActivity = loop.now
        lastWriteProgress = loop.now
        drainMeter = DrainMeter(limits: loop.configuration.limits)
        updateDeadline()
    }

    private var limits: ServerLimits { loop.configuration.limits }

    // MARK: What the loop calls

    /// Takes note of what epoll reported, then runs a turn.
    func notice(events: UInt32) {
        if events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
            canRead = true
        }
        if events & (EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { canWrite = true }
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { isHungUp = true }
        if events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0, !endIsNear {
            endIsNear = true
            engine?.inputIsEnding()
        }
        turn()
    }

    /// Moves everything as far as it goes without waiting, within the fairness bounds.
    func turn() {
        guard phase != .closed else { return }
        if let tls = transport.tls, !tls.isEstablished, !refusesPlainText() {
            guard shakeHands(tls) else {
                updateDeadline()
                return
            }
        }
        if phase == .lingering {
            dropInput()
        } else {
            let hasMoreInput = phase == .open && feed()
            engine?.produce()
            flush()
            if phase == .finishing, output.isEmpty { endOutput() }
            guard phase != .closed else { return }
            let goesOn = hasMoreInput || (canWrite && !output.isEmpty) || wantsAnotherTurn
            if goesOn {
                loop.schedule(self)
            } else if isHungUp {
                close()
                return
            }
        }
        updateDeadline()
    }

    /// Whether the engine stopped for fairness or room rather than for lack of something.
    private var wantsAnotherTurn: Bool {
        guard phase == .open, let engine else { return false }
        return output.isEmpty && engine.wantsInput && (canRead || !pending.isEmpty)
    }

    func deadlineReached() {
        guard phase != .closed, loop.now >= deadline else { return }
        deadline = .max
        if phase == .open, !opening.isEmpty {
            readOpeningAsHTTP1()?.refuse(.requestTimeout)
            turn()
            return
        }
        if phase == .lingering || engine == nil || isTakenTooSlowly() {
            close()
            return
        }
        engine?.deadlineReached()
        if phase != .closed { turn() }
    }

    /// Ends soon: at once when idle, after the answer at hand otherwise.
    func drain() {
        guard phase == .open else { return }
        if let engine {
            engine.drain()
            turn()
        } else {
            close()
        }
    }

    // MARK: What engines call

    /// Appends to what goes out, gathering small things in one buffer.
    func appendOutput(_ body: (inout [UInt8]) -> Void) {
        if output.isEmpty { noteWaitingOutput() }
        if output.tail.capacity == 0 { output.tail = loop.pool.take() }
        body(&output.tail)
    }

    func appendOutput(_ bytes: [UInt8]) {
        if output.isEmpty { noteWaitingOutput() }
        output.append(bytes)
    }

    func appendOutput(_ file: OutputQueue.FileRange) {
        if output.isEmpty { noteWaitingOutput() }
        output.append(file)
    }

    private func noteWaitingOutput() {
        lastWriteProgress = loop.now
        drainMeter.resume(loop.now)
    }

    /// Goes on with another engine: the connection was upgraded.
    func replaceEngine(with engine: any Engine) { self.engine = engine }

    /// Reads no more and closes once everything queued is written. `lingers` when the peer may still be sending.
    func finish(lingers: Bool) {
        guard phase == .open else { return }
        phase = .finishing
        self.lingers = lingers || !pending.isEmpty
    }

    /// Cuts the connection at once.
    func close() {
        guard phase != .closed else { return }
        if phase != .lingering { transport.tls?.sayGoodbye() }
        phase = .closed
        deadline = .max
        engine?.connectionClosed()
        engine = nil
        output.removeAll()
        pending = []
        Glibc.close(descriptor)
        loop.forget(self, network: network)
    }

    // MARK: TLS

    /// How long browsers that come over TLS are told to keep to it; nil on plain connections.
    var strictTransportSeconds: Int? {
        peer.isSecure ? loop.credentials?.configuration.strictTransportSeconds : nil
    }

    /// Whether the peer speaks HTTP where TLS is spoken. It is told so in the clear, which is kinder than an alert that
    /// nobody sees. A handshake begins with 0x16, a method with a letter.
    private func refusesPlainText() -> Bool {
        guard canRead, !hasSeenFirstByte else { return false }
        var first: UInt8 = 0
        guard recv(descriptor, &first, 1, Int32(MSG_PEEK)) == 1 else { return false }
        hasSeenFirstByte = true
        guard ByteClass.token.contains(first) else { return false }
        transport = .plain
        peer.isSecure = false
        let engine = HTTP1Engine(connection: self)
        self.engine = engine
        engine.refuse(.plainTextAtTLS)
        return true
    }

    /// Goes on with the handshake; true once it is done. ALPN chooses the engine: without it HTTP/1.1 is spoken, as HTTP/2
    /// over TLS must be asked for by ALPN (RFC 9113 section 3.2).
    private func shakeHands(_ tls: TLSSession) -> Bool {
        switch tls.shakeHands() {
        case .done:
            canRead = true
            lastActivity = loop.now
            peer.certificateSubject = tls.clientSubject
            engine = tls.isHTTP2 == true ? try? HTTP2Engine(connection: self) : HTTP1Engine(connection: self)
            if engine == nil { close() }
            return engine != nil
        case .wantsInput, .wantsRoom:
            return false
        case .failed:
            loop.counters.refuseHandshake()
            close()
            return false
        }
    }

    // MARK: Input

    /// Gives the engine what waits and, when that is used up, one read's worth more. True when there is likely more.
    private func feed() -> Bool {
        if !pending.isEmpty {
            var waiting: [UInt8] = []
            swap(&waiting, &pending)
            waiting.withUnsafeBytes { give($0) }
            guard pending.isEmpty, phase == .open else { return false }
        }
        guard canRead, !inputHasEnded, engine?.wantsInput ?? true else { return false }
        switch transport.read(descriptor, into: loop.readBuffer) {
        case .moved(let count, let isPartial):
            canRead = !isPartial || endIsNear
            lastActivity = loop.now
            give(UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count]))
            return canRead && phase == .open && pending.isEmpty && (engine?.wantsInput ?? true)
        case .wouldBlock:
            canRead = false
        case .ended:
            canRead = false
            inputHasEnded = true
            if !opening.isEmpty {
                readOpeningAsHTTP1()?.inputEnded()
            } else if let engine {
                engine.inputEnded()
            } else {
                close()
            }
        case .failed:
            close()
        }
        return false
    }

    /// Lets the engine take what it can from `bytes` and keeps the rest. The first bytes choose the engine.
    private func give(_ bytes: UnsafeRawBufferPointer) {
        guard engine == nil else {
            giveEngine(bytes)
            return
        }
        if opening.isEmpty, HTTP2Library.beginsWithPreface(bytes) == false {
            engine = HTTP1Engine(connection: self)
            giveEngine(bytes)
            return
        }
        if opening.isEmpty { openingSince = loop.now }
        opening.append(contentsOf: bytes)
        guard let isHTTP2 = opening.withUnsafeBytes({ HTTP2Library.beginsWithPreface($0) }) else { return }
        engine = isHTTP2 ? try? HTTP2Engine(connection: self) : HTTP1Engine(connection: self)
        guard engine != nil else {
            close()
            return
        }
        var whole: [UInt8] = []
        swap(&whole, &opening)
        whole.withUnsafeBytes { giveEngine($0) }
    }

    /// The start of the HTTP/2 preface that never became one is an unfinished request of HTTP/1.
    /// - Returns: the engine, unless it has refused already what there is.
    private func readOpeningAsHTTP1() -> HTTP1Engine? {
        let http1 = HTTP1Engine(connection: self)
        engine = http1
        var whole: [UInt8] = []
        swap(&whole, &opening)
        whole.withUnsafeBytes { giveEngine($0) }
        return phase == .open ? http1 : nil
    }

    private func giveEngine(_ bytes: UnsafeRawBufferPointer) {
        var input = bytes
        while let engine, phase == .open, !input.isEmpty {
            engine.receive(&input)
            // An upgrade puts another engine in place, which takes over where this one stopped.
            if engine === self.engine { break }
        }
        if phase == .open, !input.isEmpty { pending = Array(input) }
        if phase == .finishing, !input.isEmpty { lingers = true }
    }

    private func dropInput() {
        // A bounded number of reads a turn keeps a sender of much from holding up the others.
        for _ in 0..<4 {
            guard canRead else { return }
            switch transport.read(descriptor, into: loop.readBuffer) {
            case .moved(_, let isPartial): canRead = !isPartial || endIsNear
            case .wouldBlock: canRead = false
            case .ended, .failed:
                close()
                return
            }
        }
        if canRead { loop.schedule(self) }
    }

    // MARK: Output

    private func flush() {
        // A bounded number of writes a turn keeps a fast reader from holding up the others.
        var budget = 8
        while canWrite, !output.isEmpty, budget > 0, phase != .closed {
            budget -= 1
            switch transport.write(descriptor, from: output) {
            case .moved(let count, let isPartial):
                output.consume(count)
                drainMeter.add(count)
                if isPartial { canWrite = false }
                if count > 0 { lastWriteProgress = loop.now }
                if output.isEmpty { drainMeter.pause(loop.now) }
                if output.isEmpty { engine?.produce() }
            case .wouldBlock:
                canWrite = false
            case .ended, .failed:
                close()
                return
            }
        }
        if output.isEmpty, output.tail.capacity > 0 {
            lastActivity = loop.now
            loop.pool.give(output.takeTail())
        }
    }

    /// Everything is written: ends our side.
    private func endOutput() {
        transport.tls?.sayGoodbye()
        guard lingers, !inputHasEnded, shutdown(descriptor, Int32(SHUT_WR)) == 0 else {
            close()
            return
        }
        phase = .lingering
        lastActivity = loop.now
        dropInput()
    }

    // MARK: Time

    private var writeDeadline: Milliseconds {
        min(lastWriteProgress + limits.writeStallSeconds.milliseconds, drainMeter.end)
    }

    /// Whether the peer takes nothing of what waits, or less than it must.
    private func isTakenTooSlowly() -> Bool {
        guard !output.isEmpty else { return false }
        if loop.now >= lastWriteProgress + limits.writeStallSeconds.milliseconds { return true }
        return loop.now >= drainMeter.end && !drainMeter.passes(loop.now)
    }

    /// Before the protocol is known.
    private var openingDeadline: Milliseconds {
        if let tls = transport.tls, !tls.isEstablished { return lastActivity + limits.handshakeSeconds.milliseconds }
        return opening.isEmpty
            ? lastActivity + limits.idleSeconds.milliseconds : openingSince + limits.headerSeconds.milliseconds
    }

    private func updateDeadline() {
        guard phase != .closed else { return }
        var next: Milliseconds
        if phase == .lingering {
            next = lastActivity + limits.lingerSeconds.milliseconds
        } else {
            next = engine?.deadline(idleSince: lastActivity) ?? openingDeadline
            if !output.isEmpty { next = min(next, writeDeadline) }
        }
        if phase == .finishing { next = writeDeadline }
        deadline = next
        loop.noteDeadline(next)
    }
}

/// The protocol spoken on a connection: takes input, queues output on the connection. Confined to the connection's loop.
protocol Engine: AnyObject {
    /// Takes what it can off the front of `input`.
    func receive(_ input: inout UnsafeRawBufferPointer)
    /// Whether it can use input now. False while it waits for a handler, a sink, or room to write.
    var wantsInput: Bool { get }
    /// Queues output as far as there is some and room for it.
    func produce()
    /// The peer has ended its side; what it sent before may not have been read yet. It may also be gone altogether.
    func inputIsEnding()
    /// The peer sends nothing more.
    func inputEnded()
    /// When `deadlineReached` is due; `Milliseconds.max` for never.
    func deadline(idleSince: Milliseconds) -> Milliseconds
    func deadlineReached()
    func drain()
    /// The connection is gone: whoever waits is told.
    func connectionClosed()

    /// An answer came for an exchange; false when nobody waits for it.
    func respond(_ exchange: Int, _ response: Response) -> Bool
    /// Registers a cancel action; false when nobody waits for the answer any more.
    func setCancelAction(_ exchange: Int, _ action: @escaping @Sendable () -> Void) -> Bool
    func sinkReady(_ exchange: Int)
    func sourceReady(_ exchange: Int)
}
