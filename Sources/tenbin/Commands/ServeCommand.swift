import API
import ArgumentParser
import Dispatch
import Foundation
import HTTPServer
import JobStore
import Logging
import Metrics

/// `tenbin serve`
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Start the server.")

    @Option(help: "The folder that everything is kept in; made when missing.")
    var dataDir: String

    @OptionGroup(title: "Listening") var listening: ListenOptions

    @Option(help: "Threads that train, all jobs together: a job takes as many as its spec asks for.")
    var workers = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Event loops that serve connections.")
    var loops = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Seconds that requests and jobs in flight get when the server is told to end.")
    var drainSeconds = 8

    @Option(help: "An origin whose pages may call the API from a browser. May be repeated.")
    var corsOrigin: [String] = []

    @Option(help: "What is logged: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    var logLevel = Logger.Level.info.rawValue

    @Option(help: "How it is logged: \(LogFormat.allCases.map(\.rawValue).joined(separator: " or ")).")
    var logFormat = LogFormat.text

    @Flag(help: "Log every request.")
    var accessLog = false

    @Option(help: "How long the checkpoints of jobs that are over are kept: 12h, 30d, …; for ever by default.")
    var retainCheckpoints: Age?

    @Option(help: "How long jobs that are over are kept: 12h, 30d, …; for ever by default.")
    var retainJobs: Age?

    @Option(help: "How long files that no row names stay in the folder's unclaimed/: 12h, 30d, …; 30d by default.")
    var retainUnclaimed: Age?

    @Flag(help: "Leave the data folder readable for its group: modes 0750 and 0640 instead of 0700 and 0600.")
    var allowGroupRead = false

    @Flag(help: "Say what would be removed for being older than that, remove nothing, and end.")
    var retainDryRun = false

    @OptionGroup(title: "Limits") var limits: LimitOptions

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level \(logLevel): there is no such level")
        }
        guard (1...1_024).contains(workers) else { throw ValidationError("--workers must lie between 1 and 1024") }
        guard (1...256).contains(loops) else { throw ValidationError("--loops must lie between 1 and 256") }
        guard (0...3_600).contains(drainSeconds) else {
            throw ValidationError("--drain-seconds must lie between 0 and 3600")
        }
        guard !dataDir.isEmpty else { throw ValidationError("--data-dir must name a folder") }
        for origin in corsOrigin where !Self.isOrigin(origin) {
            throw ValidationError(
                "--cors-origin \(origin): expected what browsers send, as in https://dashboard.example:8443")
        }
    }

    func run() throws {
        umask(access.mask)
        Arenas.limit(toCores: ProcessInfo.processInfo.activeProcessorCount)
        let level = Logger.Level(rawValue: logLevel) ?? .info
        let format = logFormat
        LoggingSystem.bootstrap { label in format.handler(label: label, level: level) }
        let logger = Logger(label: "tenbin")
        if retainDryRun { return try tellWhatWouldBeRemoved(logger) }
        Self.raiseDescriptorLimit()
        let ended = DispatchSemaphore(value: 0)
        let queue = DispatchQueue(label: "tenbin.signals")
        let signals = Signals(queue: queue) { ended.signal() }
        let configuration = configuration(logger)
        MetricsSystem.bootstrap(configuration.metrics)
        let service = try Service(configuration)
        signals.onHangUp(queue: queue) { service.reloadCertificates() }
        for address in service.server.addresses { print("Tenbin listens on \(address)") }
        // Whoever started the server through a pipe waits for this line.
        fflush(nil)
        ended.wait()
        logger.notice("draining", metadata: ["seconds": "\(drainSeconds)"])
        service.drain(seconds: drainSeconds)
        withExtendedLifetime(signals) { logger.notice("ended") }
    }

    /// Whether a browser could send it in `Origin`: a scheme, a host and perhaps a port, all in lower case and nothing else.
    private static func isOrigin(_ text: String) -> Bool {
        text.wholeMatch(of: /https?:\/\/([a-z0-9._\-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/) != nil
    }

    private var retention: Retention {
        Retention(
            checkpointSeconds: retainCheckpoints?.seconds, jobSeconds: retainJobs?.seconds,
            unclaimedSeconds: retainUnclaimed?.seconds ?? Retention.unclaimedSecondsUsual)
    }

    private var access: FolderAccess { allowGroupRead ? .groupReads : .owner }

    private func tellWhatWouldBeRemoved(_ logger: Logger) throws {
        var configuration = StoreConfiguration(
            dataDirectory: dataDir, limits: limits.store, clock: { .now }, logger: logger)
        configuration.access = access
        let store = try Store(configuration)
        defer { store.close() }
        let found = try store.collectable(retention)
        let unclaimed = try store.unclaimed(retention)
        print(
            "would remove \(found.jobs) jobs, and of \(found.jobsThinned) others the checkpoints:",
            "\(found.checkpoints) checkpoints of \(found.checkpointBytes) bytes,",
            "\(found.idempotencyKeys) idempotency keys, \(unclaimed.count) folders of unclaimed files")
    }

    /// Takes as many file descriptors as the system lets it have: each connection needs one, and the usual soft limit is 1024.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        // Where that is refused, the server goes on with what it has, and says so when descriptors run out.
        _ = setrlimit(resource, &limit)
    }

    private func configuration(_ logger: Logger) -> Service.Configuration {
        var configuration = Service.Configuration(
            addresses: listening.addresses, isLoopback: listening.isLoopback, tls: listening.tls,
            dataDirectory: dataDir, access: access, workers: workers, loops: loops,
            serverLimits: limits.server, storeLimits: limits.store,
            retention: retention, logger: logger, logsAccess: accessLog)
        limits.apply(to: &configuration.settings)
        configuration.settings.corsOrigins = corsOrigin
        configuration.settings.requiresKey = listening.requireAuth
        return configuration
    }
}

extension LogFormat: ExpressibleByArgument {}
