import Foundation
import Glibc
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// What a client may rely on when the server is restarted between two of its requests.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RestartTests {
    /// Starts a server, lets `before` ask it, restarts it on the same folder, and lets `after` ask.
    private static func acrossARestart<Value>(
        _ before: (ServerProcess) throws -> Value, _ after: (ServerProcess, Value) throws -> Void
    ) throws {
        let folder = ServerProcess.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try ServerProcess(folder: folder)
        let value = try before(first)
        #expect(first.end(with: SIGTERM) == 0)
        try after(try ServerProcess(folder: folder), value)
    }

    /// The durable entries of a job's stream: pairs of id and data.
    private static func events(_ server: ServerProcess, _ job: String, lastEvent: String? = nil) throws -> [String] {
        var fields = [("Accept", "text/event-stream")]
        if let lastEvent { fields.append(("Last-Event-ID", lastEvent)) }
        let answer = try server.http.send("GET", "/v1/jobs/\(job)/events", fields: fields)
        #expect(answer.status == 200)
        #expect(answer.fields["content-type"] == "text/event-stream")
        return String(decoding: answer.body, as: UTF8.self).components(separatedBy: "\n\n").filter {
            $0.contains("\nid: ")
        }
    }

    @Test func anEventStreamGoesOnWhereItsReaderWas() throws {
        try Self.acrossARestart { server in
            let job = try server.submit(try server.uploadDigits())
            _ = try server.waitForEnd(job)
            return (job: job, events: try Self.events(server, job))
        } _: { server, seen in
            #expect(seen.events.count > 5)
            #expect(try Self.events(server, seen.job) == seen.events)
            #expect(try Self.events(server, seen.job, lastEvent: "3") == Array(seen.events.dropFirst(3)))
            let all = try server.http.send(
                "GET", "/v1/jobs/\(seen.job)/events",
                fields: [("Accept", "text/event-stream"), ("Last-Event-ID", String(seen.events.count))])
            #expect(all.status == 204, "nothing will ever follow")
        }
    }

    @Test func aRepeatedSubmissionIsAnsweredAsTheFirst() throws {
        func submit(_ server: ServerProcess, _ dataset: String, epochs: Int) throws -> HTTPClient.Response {
            let spec = """
                {"dataset":"\(dataset)","epochs":\(epochs),"tasks":[{"target":"digit","type":"classification"}]}
                """
            return try server.http.send(
                "POST", "/v1/jobs", fields: [("Idempotency-Key", "once")],
                content: .bytes(Array(spec.utf8), type: "application/json"))
        }
        try Self.acrossARestart { server in
            let dataset = try server.uploadDigits()
            return (dataset: dataset, answer: try submit(server, dataset, epochs: 1))
        } _: { server, first in
            #expect(first.answer.status == 202)
            let again = try submit(server, first.dataset, epochs: 1)
            #expect(again.status == 202)
            #expect(again.body == first.answer.body)
            #expect(again.fields["idempotency-replayed"] == "true")
            #expect(again.fields["location"] == first.answer.fields["location"])
            #expect(try submit(server, first.dataset, epochs: 2).status == 422)
            #expect(try server.client.get("/v1/jobs")["items"]?.elements?.count == 1)
        }
    }

    @Test func anEntityTagOfBeforeIsNoTagOfAfter() throws {
        try Self.acrossARestart { server in
            let job = try server.submit(try server.uploadDigits(), epochs: 1)
            _ = try server.waitForEnd(job)
            return (job: job, tag: try server.http.send("GET", "/v1/jobs/\(job)").fields["etag"] ?? "")
        } _: { server, seen in
            func status(_ method: String, _ condition: String, _ body: HTTPClient.Content = .none) throws -> Int {
                let fields = [(condition, seen.tag)]
                return try server.http.send(method, "/v1/jobs/\(seen.job)", fields: fields, content: body).status
            }
            let patch = HTTPClient.Content.bytes(Array(#"{"name":"x"}"#.utf8), type: "application/json")
            // Progress is counted anew, so what a tag of the other process stood for is not known; a change is meant for
            // the row, which is as it was the first time.
            let statuses = try [
                status("GET", "If-None-Match"), status("PATCH", "If-Match", patch), status("PATCH", "If-Match", patch),
            ]
            #expect(statuses == [200, 200, 412])
        }
    }
}
