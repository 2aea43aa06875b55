import CLinux
import Glibc
import HTTPWire
import Logging

/// Waits on one epoll for the sockets of its connections and runs them. Everything here belongs to the loop's own thread;
/// other threads reach it through the mailbox only.
final class EventLoop {
    let configuration: ServerConfiguration
    let handler: any RequestHandler
    let counters: ServerCounters
    let mailbox: Mailbox
    let credentials: TLSCredentials?
    private let epoll: Int32
    private let acceptor: Acceptor
    private var connections: [UInt64: Connection] = [:]
    private var nextConnectionID: UInt64
    private let connectionIDStep: UInt64
    /// Connections that want another turn without waiting for an event.
    private var ready: [Connection] = []
    private var isDraining = false
    private var isStopped = false

    /// When this turn of the loop began.
    private(set) var now = MonotonicClock.milliseconds()
    /// No deadline is earlier than this one.
    private var earliestDeadline = Milliseconds.max
    var pool = BytePool()
    /// Where every read of this loop goes first.
    let readBuffer: UnsafeMutableRawBufferPointer
    var identifiers: RequestIdentifiers
    /// What the speed of each request's content is held against.
    let rateWindow: RateWindow
    /// Where the heads of HTTP/2 answers are laid out, one at a time.
    var fieldBlock = HTTP2FieldBlock()
    private var dateSecond = 0
    private var dateBytes: [UInt8] = []

    private static let readBytes = 64 * 1024
    private static let eventsMax = 256
    private static let mailboxTag: UInt64 = 0
    /// Tags below this are the mailbox and the listeners.
    private static let firstConnectionID: UInt64 = 1024
    /// Deadlines are looked at no more often than this.
    private static let sweepMilliseconds = 50

