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
        var logsAccess = false
    }

    let store: Store
    let server: Server
    private let pool: WorkerPool
    private let housekeeper: Housekeeper
    private let isDraining: Lock<Bool>

    /// Starts everything; when it returns, requests are answered.
    init(_ configuration: Configuration) throws {
        let logger = configuration.logger
        let clock: @Sendable () -> Timestamp = { .now }
        let store = try Store(
            StoreConfiguration(
                dataDirectory: configuration.dataDirectory, limits: configuration.storeLimits, clock: clock,
                logger: logger))
        self.store = store
        let trainer = TrainingService(cacheBytesMax: configuration.cacheBytesMax)
        pool = WorkerPool(
            store: store,
            configuration: WorkerPoolConfiguration(
                workers: configuration.workers, environment: trainer.environment, logger: logger),
            train: trainer.train)
        let isDraining = Lock(false)
        self.isDraining = isDraining
        var settings = configuration.settings
        settings.version = Build.version
        settings.workers = configuration.workers
        settings.threadsMax = configuration.workers
        let api = API(
            Services(
                store: store, trainer: trainer.functions, settings: settings,
                queue: DispatchQueue(label: "tenbin.api", attributes: .concurrent), clock: clock,
                logger: logger,
                isDraining: { isDraining.withLock { $0 } }))
        server = try Server.start(
            ServerConfiguration(
                addresses: configuration.addresses, loops: configuration.loops,
                limits: configuration.serverLimits,
                logger: logger, accessLog: configuration.logsAccess ? AccessLog(logger: logger).record : nil
            ),
            handler: api)
        housekeeper = Housekeeper(store: store, retention: configuration.retention, logger: logger)
        pool.start()
        housekeeper.start()
    }

    /// Ends in order: answers what is in flight, lets running jobs checkpoint and go back to the queue, closes the store.
    func drain(seconds: Int) {
        isDraining.withLock { $0 = true }
        server.drain(seconds: Double(seconds))
        // What does not make it in time is taken up after the next start.
        _ = pool.drain(seconds: seconds)
        housekeeper.stop()
        store.close()
    }
}

/// Writes a line for each answered request.
private struct AccessLog {
    let logger: Logger

    @Sendable func record(_ record: AccessRecord) {
        logger.info(
            "request",
            metadata: [
                "method": "\(record.method)", "route": "\(record.route ?? record.target)",
                "status": "\(record.status)", "bytes": "\(record.bytes)", "seconds": "\(record.seconds)",
                "request_id": "\(record.requestID)", "peer": "\(record.peer)",
            ])
    }
}

extension Timestamp {
    /// From the system's clock.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
