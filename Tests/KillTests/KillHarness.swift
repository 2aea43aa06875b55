import Foundation
import Glibc
import HTTPClient
import Jobs

@testable import tenbin

/// Starts the server, submits jobs, kills it at a random instant, and again; remembers what was acknowledged.
final class KillHarness {
    let folder: String
    private let binary: URL
    private let environment: [String: String]
    private var generator: SeededGenerator
    private(set) var datasets: [Workload.Source: String] = [:]
    /// Identifier of each acknowledged job, by the number of its submission.
    private(set) var acknowledged: [Int: String] = [:]
    private var submitted = 0
    /// How long a request is repeated that a full disk or the load refuses.
    private static let retrySeconds = 120.0
    private(set) var killedBeforeListening = 0
    /// Servers that were told to end, and did.
    private(set) var drains = 0
    var drainsToo = false
    /// Some job must have been caught while it ran; whether one is in so many rounds is chance, so that rounds go on until
    /// `hasInterrupted`.
    var mustInterrupt = false
    /// Whether a job was seen that has run again.
    private(set) var hasInterrupted = false
    /// Servers that came up before they were killed.
    private(set) var runs = 0
    /// Starts that the server itself gave up, where that is allowed.
    private(set) var failedStarts = 0
    /// With faults injected, a server may refuse to start.
    var toleratesFailedStarts = false
    /// With little memory, a server may end at any time.
    var toleratesDeath = false
    /// Servers that ended by themselves, where that is allowed.
    private(set) var deaths = 0
    /// Puts the server under limits of the system.
    var launcher: [String] = []
    /// Done to a server that listens, before anything is asked of it.
    var onceListening: (VictimServer) throws -> Void = { _ in }
    /// How long a server lives once it listens, unless it dies while it starts.
    var lifeMilliseconds = 50...800
    /// Done to the data folder between two runs.
    var betweenRuns: (inout SeededGenerator) throws -> Void = { _ in }

    init(folder: String, seed: UInt64, binary: URL = VictimServer.binary, environment: [String: String] = [:]) {
        self.folder = folder
        self.binary = binary
        self.environment = environment
        generator = SeededGenerator(seed: seed)
    }

    enum Failure: Error {
        /// The server ended by itself.
        case died(status: Int32)
        /// The same submission was answered with two different jobs.
        case twoJobs(String, String)
        case refused(APIFailure)
        case notInTime(String)
    }

    // MARK: - Killing

    /// Starts a server and kills it, while clients submit one or two more jobs.
    func killOnce() throws {
        try betweenRuns(&generator)
        let server = try VictimServer(folder: folder, binary: binary, launcher: launcher, environment: environment)
        // One in five dies while it starts: in migration, recovery, or the first claims.
        let inStart = Int.random(in: 0..<5, using: &generator) == 0
        // And of the others one in five is told to end, so that it drains.
        let isTold = !inStart && drainsToo && Int.random(in: 0..<5, using: &generator) == 0
        let life = Int.random(in: inStart ? 0...200 : lifeMilliseconds, using: &generator)
        if inStart { server.send(signal: SIGKILL, afterMilliseconds: life) }
        if try server.awaitListening() {
            runs += 1
            if !inStart {
                server.send(signal: isTold ? SIGTERM : SIGKILL, afterMilliseconds: life)
                try onceListening(server)
            }
            noteInterruptions(server)
            submitted += Int.random(in: 1...2, using: &generator)
            try submitRest(to: server)
        } else {
            killedBeforeListening += 1
        }
        if server.awaitEnd() { return }
        if isTold, server.endedInOrder {
            drains += 1
            return
        }
        if toleratesDeath {
            deaths += 1
        } else if toleratesFailedStarts, server.client == nil, server.endedByItself {
            failedStarts += 1
        } else {
            throw Failure.died(status: server.exitStatus)
        }
    }

    private func noteInterruptions(_ server: VictimServer) {
        guard mustInterrupt, !hasInterrupted, let client = server.client else { return }
        // Killed while it is asked: the next one is asked again.
        let jobs = (try? client.all("/v1/jobs")) ?? []
        hasInterrupted = jobs.contains { ($0["attempt"]?.int ?? 0) > 1 }
    }

