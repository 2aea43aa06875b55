import Foundation
import Jobs
import LoadGenerator
import Locks

/// The clients of a soak: some submit tiny jobs at a steady pace and wait for them, the others ask about everything.
final class SoakLoad: Sendable {
    private struct State {
        var finished = 0
        /// The last jobs that have ended with a model.
        var recent: [String] = []
        var failure: (any Error)?
        var isEnding = false
    }

    /// So many that the pace is kept on a machine that is busy with other things, where each wait is long.
    private static let submitters = 24
    private static let pollers = 4
    private static let recentMax = 50
    private static let requestsPerSecond = 4.0

    private let port: UInt16
    private let jobsPerSecond: Double
    private let dataset: String
    private let state = Lock(State())
    private let clients = DispatchGroup()

    init(server: LoadedServer, jobsPerSecond: Double) throws {
        port = server.port
        self.jobsPerSecond = jobsPerSecond
        var table = "a,b,y\n"
        for row in 0..<100 { table += "\(row % 7),\(row % 11),\(row % 2)\n" }
        let answer = try server.connect().send(
            "POST", "/v1/datasets?name=t", Array(table.utf8), type: "text/csv")
        dataset = try JSONValue(parsing: answer)["id"]?.text ?? ""
    }

    enum Failure: Error {
        case ended(job: String, JSONValue?)
    }

    var finished: Int { state.withLock { $0.finished } }
    var failure: (any Error)? { state.withLock { $0.failure } }

    func begin() {
        for number in 0..<Self.submitters {
            run(perSecond: jobsPerSecond / Double(Self.submitters)) { [self] connection, turn in
                try finishJob(connection, turn: turn, client: number)
            }
        }
        for number in 0..<Self.pollers {
            run(perSecond: Self.requestsPerSecond) { [self] connection, turn in
                try ask(connection, turn: turn &+ number)
            }
        }
        // One whose connections do not live longer than a request.
        run(perSecond: Self.requestsPerSecond) { [self] _, turn in try ask(Connection(port: port), turn: turn) }
        run(perSecond: 1) { [self] connection, _ in try uploadAndDelete(connection) }
        run(perSecond: 1) { [self] _, _ in try followEvents(Connection(port: port)) }
    }

    /// Waits for the clients; throws what went wrong.
    func end() throws {
        state.withLock { $0.isEnding = true }
        clients.wait()
        if let failure { throw failure }
    }

    /// Calls `body` again and again on a thread of its own, as often a second as that, until the end.
    private func run(perSecond rate: Double, _ body: @escaping @Sendable (Connection, Int) throws -> Void) {
        clients.enter()
        Thread.detachNewThread { [self] in
            defer { clients.leave() }
            do {
                var connection = try Connection(port: port)
                var (turn, next) = (0, now())
                while !state.withLock({ $0.isEnding || $0.failure != nil }) {
                    do {
                        try body(connection, turn)
                        turn += 1
                    } catch LoadedServer.Failure.noConnection {
                        // A connection on which nothing came for long is closed by the server, as after a pause of both.
                        connection = try Connection(port: port)
                    }
                    // What was missed while the machine was busy is not made up for.
                    next = max(next + 1 / rate, now() - 1 / rate)
                    Thread.sleep(forTimeInterval: max(0, next - now()))
                }
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
            }
        }
    }

    // MARK: - What clients do

    private var spec: [UInt8] {
        Array(
            """
            {"dataset":"\(dataset)","tasks":[{"name":"y","target":"y","type":"binary"}],"epochs":1,\
            "model":{"encoder":{"type":"mlp","hidden":[8]}}}
            """.utf8)
    }

    /// Submits a job and waits for its end. One in ten is cancelled, one in ten paused and resumed.
    private func finishJob(_ connection: Connection, turn: Int, client: Int) throws {
        var job = try connection.json(
            "POST", "/v1/jobs", spec, fields: ["Idempotency-Key: \(client)-\(turn)"])
        let target = "/v1/jobs/\(job["id"]?.text ?? "")"
        // The job may have ended before: then the command is refused, which is as good.
        switch turn % 10 {
        case 3: _ = try connection.exchange("POST", target + "/cancel")
        case 7:
            _ = try connection.exchange("POST", target + "/pause")
            _ = try connection.json("GET", target)
            _ = try connection.exchange("POST", target + "/resume")
        default: break
        }
        while !["succeeded", "failed", "cancelled", "expired"].contains(job["state"]?.text) {
            if job["state"]?.text == "paused" { _ = try connection.exchange("POST", target + "/resume") }
            job = try connection.json("GET", target, fields: ["Prefer: wait=1"])
        }
        if job["state"]?.text == "failed" { throw Failure.ended(job: target, job["error"]) }
        note(job)
    }

    private func note(_ job: JSONValue) {
        state.withLock { state in
            state.finished += 1
            guard let id = job["id"]?.text, job["model"]?.text != nil else { return }
            if state.recent.count == Self.recentMax { state.recent.removeFirst() }
            state.recent.append(id)
        }
    }

    /// One of everything that can be asked, in turn.
    private func ask(_ connection: Connection, turn: Int) throws {
        guard let job = state.withLock({ $0.recent.randomElement() }) else { return }
        let target = "/v1/jobs/\(job)"
        let requests = [
            ("/v1/jobs", []), (target, []), (target + "/epochs?since=0", []), (target + "/task-weights", []),
            (target + "/task-weights", ["Accept: text/csv"]), (target + "/events", []), (target + "/logs", []),
            (target + "/checkpoints", []), (target + "/reproduction", []), ("/v1/models", []),
            ("/v1/jobs?state=succeeded&page_size=10", []), ("/v1/datasets", []), ("/metrics", []), ("/readyz", []),
            ("/openapi.json", ["Accept-Encoding: gzip"]), ("/", []),
        ]
        let (path, fields) = requests[turn % requests.count]
        _ = try connection.send("GET", path, fields: fields)
        // Refusals and predictions take other ways through the server.
        switch turn % 7 {
        case 2: _ = try connection.exchange("POST", "/v1/jobs", Array(#"{"dataset":"ds_x","epochz":1}"#.utf8))
        case 4: _ = try connection.exchange("GET", "/v1/nowhere")
        case 5:
            let model = try connection.json("GET", target)["model"]?.text ?? ""
            _ = try connection.send("POST", "/v1/models/\(model)/predict", Array(#"{"rows":[{"a":1,"b":2}]}"#.utf8))
            _ = try connection.send("GET", "/v1/models/\(model)/content?format=safetensors")
        default: break
        }
    }

    private func uploadAndDelete(_ connection: Connection) throws {
        var table = "a,b,y\n"
        for row in 0..<1_000 { table += "\(row % 7),\(row % 11),\(row % 2)\n" }
        let answer = try connection.send("POST", "/v1/datasets?name=passing", Array(table.utf8), type: "text/csv")
        _ = try connection.send("DELETE", "/v1/datasets/\(JSONValue(parsing: answer)["id"]?.text ?? "")")
    }

    /// Reads the events of a job that is over as a stream, which ends then.
    private func followEvents(_ connection: Connection) throws {
        guard let job = state.withLock({ $0.recent.randomElement() }) else { return }
        _ = try connection.send("GET", "/v1/jobs/\(job)/events", fields: ["Accept: text/event-stream"])
    }
}