    init(
        index: Int, configuration: ServerConfiguration, handler: any RequestHandler, counters: ServerCounters,
        mailbox: Mailbox, listeners: [Listener], credentials: TLSCredentials?
    ) throws(ServerError) {
        self.configuration = configuration
        self.handler = handler
        self.counters = counters
        self.mailbox = mailbox
        self.credentials = credentials
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system(operation: "epoll_create1", code: errno) }
        acceptor = Acceptor(listeners: listeners, epoll: epoll, logger: configuration.logger)
        connectionIDStep = UInt64(max(1, configuration.loops))
        nextConnectionID = Self.firstConnectionID + UInt64(index)
        readBuffer = .allocate(byteCount: Self.readBytes, alignment: 64)
        identifiers = RequestIdentifiers()
        rateWindow = RateWindow(limits: configuration.limits)
        guard Self.register(epoll, mailbox.descriptor, events: EPOLLIN.rawValue, tag: Self.mailboxTag) else {
            throw .system(operation: "epoll_ctl", code: errno)
        }
        try acceptor.resume()
    }

    deinit {
        readBuffer.deallocate()
        Glibc.close(epoll)
    }

    /// Runs until the loop is stopped, or drained and empty.
    func run() {
        mailbox.adoptThread()
        var events = [epoll_event](repeating: epoll_event(), count: Self.eventsMax)
        while !isStopped, !(isDraining && connections.isEmpty) {
            let count = epoll_wait(epoll, &events, Int32(events.count), waitMilliseconds)
            now = MonotonicClock.milliseconds()
            for event in events.prefix(max(0, Int(count))) { dispatch(event) }
            deliverMail()
            runReady()
            sweepDeadlines()
        }
        acceptor.pause()
        for connection in Array(connections.values) { connection.close() }
        deliverMail()
        mailbox.noteEnd()
    }

    private var waitMilliseconds: Int32 {
        if !ready.isEmpty || !mailbox.isEmpty { return 0 }
        let next = min(earliestDeadline, acceptor.resumesAt)
        guard next != .max else { return -1 }
        return Int32(clamping: max(Self.sweepMilliseconds, next - MonotonicClock.milliseconds()))
    }

    private func dispatch(_ event: epoll_event) {
        let tag = event.data.u64
        if let connection = connections[tag] {
            connection.notice(events: event.events)
        } else if tag == Self.mailboxTag {
            mailbox.acknowledgeWake()
        } else if tag < Self.firstConnectionID {
            acceptor.accept(tag: tag, now: now) { adopt($0) }
        }
    }

    // MARK: Connections

    private func adopt(_ accepted: Acceptor.Accepted) {
        guard counters.admit(accepted.network) else {
            Acceptor.refuse(accepted)
            return
        }
        guard let transport = makeTransport(accepted) else {
            close(accepted.descriptor)
            counters.dismiss(accepted.network)
            return
        }
        let id = nextConnectionID
        nextConnectionID += connectionIDStep
        let connection = Connection(
            id: id, descriptor: accepted.descriptor,
            peer: Peer(address: accepted.address, isSecure: transport.tls != nil, userID: accepted.userID),
            network: accepted.network,
            transport: transport, loop: self)
        connections[id] = connection
        let events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        if !Self.register(epoll, accepted.descriptor, events: events, tag: id) { connection.close() }
    }

    private func makeTransport(_ accepted: Acceptor.Accepted) -> Transport? {
        guard accepted.isSecure, let credentials else { return .plain }
        return credentials.current.makeSession(descriptor: accepted.descriptor).map { .tls($0) }
    }

    /// Called by a connection that has closed its descriptor, which took it out of the epoll set.
    func forget(_ connection: Connection, network: NetworkKey?) {
        connections[connection.id] = nil
        counters.dismiss(network)
    }

    /// Gives the connection another turn after everybody else had one.
    func schedule(_ connection: Connection) {
        guard !connection.isScheduled else { return }
        connection.isScheduled = true
        ready.append(connection)
    }

    private func runReady() {
        guard !ready.isEmpty else { return }
        var turn: [Connection] = []
        swap(&turn, &ready)
        for connection in turn {
            connection.isScheduled = false
            connection.turn()
        }
        deliverMail()
    }

    // MARK: Mail

    private func deliverMail() {
        // One pass: what handlers post while it runs waits for the next, so that mail cannot starve sockets.
        for message in mailbox.takeAll() { deliver(message) }
    }

    private func deliver(_ message: LoopMessage) {
        switch message {
        case .respond(let key, let response):
            if let connection = connections[key.connection], connection.engine?.respond(key.exchange, response) == true
            {
                connection.turn()
            } else {
                var body = AnswerBody(response.content)
                body.drop()
            }
        case .onCancel(let key, let action):
            if connections[key.connection]?.engine?.setCancelAction(key.exchange, action) != true { action() }
        case .sinkReady(let key):
            guard let connection = connections[key.connection] else { return }
            connection.engine?.sinkReady(key.exchange)
            connection.turn()
        case .sourceReady(let key):
            guard let connection = connections[key.connection] else { return }
            connection.engine?.sourceReady(key.exchange)
            connection.turn()
        case .cut(let key):
            guard let connection = connections[key.connection] else { return }
            connection.engine?.cut(key.exchange)
            connection.turn()
        case .drain:
            isDraining = true
            acceptor.pause()
            for connection in Array(connections.values) { connection.drain() }
        case .stop:
            isStopped = true
        }
    }

    // MARK: Time

    func noteDeadline(_ deadline: Milliseconds) {
        if deadline < earliestDeadline { earliestDeadline = deadline }
    }

    private func sweepDeadlines() {
        if now >= acceptor.resumesAt, !isDraining { try? acceptor.resume() }
        guard now >= earliestDeadline else { return }
        var due: [Connection] = []
        earliestDeadline = .max
        for connection in connections.values {
            if connection.deadline <= now {
                due.append(connection)
            } else {
                noteDeadline(connection.deadline)
            }
        }
        for connection in due { connection.deadlineReached() }
    }

    /// The date of the current second, as a response carries it.
    var date: [UInt8] {
        let second = Glibc.time(nil)
        if second != dateSecond {
            dateSecond = second
            dateBytes = HTTPDate.bytes(secondsSince1970: second)
        }
        return dateBytes
    }

    /// The clock for the length of requests, read only when somebody logs them.
    func requestClock() -> Int {
        configuration.accessLog == nil ? 0 : MonotonicClock.nanoseconds()
    }

    static func register(_ epoll: Int32, _ descriptor: Int32, events: UInt32, tag: UInt64) -> Bool {
        var event = epoll_event()
        event.events = events
        event.data.u64 = tag
        return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }
}
