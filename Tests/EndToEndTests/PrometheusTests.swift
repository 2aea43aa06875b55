import Foundation
import Glibc
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// A real Prometheus, from Debian's package, that scrapes a real server. `make test` installs it.
@Suite(.timeLimit(.minutes(2))) struct PrometheusTests {
    private static let binary = "/usr/bin/prometheus"

    /// Prometheus on a port of its own until it is let go of.
    private final class Prometheus {
        let http: HTTPClient
        private let process = Process()
        private let folder: String

        init(target: String, secret: String) throws {
            try #require(
                FileManager.default.isExecutableFile(atPath: binary), "\(binary) is missing: make test installs it")
            folder = NSTemporaryDirectory() + "tenbin-prometheus-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let configuration = """
                global: { scrape_interval: 1s }
                scrape_configs:
                  - job_name: tenbin
                    authorization: { credentials: "\(secret)" }
                    static_configs: [{ targets: ["\(target)"] }]
                """
            try configuration.write(toFile: folder + "/prometheus.yml", atomically: true, encoding: .utf8)
            let port = Self.freePort()
            process.executableURL = URL(filePath: binary)
            process.arguments = [
                "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
                "--web.listen-address=127.0.0.1:\(port)",
            ]
            let output = Pipe()
            process.standardError = output
            try process.run()
            try Self.waitUntilReady(output.fileHandleForReading)
            http = HTTPClient(.tcp(host: "127.0.0.1", port: port))
        }

        /// It says so in its log; what it says after that is drained.
        private static func waitUntilReady(_ log: FileHandle) throws {
            var text = Data()
            while text.range(of: Data("Server is ready".utf8)) == nil {
                let more = log.availableData
                if more.isEmpty { throw Ended() }
                text += more
            }
            log.readabilityHandler = { _ = $0.availableData }
        }

        deinit {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// A port that is free now: Prometheus does not tell which one it took.
        private static func freePort() -> UInt16 {
            let descriptor = Descriptor(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(descriptor.value, $0, length)
                    getsockname(descriptor.value, $0, &length)
                }
            }
            return UInt16(bigEndian: address.sin_port)
        }

        /// What it has stored, once it has something: it scrapes in its own time.
        func wait(for query: String) throws -> [JSONValue] {
            while process.isRunning {
                guard let response = try? http.send("GET", "/api/v1/query?query=\(query.escapedForQuery)"),
                    response.status == 200,
                    let result = try JSONValue(parsing: response.body)["data"]?["result"]?.elements, !result.isEmpty
                else { continue }
                return result
            }
            throw Ended()
        }

        func targets() throws -> [JSONValue] {
            let response = try http.send("GET", "/api/v1/targets")
            return try JSONValue(parsing: response.body)["data"]?["activeTargets"]?.elements ?? []
        }

        struct Ended: Error {}
    }

    @Test func prometheusScrapesTheServerWithAKey() throws {
        let server = try ServerProcess(options: ["--require-auth"])
        let key = JSONValue.object([.init("name", .string("prometheus")), .init("scopes", JSONValue(["read"]))])
        let made = try APIClient(DataFolder.sender(for: server.folder)).post("/v1/api-keys", key)
        let secret = try #require(made["secret"]?.text)
        let prometheus = try Prometheus(target: "127.0.0.1:\(server.port)", secret: secret)
        _ = try prometheus.wait(for: "up{job=\"tenbin\"} == 1")
        #expect(try prometheus.targets().map { $0["lastError"]?.text } == [""])
        // A family of each kind: a counter, a gauge, a histogram and its buckets, and what only this scrape tells.
        for query in [
            "tenbin_http_requests_total{route=\"/v1/api-keys\",status=\"201\"}", "tenbin_jobs{state=\"queued\"}",
            "tenbin_store_commit_duration_seconds_count", "tenbin_store_commit_duration_seconds_bucket{le=\"+Inf\"}",
            "process_resident_memory_bytes", "tenbin_build_info",
        ] {
            #expect(try !prometheus.wait(for: query).isEmpty)
        }
    }
}
