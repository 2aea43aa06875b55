import ArgumentParser
import HTTPServer

/// Where the server waits for connections.
struct ListenOptions: ParsableArguments {
    @Option(help: "The address to listen on. Without keys only loopback addresses are allowed.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port: UInt16 = 8080

    @Option(help: "Listen on a UNIX socket as well, unix:PATH, which only the same user can open. May be repeated.")
    var listen: [String] = []

    func validate() throws {
        guard Self.isLoopback(host) else {
            throw ValidationError(
                "--host \(host): without keys the server listens on loopback addresses only (127.0.0.1, ::1, localhost)"
            )
        }
        for text in listen where !text.hasPrefix("unix:/") {
            throw ValidationError("--listen \(text): expected unix:/PATH")
        }
    }

    var addresses: [ListenAddress] {
        [.tcp(host: host, port: port)]
            + listen.map { .unix(path: String($0.dropFirst("unix:".count)), mode: 0o600) }
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
