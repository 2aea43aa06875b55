import API
import ArgumentParser
import Dispatch
import Foundation
import HTTPServer
import Logging

/// `tenbin serve`
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Start the server.")

    @Option(help: "The address to listen on. Without keys only loopback addresses are allowed.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port: UInt16 = 8080

    @Option(help: "The folder that everything is kept in; made when missing.")
    var dataDir: String

    @Option(help: "Jobs that train at the same time.")
    var workers = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Seconds that requests and jobs in flight get when the server is told to end.")
    var drainSeconds = 8

    @Option(help: "What is logged: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
    var logLevel = Logger.Level.info.rawValue

    @Flag(help: "Log every request.")
    var accessLog = false

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level \(logLevel): there is no such level")
        }
        guard workers >= 1 else { throw ValidationError("--workers must be at least 1") }
        guard drainSeconds >= 0, drainSeconds <= 3_600 else {
            throw ValidationError("--drain-seconds must lie between 0 and 3600")
        }
        guard Self.isLoopback(host) else {
            throw ValidationError(
                "--host \(host): without keys the server listens on loopback addresses only (127.0.0.1, ::1, localhost)"
            )
        }
    }

    func run() throws {
        let level = Logger.Level(rawValue: logLevel) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "tenbin")
        var configuration = Service.Configuration(
            addresses: [.tcp(host: host, port: port)], dataDirectory: dataDir, workers: workers,
            loops: ProcessInfo.processInfo.activeProcessorCount, logger: logger, logsAccess: accessLog)
        configuration.settings.version = Build.version
        configuration.settings.threadsMax = workers
        let ended = DispatchSemaphore(value: 0)
        let signals = Signals(queue: DispatchQueue(label: "tenbin.signals")) { ended.signal() }
        let service = try Service(configuration)
        for address in service.server.addresses { print("Tenbin listens on \(address)") }
        // Whoever started the server through a pipe waits for this line.
        fflush(nil)
        ended.wait()
        logger.notice("draining", metadata: ["seconds": "\(drainSeconds)"])
        service.drain(seconds: drainSeconds)
        withExtendedLifetime(signals) { logger.notice("ended") }
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
