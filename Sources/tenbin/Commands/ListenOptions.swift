import ArgumentParser
import Foundation
import HTTPServer

/// Where the server waits for connections, and how they are secured.
struct ListenOptions: ParsableArguments {
    @Option(help: "The address to listen on. Until there is a key only loopback addresses are allowed.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port: UInt16 = 8080

    @Option(help: "Listen on a UNIX socket as well, unix:PATH, which only the same user can open. May be repeated.")
    var listen: [String] = []

    @Option(help: "A PEM file with the server's certificate and the intermediate ones: TLS on every TCP address.")
    var tlsCert: String?

    @Option(help: "A PEM file with the certificate's private key.")
    var tlsKey: String?

    @Option(help: "A PEM file with authorities whose client certificates are asked for.")
    var tlsClientCa: String?

    @Flag(
        help: """
            Fail the TLS handshake of a client without a valid certificate of --tls-client-ca, on every TLS address. A key is \
            still needed.
            """)
    var tlsClientRequired = false

    @Flag(help: "Let nobody in without a key, even before there is one.")
    var requireAuth = false

    func validate() throws {
        for text in listen where !text.hasPrefix("unix:/") {
            throw ValidationError("--listen \(text): expected unix:/PATH")
        }
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-cert and --tls-key belong together")
        }
        guard tlsClientCa == nil || tlsCert != nil else {
            throw ValidationError("--tls-client-ca needs --tls-cert and --tls-key")
        }
        guard !tlsClientRequired || tlsClientCa != nil else {
            throw ValidationError("--tls-client-required needs --tls-client-ca")
        }
    }

    /// Sockets that systemd hands over take the place of `--host` and `--port`.
    var addresses: [ListenAddress] {
        let inherited = Self.inherited
        return (inherited.isEmpty ? [.tcp(host: host, port: port)] : inherited)
            + listen.map { .unix(path: String($0.dropFirst("unix:".count)), mode: 0o600) }
    }

    var tls: TLSConfiguration? {
        guard let tlsCert, let tlsKey else { return nil }
        return TLSConfiguration(
            certificatePath: tlsCert, keyPath: tlsKey,
            clientAuthority: tlsClientCa.map { .init(path: $0, isRequired: tlsClientRequired) })
    }

    private static var inherited: [ListenAddress] {
        SocketActivation.addresses(environment: ProcessInfo.processInfo.environment, processID: getpid())
    }

    /// Only this machine can connect. Sockets that somebody else opened are judged by their addresses.
    var isLoopback: Bool {
        let inherited = Self.inherited
        guard inherited.isEmpty else { return inherited.allSatisfy(SocketActivation.isPrivate) }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        return host == "localhost" || host == "::1" || (octets.count == 4 && octets[0] == 127)
    }
}
