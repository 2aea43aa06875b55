import CLinux
import Glibc
package import HTTPWire
import Locks

/// A running HTTP server: listening sockets and the threads that serve them.
///
///     let server = try Server.start(configuration, handler: api)
///     …
///     server.drain(seconds: 20)
package final class Server: Sendable {
    /// Where it waits for connections, in the order of the configuration.
    package let addresses: [BoundAddress]
    private let listeners: [Listener]
    private let mailboxes: [Mailbox]
    private let counters: ServerCounters
    private let credentials: TLSCredentials?
    private let state: Lock<State>

    private struct State {
        var threads: [pthread_t]
        var isListening = true
    }

    /// What is going on right now, for metrics.
    package struct Statistics: Sendable, Hashable {
        package var connections: Int
        package var requestsInFlight: Int
        /// TLS handshakes that failed since the start.
        package var handshakeRefusals: Int
    }

    package var statistics: Statistics {
        Statistics(
            connections: counters.connectionCount, requestsInFlight: counters.requestCount,
            handshakeRefusals: counters.handshakeRefusalCount)
    }

    /// Opens the sockets and starts the loops. When it returns, connections are accepted.
    package static func start(
        _ configuration: ServerConfiguration, handler: any RequestHandler
    ) throws(ServerError) -> Server {
        let missingFixes = HTTP2Library.missingFixes()
        guard missingFixes.isEmpty else {
            throw .unsafeLibrary(version: HTTP2Library.version, missingFixes: missingFixes)
        }
        var listeners: [Listener] = []
        do throws(ServerError) {
            let credentials: TLSCredentials? = if let tls = configuration.tls { try TLSCredentials(tls) } else { nil }
            for address in configuration.addresses {
                listeners.append(try Listener(address, isSecure: credentials != nil))
            }
            return try Server(configuration, credentials, handler: handler, listeners: listeners)
        } catch {
            for listener in listeners { listener.shut() }
            throw error
        }
    }

    private init(
        _ configuration: ServerConfiguration, _ credentials: TLSCredentials?, handler: any RequestHandler,
        listeners: [Listener]
    ) throws(ServerError) {
        var configuration = configuration
        configuration.loops = max(1, configuration.loops)
        let counters = ServerCounters(limits: configuration.limits)
        var mailboxes: [Mailbox] = []
        var loops: [EventLoop] = []
        for index in 0..<configuration.loops {
            let mailbox = try Mailbox()
            mailboxes.append(mailbox)
            loops.append(
                try EventLoop(
                    index: index, configuration: configuration, handler: handler, counters: counters, mailbox: mailbox,
                    listeners: listeners, credentials: credentials))
        }
        self.listeners = listeners
        self.mailboxes = mailboxes
        self.credentials = credentials
        self.counters = counters
        addresses = listeners.map(\.bound)
        state = Lock(State(threads: []))
        for loop in loops {
            let thread = try LoopThread.start(loop)
            state.withLock { $0.threads.append(thread) }
        }
    }

    /// Reads certificate, key and client authorities again, for connections from now on. When they are no good those in
    /// force stay, and the error says why. Without TLS it does nothing.
    package func reloadCertificates() throws(ServerError) { try credentials?.reload() }

    /// Ends gracefully: accepts nothing more, lets what is in flight finish for at most `seconds`, then cuts the rest.
    /// Blocks until all loops have ended; calling it again does nothing.
    package func drain(seconds: Double) {
        let threads = state.withLock { state in
            defer {
                state.isListening = false
                state.threads = []
            }
            return state.threads
        }
        guard !threads.isEmpty else { return }
        for listener in listeners where !listener.bound.isInherited {
            // Refuses those who come from now on; an inherited socket stays open for whoever takes over.
            shutdown(listener.descriptor, Int32(SHUT_RDWR))
        }
        for mailbox in mailboxes { mailbox.post(.drain) }
        let deadline = MonotonicClock.milliseconds() + Int(min(max(seconds, 0), 86_400) * 1000)
        for (thread, mailbox) in zip(threads, mailboxes) {
            if !mailbox.waitForEnd(until: deadline) { mailbox.post(.stop) }
            pthread_join(thread, nil)
        }
        for listener in listeners { listener.shut() }
    }

    /// Ends at once: what is in flight is cut.
    package func stop() { drain(seconds: 0) }
}

/// The threads that event loops run on.
private enum LoopThread {
    private static let stackBytes = 1 << 20

    /// Hands the loop over to a new thread, which owns it from then on.
    static func start(_ loop: EventLoop) throws(ServerError) -> pthread_t {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackBytes)
        defer { pthread_attr_destroy(&attributes) }
        // Signals belong to the executable's own threads; with SIGPIPE blocked, writing to a broken pipe is just an error.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(loop)
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                pthread_setname_np(pthread_self(), "http-loop")
                Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            box.release()
            throw .system(operation: "pthread_create", code: status)
        }
        return thread
    }
}