    /// Submits what has not been acknowledged, until the server is gone.
    private func submitRest(to server: VictimServer) throws {
        do {
            for source in Workload.Source.allCases where datasets[source] == nil {
                datasets[source] = try upload(source, to: server)
            }
            for number in 0..<submitted where acknowledged[number] == nil {
                acknowledged[number] = try submit(number, to: server)
            }
            // What was acknowledged must be answered again with the same job.
            if let (number, job) = acknowledged.randomElement(using: &generator) {
                let again = try submit(number, to: server)
                if again != job { throw Failure.twoJobs(job, again) }
            }
        } catch is ClientError {
            // Killed: the next run submits the rest.
        }
    }

    private func upload(_ source: Workload.Source, to server: VictimServer) throws -> String {
        try send(
            "POST", "/v1/datasets?name=\(source)", key: source.rawValue,
            content: .bytes(source.content(), type: source.mediaType), to: server
        ).identifier
    }

    private func submit(_ number: Int, to server: VictimServer) throws -> String {
        let spec = try Workload.spec(number, dataset: datasets[Workload.source(of: number)] ?? "")
        return try send(
            "POST", "/v1/jobs", key: "job-\(number)", content: .bytes(spec.encoded, type: "application/json"),
            to: server
        ).identifier
    }

    private func send(
        _ method: String, _ target: String, key: String, content: HTTPClient.Content, to server: VictimServer
    ) throws -> JSONValue {
        guard let http = server.http else { throw ClientError.closed }
        let end = DispatchTime.now() + Self.retrySeconds
        while true {
            let response = try http.send(method, target, fields: [("Idempotency-Key", key)], content: content)
            switch response.status {
            case 200..<300: return try JSONValue(parsing: response.body)
            // The disk or the load: ask again, as `Retry-After` says.
            case 503,
                507 where DispatchTime.now() < end:
                usleep(1_000)
            default: throw Failure.refused(APIFailure(response))
            }
        }
    }

    // MARK: - Pausing

    /// Submits jobs to a server that is told to end before they can be over.
    func submit(_ count: Int) throws {
        submitted = count
        let server = try VictimServer(folder: folder, binary: binary, environment: environment)
        guard try server.awaitListening() else { throw Failure.died(status: server.exitStatus) }
        try submitRest(to: server)
        server.send(signal: SIGTERM)
        if server.awaitEnd() || !server.endedInOrder { throw Failure.died(status: server.exitStatus) }
    }

    /// Pauses and resumes whatever runs until all are over. Returns how often.
    func pauseUntilTheEnd() throws -> Int {
        let server = try VictimServer(folder: folder, binary: binary, environment: environment)
        guard try server.awaitListening(), let client = server.client, let http = server.http else {
            throw Failure.died(status: server.exitStatus)
        }
        var (open, pauses) = (Set(acknowledged.values), 0)
        while !open.isEmpty {
            for id in open {
                let target = "/v1/jobs/\(id)"
                var job = try client.get(target)
                if Self.isOver(job) { open.remove(id) }
                guard job["state"]?.text == "running" else { continue }
                // Refused when it is over by now; 202 when a worker must obey.
                if try http.send("POST", target + "/pause").status == 202 { pauses += 1 }
                repeat { job = try client.get(target) } while job["state"]?.text == "pausing"
                if job["state"]?.text == "paused" { _ = try client.post(target + "/resume") }
            }
        }
        return pauses
    }

    // MARK: - The end

    /// Lets a server finish everything undisturbed and returns it.
    func finish(seconds: Int, submitting count: Int? = nil) throws -> VictimServer {
        if let count { submitted = max(submitted, count) }
        let server = try VictimServer(folder: folder, binary: binary)
        guard try server.awaitListening(), let client = server.client else {
            throw Failure.died(status: server.awaitEnd() ? SIGKILL : server.exitStatus)
        }
        try submitRest(to: server)
        let end = DispatchTime.now() + .seconds(seconds)
        for job in acknowledged.values {
            while !Self.isOver(try client.get("/v1/jobs/\(job)", waitingSeconds: 1)) {
                guard DispatchTime.now() < end else { throw Failure.notInTime(job) }
            }
        }
        return server
    }

    private static func isOver(_ job: JSONValue) -> Bool {
        ["succeeded", "failed", "cancelled", "expired"].contains(job["state"]?.text)
    }
}

extension APIClient {
    /// All items of a list, page by page.
    func all(_ target: String) throws -> [JSONValue] {
        var items: [JSONValue] = []
        var token: String?
        repeat {
            let page = try get(target + "?page_size=500" + (token.map { "&page_token=\($0)" } ?? ""))
            items += page["items"]?.elements ?? []
            token = page["next_page_token"]?.text
        } while token != nil
        return items
    }
}
