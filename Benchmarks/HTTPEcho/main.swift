import Glibc
import HTTPServer
import HTTPTypes
import HTTPWire
import Logging

// A server with nothing behind it: what the transport itself costs and how it behaves, for benchmarks and for the tests
// that use outside clients. `HTTPEcho [--port N] [--unix PATH] [--loops N] [--tls-cert FILE --tls-key FILE]`.

let options = EchoOptions(arguments: CommandLine.arguments)
do {
    let server = try Server.start(options.configuration, handler: EchoHandler())
    for address in server.addresses { print(address) }
    fflush(nil)
    options.waitForEnd {
        do { try server.reloadCertificates() } catch { print(error) }
    }
    server.drain(seconds: options.drainSeconds)
} catch {
    print("cannot start: \(error)")
    exit(1)
}
