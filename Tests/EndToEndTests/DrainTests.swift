import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// A server that ends tells everyone who waits, in order.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DrainTests {
    private static let clients = 20
    /// Much longer than an end takes that nobody holds up, and much shorter than the test may take.
    private static let drainSeconds = 60

    /// What a connection answered until its end, read on a thread of its own.
    private final class Reading: @unchecked Sendable {
        // True because the thread writes before it signals, and the test reads after that.
        private(set) var answer = ""
        private let ended = DispatchSemaphore(value: 0)

        init(_ request: String, to server: ServerProcess) throws {
            let asked = DispatchSemaphore(value: 0)
            let port = server.port
            Thread.detachNewThread { [self] in
                var bytes: [UInt8] = []
                if let connection = try? ClientConnection(to: .tcp(host: "127.0.0.1", port: port)) {
                    try? connection.write(Array(request.utf8))
                    asked.signal()
                    while let piece = try? connection.read(atMost: 65_536), !piece.isEmpty { bytes += piece }
                }
                answer = String(decoding: bytes, as: UTF8.self)
                ended.signal()
            }
            try #require(asked.wait(timeout: .now() + .seconds(20)) == .success)
        }

        func end() throws -> String {
            try #require(ended.wait(timeout: .now() + .seconds(DrainTests.drainSeconds / 2)) == .success)
            return answer
        }
    }

    @Test func whoeverWaitsIsAnsweredAndEveryStreamEndsProperly() throws {
        let server = try ServerProcess(workers: 2, options: ["--drain-seconds", String(Self.drainSeconds)])
        let dataset = try server.uploadDigits()
        let jobs = try (0..<2).map { _ in try server.submit(dataset, epochs: 100_000) }
        for job in jobs { while try server.epochs(job).isEmpty {} }
        func request(_ path: String, _ field: String) -> String {
            "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n\r\n"
        }
        let streams = try (0..<Self.clients).map { number in
            let path = number % 2 == 0 ? "/v1/jobs/\(jobs[0])/events" : "/v1/events"
            return try Reading(request(path, "Accept: text/event-stream"), to: server)
        }
        let polls = try (0..<Self.clients).map { _ in
            try Reading(request("/v1/jobs/\(jobs[1])", "Prefer: wait=55"), to: server)
        }
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/curl")
        curl.arguments = [
            "--silent", "--http2-prior-knowledge", "--header", "Accept: text/event-stream",
            "http://127.0.0.1:\(server.port)/v1/jobs/\(jobs[1])/events",
        ]
        let output = Pipe()
        curl.standardOutput = output
        try curl.run()
        // The first bytes of the stream: it is open.
        _ = try output.fileHandleForReading.read(upToCount: 1)
        let begun = ContinuousClock.now
        #expect(server.end(with: SIGTERM) == 0)
        #expect(ContinuousClock.now - begun < .seconds(Self.drainSeconds / 2))
        for stream in streams {
            let answer = try stream.end()
            #expect(answer.hasSuffix("\r\n0\r\n\r\n"), "the last chunk")
            #expect(answer.contains("\"from\":\"running\",\"to\":\"queued\""))
        }
        for poll in polls {
            let answer = try poll.end()
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.contains("\"state\":\"running\""))
        }
        let rest = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        curl.waitUntilExit()
        #expect(curl.terminationStatus == 0, "the stream ended, it was not cut")
        #expect(rest.contains("\"from\":\"running\",\"to\":\"queued\""))
    }
}
