import API
import Datasets
import Dispatch
import Foundation
import Glibc
import HTTPServer
import JobStore
import Jobs
import Locks
import Logging
import Trainer
import WorkerPool

/// The server, wired together: store, trainer, workers, API, sockets.
final class Service: Sendable {
    struct Configuration: Sendable {
        var addresses: [ListenAddress]
        /// Only this machine can reach the TCP addresses.
        var isLoopback = true
        var tls: TLSConfiguration?
        var dataDirectory: String
        var access = FolderAccess.owner
        var workers: Int
        var loops: Int
        var serverLimits = ServerLimits()
        var storeLimits = StoreLimits()
        var settings = APISettings()
        /// Bytes of encoded data sets kept for the next job beyond what running jobs hold.
        var cacheBytesMax = 1 << 30
        var retention = Retention()
        var logger: Logger
        var metrics = MetricsRegistry()
        var logsAccess = false
    }

    let store: Store
    let server: Server
    /// Answers the data folder's owner, also when the other one is busy to its limits.
    private let control: Server
    private let controlSocket: ControlSocket
    private let pool: WorkerPool
    private let housekeeper: Housekeeper
    private let isDraining: Lock<Bool>
    private let logger: Logger

    /// Starts everything; when it returns, requests are answered. A start that fails leaves the store in order.
    convenience init(_ configuration: Configuration) throws {
        var store = StoreConfiguration(
            dataDirectory: configuration.dataDirectory, limits: configuration.storeLimits, clock: { .now },
            logger: configuration.logger, metrics: configuration.metrics)
        store.access = configuration.access
        try self.init(configuration, opening: store)
    }

    private convenience init(_ configuration: Configuration, opening store: StoreConfiguration) throws {
        let store = try Store(store)
        do {
            guard try configuration.isLoopback || store.hadKeys() else { throw OpenDoor() }
            try self.init(configuration, store)
        } catch {
            store.close()
            throw error
        }
    }

    private init(_ configuration: Configuration, _ store: Store) throws {
        self.store = store
        logger = configuration.logger
        let trainer = TrainingService(
            cacheBytesMax: min(configuration.cacheBytesMax, configuration.settings.memoryBytesMax / 8))
        pool = WorkerPool(
            store: store,
            configuration: WorkerPoolConfiguration(
                workers: configuration.workers, environment: trainer.environment,
                runningJobsPerOwnerMax: configuration.settings.runningJobsPerOwnerMax,
                memoryBytesMax: configuration.settings.memoryBytesMax, logger: logger),
            train: trainer.train)
        housekeeper = Housekeeper(store: store, retention: configuration.retention, logger: logger)
        let isDraining = Lock(false)
        self.isDraining = isDraining
        var services = Services(
            store: store, trainer: trainer.functions, settings: configuration.finishedSettings,
            queue: DispatchQueue(label: "tenbin.api", attributes: .concurrent), clock: { .now }, logger: logger,
            isDraining: { isDraining.withLock { $0 } })
        services.memoryBytesFree = { [pool] in pool.memoryBytesFree }
        let shortages = Lock<[String]>([])
        services.faults = { store.damage + shortages.withLock { $0 } }
        services.metrics = configuration.metrics
        let running = Lock<Server?>(nil)
        services.transportLoad = {
            running.withLock { $0?.statistics }.map { ($0.connections, $0.requestsInFlight) }
        }
        let api = API(services)
        controlSocket = try ControlSocket(dataDirectory: configuration.dataDirectory)
        server = try Server.start(configuration.server(api), handler: api)
        do {
            control = try Server.start(
                ServerConfiguration(
                    addresses: [.unix(path: controlSocket.path, mode: 0o600)], loops: 1, logger: logger),
                handler: ControlDoor(api, userID: geteuid()))
        } catch {
            server.stop()
            throw error
        }
        running.withLock { [server] in $0 = server }
        do {
            let found = try ProcessLimits.shortages()
            for shortage in found { logger.warning("\(shortage)") }
            shortages.withLock { $0 = found }
        } catch {
            control.stop()
            server.stop()
            throw error
        }
        noteClock()
        pool.start()
        housekeeper.start()
    }

    /// Times are compared all over the database: with a clock that was ahead, what is new looks old.
    private func noteClock() {
        guard let newest = try? store.newestEventTime(), newest > .now else { return }
        logger.warning(
            "the clock is behind the newest event of the database: it was ahead before, or it is wrong now",
            metadata: ["clock": "\(Timestamp.now)", "newest_event": "\(newest)"])
    }

    /// How long requests are still taken after `/readyz` has said that the server ends.
    private static let noticeMilliseconds = 500
    /// How long before the connections are cut event streams are told to end.
    private static let lastCallSeconds = 1.0
    /// What a command that is being answered gets when the server ends.
    private static let controlDrainSeconds = 1.0

    /// Reads certificate and key again; the old ones stay in force when the new ones cannot be used.
    func reloadCertificates() {
        do {
            try server.reloadCertificates()
            logger.notice("certificates reloaded")
        } catch {
            logger.error("certificates not reloaded: \(error)")
        }
    }

    /// Ends in order: answers what is in flight, lets running jobs checkpoint and go back to the queue, closes the store.
    ///
    /// Who waits for a change is answered at once. Jobs come to rest while the connections drain; event streams then send
    /// what that has written, and end.
    func drain(seconds: Int) {
        isDraining.withLock { $0 = true }
        store.changes.notify(.draining)
        // Whoever balances load has a moment to see `/readyz` before connections are refused.
        usleep(UInt32(clamping: min(Self.noticeMilliseconds, seconds * 1_000) * 1_000))
        let jobsAreAtRest = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [pool, store] in
            // What does not make it in time is taken up after the next start.
            _ = pool.drain(seconds: seconds)
            store.changes.notify(.drained)
            jobsAreAtRest.signal()
        }
        // Streams end in order even where a job does not come to rest in time.
        let lastCall = DispatchWorkItem { [store] in store.changes.notify(.drained) }
        DispatchQueue.global().asyncAfter(
            deadline: .now() + max(0, Double(seconds) - Self.lastCallSeconds), execute: lastCall)
        server.drain(seconds: Double(seconds))
        lastCall.cancel()
        control.drain(seconds: Self.controlDrainSeconds)
        jobsAreAtRest.wait()
        housekeeper.stop()
        store.close()
    }
}

extension Service.Configuration {
    fileprivate var finishedSettings: APISettings {
        var settings = settings
        settings.version = Build.version
        settings.build = Build.configuration
        settings.workers = workers
        settings.threadsMax = workers
        return settings
    }

    fileprivate func server(_ api: API) -> ServerConfiguration {
        ServerConfiguration(
            addresses: addresses, loops: loops, limits: serverLimits, tls: tls, logger: logger,
            accessLog: logsAccess ? AccessLog(logger: logger).record : nil,
            handshakeRefused: api.noteFailedHandshake)
    }
}

/// A server without keys would stand open to the network.
struct OpenDoor: Error, CustomStringConvertible {
    let description = """
        without keys the server listens on loopback addresses only (127.0.0.1, ::1, localhost); \
        make the first key with "tenbin keys create --data-dir DIR --name NAME --scope admin"
        """
}

extension Timestamp {
    /// From the system's clock.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
