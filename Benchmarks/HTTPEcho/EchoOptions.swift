import Glibc
import HTTPServer
import Logging

/// The flags of the echo server.
struct EchoOptions {
    var configuration: ServerConfiguration
    var drainSeconds = 5.0

    init(arguments: [String]) {
        var limits = ServerLimits()
        var address = ListenAddress.tcp(host: "127.0.0.1", port: 0)
        var loops = 1
        var tls = TLSConfiguration(certificatePath: "", keyPath: "")
        var rest = arguments.dropFirst()
        func value() -> String { rest.popFirst() ?? "" }
        while let flag = rest.popFirst() {
            switch flag {
            case "--port": address = .tcp(host: "127.0.0.1", port: UInt16(value()) ?? 0)
            case "--unix": address = .unix(path: value(), mode: 0o600)
            case "--loops": loops = Int(value()) ?? 1
            case "--tls-cert": tls.certificatePath = value()
            case "--tls-key": tls.keyPath = value()
            case "--idle-seconds": limits.idleSeconds = Double(value()) ?? 60
            case "--header-seconds": limits.headerSeconds = Double(value()) ?? 10
            default: print("unknown flag \(flag)")
            }
        }
        configuration = ServerConfiguration(
            addresses: [address], loops: loops, limits: limits, tls: tls.certificatePath.isEmpty ? nil : tls,
            logger: Logger(label: "echo"))
    }

    /// Blocks until SIGINT or SIGTERM, and calls `reload` at each SIGHUP.
    func waitForEnd(reload: () -> Void) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGHUP)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var number: Int32 = 0
        while sigwait(&signals, &number) == 0, number == SIGHUP { reload() }
    }
}
