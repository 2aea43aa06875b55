import Foundation
import Jobs
import LoadGenerator

/// How fast jobs are accepted, run and recorded.
///
///     JobsBenchmark TENBIN RESULT.json [FINISHED-JOBS]
@main
struct JobsBenchmark {
    private static let rounds = 3
    private static let secondsPerRound = 3.0

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            print("usage: JobsBenchmark TENBIN RESULT.json [FINISHED-JOBS]")
            exit(2)
        }
        let finishedJobs = arguments.count > 3 ? Int(arguments[3]) ?? 1_000_000 : 1_000_000
        let folder = NSTemporaryDirectory() + "tenbin-bench-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bench = JobsBenchmark(tenbin: arguments[1], folder: folder)
        var rows = try bench.submissions()
        rows.append(try bench.startLatency())
        rows.append(try bench.recordingCost())
        rows += try bench.interruptions()
        rows += try bench.filledStore(finishedJobs)
        for row in rows { print(row.words) }
        let result = URL(filePath: arguments[2])
        try FileManager.default.createDirectory(
            at: result.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(JSONValue.array(rows.map(\.json)).encoded).write(to: result)
    }

    let tenbin: String
    let folder: String

    private static func table(rows: Int) -> String {
        var text = "a,b,y\n"
        for row in 0..<rows { text += "\(row % 7),\(row % 11),\(row % 2)\n" }
        return text
    }

    private func upload(rows: Int, to server: LoadedServer) throws -> String {
        let answer = try server.connect().send(
            "POST", "/v1/datasets?name=t", Array(Self.table(rows: rows).utf8), type: "text/csv")
        return try JSONValue(parsing: answer)["id"]?.text ?? ""
    }

    private func spec(_ dataset: String, epochs: Int, hidden: String = "[8]") -> String {
        """
        {"dataset":"\(dataset)","tasks":[{"name":"y","target":"y","type":"binary"}],"epochs":\(epochs),\
        "model":{"encoder":{"type":"mlp","hidden":\(hidden)}}}
        """
    }

    /// Durable submissions against B while one job keeps the only worker busy, and tiny jobs through the queue.
    private func submissions() throws -> [Row] {
        var (accepted, baseline, jobs): ([Double], [Double], [Double]) = ([], [], [])
        for round in 0..<Self.rounds {
            let own = folder + "/round\(round)"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            baseline.append(
                try Baseline(folder: own).rate(
                    seconds: Self.secondsPerRound, spec: spec("ds_00000000-0000-7000-8000-000000000000", epochs: 1)))
            accepted.append(try submissionRate(folder: own + "/submit"))
            jobs.append(try tinyJobRate(folder: own + "/run"))
        }
        let name = "the rows of a submission, one FULL transaction each, one thread"
        // Held against the target of its own round: a ratio to B held against 6,000 over the mean of B judges the noise of B.
        return [
            Row(
                "submissions, 64 connections", ours: accepted, peer: baseline.map { min(4 * $0, 6_000) },
                "four times \(name), at most 6,000", unit: "1/s", floor: 1),
            Row("1,000 tiny jobs, two workers", ours: jobs, peer: baseline, name, unit: "1/s", floor: 0.08),
        ]
    }

    private func submissionRate(folder: String) throws -> Double {
        let server = try LoadedServer(binary: tenbin, folder: folder, workers: 1)
        let large = spec(try upload(rows: 20_000, to: server), epochs: 10_000, hidden: "[1024,1024]")
        _ = try server.connect().send("POST", "/v1/jobs", Array(large.utf8))
        let small = Array(spec(try upload(rows: 100, to: server), epochs: 1).utf8)
        let (count, seconds) = try server.submit(small, connections: 64, seconds: Self.secondsPerRound)
        return Double(count) / seconds
    }

    private func tinyJobRate(folder: String) throws -> Double {
        let server = try LoadedServer(binary: tenbin, folder: folder, workers: 2)
        let small = Array(spec(try upload(rows: 100, to: server), epochs: 1).utf8)
        let start = now()
        let (count, _) = try server.submit(small, connections: 16, seconds: 120, limit: 1_000)
        let connection = try server.connect()
        for state in ["queued", "starting", "running"] {
            while try connection.json("GET", "/v1/jobs?page_size=1&state=\(state)")["items"]?.elements?.isEmpty == false
            {
                usleep(2_000)
            }
        }
        return Double(count) / (now() - start)
    }

    /// From acceptance to the first batch on an idle server, the data set already encoded.
    private func startLatency() throws -> Row {
        let server = try LoadedServer(binary: tenbin, folder: folder + "/idle", workers: 2)
        let connection = try server.connect()
        let small = Array(spec(try upload(rows: 100, to: server), epochs: 1).utf8)
        var waits: [Double] = []
        for _ in 0..<200 {
            let id = try connection.json("POST", "/v1/jobs", small)["id"]?.text ?? ""
            var job = try connection.json("GET", "/v1/jobs/\(id)")
            while job["state"]?.text != "succeeded" {
                usleep(1_000)
                job = try connection.json("GET", "/v1/jobs/\(id)")
            }
            guard let created = job["created_at"]?.text.flatMap(Timestamp.init(rfc3339:)),
                let started = job["started_at"]?.text.flatMap(Timestamp.init(rfc3339:))
            else { continue }
            waits.append(Double(started.milliseconds - created.milliseconds))
        }
        let p99 = waits.dropFirst().sorted()[waits.count * 99 / 100 - 1]
        return Row(
            "start on an idle server, p99", ours: [max(p99, 0.5)], peer: [20], "the promise", unit: "ms", floor: 1,
            smallerIsBetter: true)
    }

    /// Recording against training, the evaluation counted as recording.
    private func recordingCost() throws -> Row {
        let times = try RecordingCost(folder: folder + "/recording").times()
        return Row(
            "recording an epoch of 200,000 rows with its checkpoint", ours: times.recording.map { $0 * 1_000 },
            peer: times.training.map { $0 * 1_000 }, "training it", unit: "ms", floor: 100, smallerIsBetter: true)
    }

    /// The longest of several rounds each, against what is promised.
    private func interruptions() throws -> [Row] {
        let times = try Interruptions(
            tenbin: tenbin, folder: folder + "/large", table: Array(Self.table(rows: 2_000).utf8)
        ).times()
        let cases: [(String, [Double], Double)] = [
            ("pause", times.pause, 1), ("cancel", times.cancel, 1), ("resume", times.resume, 2),
            ("running again after a SIGKILL", times.restart, 2),
        ]
        return cases.map { name, seconds, promise in
            Row(
                "\(name), 9 million parameters, the longest of \(seconds.count)", ours: [seconds.max() ?? .infinity],
                peer: [promise], "the promise", unit: "s", floor: 1, smallerIsBetter: true)
        }
    }

    /// Both stores in turn, so that what else the machine does is shared.
    private func filledStore(_ jobs: Int) throws -> [Row] {
        let empty = try FilledStore(folder: folder + "/empty", finishedJobs: 0)
        let filled = try FilledStore(folder: folder + "/filled", finishedJobs: jobs)
        let rounds = try (0..<Self.rounds).map { _ in (try filled.times(), try empty.times()) }
        let calls: [(String, KeyPath<FilledStore.Times, Double>)] = [
            ("list", \.list), ("get", \.get), ("submit", \.submit), ("claim", \.claim),
        ]
        return calls.map { name, time in
            Row(
                "\(name) with \(jobs) finished jobs", ours: rounds.map { $0.0[keyPath: time] },
                peer: rounds.map { $0.1[keyPath: time] }, "an empty store", unit: "µs", floor: 0.5,
                smallerIsBetter: true)
        }
    }
}

