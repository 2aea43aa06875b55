import API
import Dispatch
import Foundation
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Logging
import Testing

/// Refusals leave a trace that nobody can flood.
struct RefusalsTests {
    /// Keeps warnings, and wakes whoever waits for the next.
    private final class Warnings: LogHandler, @unchecked Sendable {
        // True because the lines are behind their lock, and the rest is set up before anybody logs.
        private let lines = Lock<[Logger.Metadata]>([])
        private let arrived = DispatchSemaphore(value: 0)
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.message == "requests refused" else { return }
            lines.withLock { $0.append(event.metadata ?? [:]) }
            arrived.signal()
        }

        func next() -> Logger.Metadata? {
            guard arrived.wait(timeout: .now() + .seconds(10)) == .success else { return nil }
            return lines.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }

        var isEmpty: Bool { lines.withLock { $0.isEmpty } }
    }

    private static func value(_ reason: String, in bench: Bench, _ fields: HTTPFields) -> String? {
        let sample = "tenbin_refusals_total{reason=\"\(reason)\"} "
        let line = bench.ask(.get, "/metrics", fields: fields).text.split(separator: "\n").first {
            $0.hasPrefix(sample)
        }
        return line.map { String($0.dropFirst(sample.count)) }
    }

    @Test func refusalsAreCountedByReason() throws {
        let bench = try Bench({ $0.requestsPerKeyAndMinute = 5 })
        let admin = try bench.makeKey("admin")
        let reader = try bench.makeKey("read", as: admin)
        #expect(Self.value("forbidden", in: bench, admin.fields) == "0")
        _ = bench.ask(.get, "/v1/jobs")
        _ = bench.ask(.get, "/v1/jobs", fields: [.authorization: "Bearer x"])
        _ = bench.ask(.get, "/v1/api-keys", fields: reader.fields)
        while bench.ask(.get, "/v1/jobs", fields: reader.fields).status != 429 {}
        #expect(Self.value("unauthenticated", in: bench, admin.fields) == "2")
        #expect(Self.value("forbidden", in: bench, admin.fields) == "1")
        bench.clock.advance(seconds: 60)
        #expect(Self.value("rate_limited", in: bench, admin.fields) == "1")
    }

    @Test func handshakesThatFailedAreAmongThem() throws {
        let failed = Lock(3)
        let bench = try Bench(handshakeRefusals: { failed.withLock { $0 } })
        #expect(Self.value("handshake", in: bench, [:]) == "3")
        failed.withLock { $0 = 5 }
        #expect(Self.value("handshake", in: bench, [:]) == "5")
    }

    @Test func manyRefusalsAreOneWarningWithTheirCount() throws {
        let warnings = Warnings()
        let bench = try Bench(
            { $0.refusalSilenceMilliseconds = 1_500 }, logger: Logger(label: "test") { _ in warnings })
        let admin = try bench.makeKey("admin")
        let wrong: HTTPFields = [.authorization: "Bearer " + admin.secret.dropLast() + "."]
        for _ in 1...20 { #expect(bench.ask(.get, "/v1/jobs", fields: wrong).status == 401) }
        let first = try #require(warnings.next())
        #expect(first["count"] == "1" && first["reason"] == "unauthenticated")
        #expect(first["address"] == "127.0.0.1" && first["key"] == "\(admin.id)")
        let rest = try #require(warnings.next())
        #expect(rest["count"] == "19" && rest["key"] == "\(admin.id)")
        // Another address is told apart, and a request without a key names none.
        #expect(bench.ask(.get, "/v1/jobs", from: Peer(address: "192.0.2.7")).status == 401)
        let other = try #require(warnings.next())
        #expect(other["address"] == "192.0.2.7" && other["count"] == "1" && other["key"] == nil)
    }

    @Test func manyAddressesDoNotFillTheLog() throws {
        let warnings = Warnings()
        let bench = try Bench({ $0.requiresKey = true }, logger: Logger(label: "test") { _ in warnings })
        for number in 0..<1_200 {
            #expect(bench.ask(.get, "/v1/jobs", from: Peer(address: "2001:db8::\(number)")).status == 401)
        }
        var addresses: [Logger.Metadata.Value?] = []
        for _ in 0..<1_001 { addresses.append(try #require(warnings.next())["address"]) }
        #expect(addresses.contains("others"))
        #expect(warnings.isEmpty)
    }
}

/// Who takes something away is in the audit log.
struct DownloadLogTests {
    private static func entries(_ bench: Bench, _ fields: HTTPFields = [:]) throws -> [JSONValue] {
        try #require(try bench.ask(.get, "/v1/audit-log", fields: fields).json()["items"]?.elements)
            .filter { $0["action"]?.text?.hasPrefix("GET ") == true }
    }

    /// Asks until the log has so many entries: they are written behind the answer.
    private static func awaitEntries(_ count: Int, _ bench: Bench, _ fields: HTTPFields = [:]) throws -> [JSONValue] {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let found = try entries(bench, fields)
            if found.count >= count || ContinuousClock.now > deadline { return found }
        }
    }

    @Test func backupsAndDownloadsAreInTheAuditLog() throws {
        let bench = try Bench()
        let dataset = try bench.upload()
        let model = try bench.trainedModel()
        let job = try #require(try bench.ask(.get, "/v1/models/\(model)").json()["job"]?.text)
        let admin = try bench.makeKey("admin")
        let targets = [
            "/v1/backup", "/v1/models/\(model)/content?format=safetensors", "/v1/datasets/\(dataset)/rows",
            "/v1/jobs/\(job)/checkpoints/3/content",
        ]
        for target in targets {
            let answer = bench.ask(.get, target, fields: admin.fields)
            #expect(answer.status == 200, "\(target)")
            answer.stream?.cancel()
        }
        let found = try Self.awaitEntries(targets.count, bench, admin.fields)
        #expect(Set(found.compactMap { $0["target"]?.text }) == Set(targets))
        #expect(found.allSatisfy { $0["key"]?.text == admin.id && $0["status"]?.double == 200 })
        // A refused one took nothing, and the head alone takes nothing away.
        #expect(bench.ask(.get, "/v1/backup").status == 401)
        #expect(bench.ask(.head, "/v1/models/\(model)/content", fields: admin.fields).status == 200)
    }

    @Test func theSameDownloadAgainIsOneEntryAMinute() throws {
        let bench = try Bench()
        let target = "/v1/models/\(try bench.trainedModel())/content"
        for start in 0..<9 {
            #expect(bench.ask(.get, target, fields: [.range: "bytes=\(start)-\(start)"]).status == 206)
        }
        bench.clock.advance(seconds: 60)
        #expect(bench.ask(.get, target).status == 200)
        let found = try Self.awaitEntries(2, bench)
        #expect(found.compactMap { $0["status"]?.double } == [200, 206], "\(found)")
    }

    @Test func aDownloadDoesNotWaitForItsEntry() throws {
        let bench = try Bench()
        let target = "/v1/jobs/\(try bench.train())/checkpoints/3/content"
        // The writer stands still, as it does while a disk is slow.
        let goesOn = DispatchSemaphore(value: 0)
        let key = bench.store.makeIdentifier(.apiKey)
        bench.store.noteUse(of: key, at: bench.clock.now).commit { _ in _ = goesOn.wait(timeout: .now() + .seconds(10))
        }
        #expect(bench.ask(.get, target).status == 200)
        #expect(try Self.entries(bench).isEmpty)
        goesOn.signal()
        #expect(try Self.awaitEntries(1, bench).count == 1)
    }
}
