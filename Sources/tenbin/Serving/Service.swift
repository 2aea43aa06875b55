import API
import Datasets
import Dispatch
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
        let store = try Store(
            StoreConfiguration(
                dataDirectory: configuration.dataDirectory, limits: configuration.storeLimits, clock: { .now },
                logger: configuration.logger, metrics: configuration.metrics))
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
        let trainer = TrainingService(cacheBytesMax: configuration.cacheBytesMax)
        pool = WorkerPool(
            store: store,
            configuration: WorkerPoolConfiguration(
                workers: configuration.workers, environment: trainer.environment,
                runningJobsPerOwnerMax: configuration.settings.runningJobsPerOwnerMax, logger: logger),
            train: trainer.train)
        housekeeper = Housekeeper(store: store, retention: configuration.retention, logger: logger)
        let isDraining = Lock(false)
        self.isDraining = isDraining
        var services = Services(
            store: store, trainer: trainer.functions, settings: configuration.finishedSettings,
            queue: DispatchQueue(label: "tenbin.api", attributes: .concurrent), clock: { .now }, logger: logger,
            isDraining: { isDraining.withLock { $0 } })
        services.faults = { store.damage }
        services.metrics = configuration.metrics
        let running = Lock<Server?>(nil)
        services.transportLoad = {
            running.withLock { $0?.statistics }.map { ($0.connections, $0.requestsInFlight) }
        }
        services.handshakeRefusals = { running.withLock { $0?.statistics.handshakeRefusals } ?? 0 }
        let api = API(services)
        controlSocket = try ControlSocket(dataDirectory: configuration.dataDirectory)
        server = try Server.start(configuration.server, handler: api)
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
        pool.start()
        housekeeper.start()
    }

    /// How long requests are still taken after `/readyz` has said that the server ends.
    private static let noticeMilliseconds = 500
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
    func drain(seconds: Int) {
        isDraining.withLock { $0 = true }
        // Whoever balances load has a moment to see `/readyz` before connections are refused.
        usleep(UInt32(clamping: min(Self.noticeMilliseconds, seconds * 1_000) * 1_000))
        server.drain(seconds: Double(seconds))
        control.drain(seconds: Self.controlDrainSeconds)
        // What does not make it in time is taken up after the next start.
        _ = pool.drain(seconds: seconds)
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

    fileprivate var server: ServerConfiguration {
        ServerConfiguration(
            addresses: addresses, loops: loops, limits: serverLimits, tls: tls, logger: logger,
            accessLog: logsAccess ? AccessLog(logger: logger).record : nil)
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
