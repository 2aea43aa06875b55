import CLinux
import Glibc
import HTTPWire
import Logging

/// Takes connections from the listening sockets for one loop. Confined to the loop.
final class Acceptor {
    /// A connection just taken.
    struct Accepted {
        let descriptor: Int32
        let address: String
        /// What it counts for in the per-address limit; nil for UNIX sockets.
        let network: NetworkKey?
        /// Whether TLS is to be spoken.
        let isSecure: Bool
        /// Who is at the other end of a UNIX socket.
        var userID: UInt32?
    }

    private let listeners: [Listener]
    private let epoll: Int32
    private let logger: Logger
    /// A descriptor kept for the moment when there are none left: it is given up to take a connection and close it.
    private var reserve: Int32
    /// Connections get no descriptor from here on. The last ones are for files: the store's, and those that Dispatch opens to
    /// look at its threads, which ends the process where it cannot.
    private let descriptorsEnd: Int32
    private var isListening = false
    /// When to listen again after descriptors ran out; `Milliseconds.max` for never.
    private(set) var resumesAt = Milliseconds.max

    /// Connections taken from one listener in one turn of the loop.
    private static let acceptsPerTurn = 32
    /// Descriptors that connections leave alone; fewer where there are few.
    private static let sparedMax: rlim_t = 16
    /// How long nothing is accepted after descriptors ran out.
    private static let pauseMilliseconds = 250

    init(listeners: [Listener], epoll: Int32, logger: Logger) {
        self.listeners = listeners
        self.epoll = epoll
        self.logger = logger
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
        descriptorsEnd = Self.descriptorsForConnections()
    }

    static func descriptorsForConnections() -> Int32 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int32(clamping: limit.rlim_cur - min(sparedMax, limit.rlim_cur / 8))
    }

    deinit {
        if reserve >= 0 { close(reserve) }
    }

    /// Starts listening. Level-triggered, because what one turn leaves must be reported again, and exclusive, so that a new
    /// connection wakes one loop instead of all.
    func resume() throws(ServerError) {
        guard !isListening else { return }
        resumesAt = .max
        isListening = true
        for (index, listener) in listeners.enumerated() {
            let events = EPOLLIN.rawValue | UInt32(EPOLLEXCLUSIVE.rawValue)
            guard EventLoop.register(epoll, listener.descriptor, events: events, tag: UInt64(index + 1)) else {
                throw .system(operation: "epoll_ctl", code: errno)
            }
        }
    }

    func pause() {
        resumesAt = .max
        guard isListening else { return }
        isListening = false
        for listener in listeners {
            var event = epoll_event()
            epoll_ctl(epoll, EPOLL_CTL_DEL, listener.descriptor, &event)
        }
    }

    func accept(tag: UInt64, now: Milliseconds, _ adopt: (Accepted) -> Void) {
        guard isListening, tag >= 1, tag <= UInt64(listeners.count) else { return }
        let listener = listeners[Int(tag) - 1]
        for _ in 0..<Self.acceptsPerTurn {
            var storage = sockaddr_storage()
            let descriptor = Self.acceptOnce(listener.descriptor, &storage)
            // The lowest free number is given out, so a high one tells how many there are.
            if descriptor >= descriptorsEnd {
                close(descriptor)
                return pauseForDescriptors(now: now)
            }
            if descriptor >= 0 {
                adopt(Self.prepare(descriptor, storage, listener))
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED, EPROTO:
                continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                shedOne(listener)
                return pauseForDescriptors(now: now)
            default:
                return
            }
        }
    }

    private func pauseForDescriptors(now: Milliseconds) {
        logger.warning("no file descriptor left for connections: accepting pauses")
        pause()
        resumesAt = now + Self.pauseMilliseconds
    }

    private static func acceptOnce(_ descriptor: Int32, _ storage: inout sockaddr_storage) -> Int32 {
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                accept4(descriptor, $0, &length, Sockets.flags)
            }
        }
    }

    private static func prepare(_ descriptor: Int32, _ storage: sockaddr_storage, _ listener: Listener) -> Accepted {
        guard !listener.isUNIX, let (address, _, network) = Sockets.describe(storage) else {
            return Accepted(
                descriptor: descriptor, address: "unix", network: nil, isSecure: false,
                userID: Sockets.peerUser(descriptor))
        }
        _ = Sockets.set(descriptor, level: Int32(IPPROTO_TCP), option: TCP_NODELAY, 1)
        return Accepted(
            descriptor: descriptor, address: address, network: network, isSecure: listener.bound.isSecure)
    }

    /// No descriptor is left: gives up the reserved one to take the connection that came, and closes it.
    private func shedOne(_ listener: Listener) {
        guard reserve >= 0 else { return }
        close(reserve)
        var storage = sockaddr_storage()
        let descriptor = Self.acceptOnce(listener.descriptor, &storage)
        if descriptor >= 0 { close(descriptor) }
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    /// Tells a connection over the limit why it is closed, as far as that goes without waiting.
    static func refuse(_ accepted: Accepted) {
        if !accepted.isSecure {
            _ = refusal.withUnsafeBytes { send(accepted.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            shutdown(accepted.descriptor, Int32(SHUT_WR))
        }
        close(accepted.descriptor)
    }

    /// One for all: nothing has been asked yet, so there is no request to name.
    private static let refusal: [UInt8] = {
        let document = TransportProblem.tooManyConnections.document(requestID: "none")
        let head =
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
            + "Content-Length: \(document.count)\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + document
    }()
}