/// One comparison, as the other benchmarks write theirs.
struct Row {
    let json: JSONValue
    let words: String

    /// - Parameters: one figure a round; `ratio` above 1 means better than the peer.
    init(
        _ name: String, ours: [Double], peer: [Double], _ peerName: String, unit: String, floor: Double,
        smallerIsBetter: Bool = false
    ) {
        let ratios = zip(ours, peer).map { smallerIsBetter ? $1 / $0 : $0 / $1 }.sorted()
        func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let ratio = middle(ratios)
        json = .object([
            .init("case", .string(name)), .init("ours", JSONValue(middle(ours))),
            .init("peer", JSONValue(middle(peer))),
            .init("peer_name", .string(peerName)), .init("unit", .string(unit)), .init("ratio", JSONValue(ratio)),
            .init("ratio_min", JSONValue(ratios.first)), .init("ratio_max", JSONValue(ratios.last)),
            .init("floor", JSONValue(floor)),
        ])
        let verdict = ratio >= floor ? "holds" : "BELOW THE FLOOR"
        func text(_ value: Double) -> String { String(format: "%.2f", value) }
        words =
            "\(name): \(text(middle(ours))) \(unit), peer \(text(middle(peer))), ratio \(text(ratio)), "
            + "floor \(text(floor)): \(verdict)"
    }
}
