import Foundation
import Jobs
import Testing

@testable import tenbin

/// The promise put to the test: an accepted job is never lost, no epoch is recorded twice, and the model of a job that
/// was killed again and again is the model of one that was not.
///
/// `TENBIN_KILLS` and `TENBIN_SEED` ask for more than the everyday run.
@Suite(.serialized, .timeLimit(.minutes(60))) struct KillTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let kills = environment["TENBIN_KILLS"].flatMap { Int($0) } ?? 50
    private static let seed = environment["TENBIN_SEED"].flatMap { UInt64($0) } ?? 20_260_101

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "tenbin-kill-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    /// The digest of the weights of each kind of job, from a server that no one disturbs.
    private func undisturbedDigests() throws -> [String] {
        var digests: [String] = []
        try withFolder { folder in
            let harness = KillHarness(folder: folder, seed: 0)
            let server = try harness.finish(seconds: 300, submitting: Workload.kinds)
            let client = try #require(server.client)
            digests = try (0..<Workload.kinds).map { number in
                let job = try client.get("/v1/jobs/\(try #require(harness.acknowledged[number]))")
                return try #require(job["weights_sha256"]?.text)
            }
        }
        return digests
    }

    @Test func whatIsKilledAgainAndAgainLosesNothingAndEndsWithTheSameModels() throws {
        let expected = try undisturbedDigests()
        #expect(Set(expected).count == Workload.kinds, "the kinds of jobs are not different enough to tell a mix-up")
        try withFolder { folder in
            let harness = KillHarness(folder: folder, seed: Self.seed)
            for _ in 0..<Self.kills { try harness.killOnce() }
            let server = try harness.finish(seconds: 60 + Self.kills * 4)
            try Verdict(harness: harness, client: #require(server.client)).expectNothingLost(expected)
            print("kills \(Self.kills), before listening \(harness.killedBeforeListening),", terminator: " ")
            print("jobs \(harness.acknowledged.count), seed \(Self.seed)")
        }
    }

    @Test func checkpointsThatAreTornBetweenTwoRunsAreToldAndDoNotChangeTheModel() throws {
        let expected = try undisturbedDigests()
        try withFolder { folder in
            let harness = KillHarness(folder: folder, seed: Self.seed &+ 1)
            harness.betweenRuns = { generator in try Self.tearCheckpoints(in: folder, &generator) }
            for _ in 0..<max(10, Self.kills / 5) { try harness.killOnce() }
            let server = try harness.finish(seconds: 60 + Self.kills * 4)
            let client = try #require(server.client)
            try Verdict(harness: harness, client: client).expectNothingLost(expected, tornCheckpoints: true)
            let told = try harness.acknowledged.values.reduce(0) { sum, job in
                try sum + client.all("/v1/jobs/\(job)/events").count { $0["type"]?.text == "checkpoint_discarded" }
            }
            #expect(told > 0, "no damage was noticed")
        }
    }

    /// Syncs and writes that fail now and then. Needs Debian's fiu-utils.
    @Test(
        .enabled(if: FaultInjection.isInstalled, "SKIPPED: libfiu's preload libraries (fiu-utils) are not installed"),
        arguments: [0.01, 0.03])
    func aDiskThatFailsNowAndThenLosesNothingThatWasAcknowledged(probability: Double) throws {
        let expected = try undisturbedDigests()
        try withFolder { folder in
            let harness = KillHarness(
                folder: folder, seed: Self.seed &+ 2, environment: FaultInjection.environment(probability))
            harness.toleratesFailedStarts = true
            // Opening a store takes dozens of system calls, so many starts fail.
            while harness.runs < max(8, Self.kills / 6), harness.failedStarts < 400 { try harness.killOnce() }
            let server = try harness.finish(seconds: 60 + Self.kills * 4)
            try Verdict(harness: harness, client: #require(server.client)).expectNothingLost(expected)
            print("failed starts \(harness.failedStarts), jobs \(harness.acknowledged.count)")
        }
    }

    /// Cuts off or alters a third of the files.
    private static func tearCheckpoints(in folder: String, _ generator: inout SeededGenerator) throws {
        let directory = folder + "/checkpoints"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? [] {
            guard Int.random(in: 0..<3, using: &generator) == 0 else { continue }
            let url = URL(filePath: directory + "/" + name)
            var bytes = try Data(contentsOf: url)
            guard !bytes.isEmpty else { continue }
            let offset = Int.random(in: 0..<bytes.count, using: &generator)
            if Bool.random(using: &generator) { bytes = bytes.prefix(offset) } else { bytes[offset] ^= 0x10 }
            try bytes.write(to: url)
        }
    }
}

/// libfiu (Bertogli): system calls that fail at random, in a process that knows nothing of it.
private enum FaultInjection {
    private static let libraries = ["/usr/lib/fiu/fiu_run_preload.so", "/usr/lib/fiu/fiu_posix_preload.so"]

    static var isInstalled: Bool {
        libraries.allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }

    static func environment(_ probability: Double) -> [String: String] {
        let points = ["posix/io/sync/fsync", "posix/io/sync/fdatasync", "posix/io/rw/pwrite", "posix/io/dir/rename"]
        let commands = points.map { "enable_random name=\($0),probability=\(probability)" }
        return [
            "LD_PRELOAD": libraries.joined(separator: " "), "FIU_ENABLE": commands.joined(separator: "\n"),
        ]
    }
}

/// What the last server says, held against what was promised.
struct Verdict {
    let harness: KillHarness
    let client: APIClient

    /// Everything acknowledged is there once, whole, and ended with the expected weights.
    func expectNothingLost(_ expected: [String], tornCheckpoints: Bool = false) throws {
        let listed = try client.all("/v1/jobs").map(\.identifier)
        #expect(listed.count == Set(listed).count)
        #expect(Set(listed) == Set(harness.acknowledged.values), "jobs are lost, or there twice")
        #expect(harness.acknowledged.count == listed.count)
        let interrupted = try harness.acknowledged.map { number, id in
            try expectWhole(id, weights: expected[number % expected.count], tornCheckpoints: tornCheckpoints)
        }
        #expect(harness.toleratesFailedStarts || interrupted.contains { $0 > 1 }, "no job was ever interrupted")
        #expect(try client.all("/v1/datasets").map(\.identifier) == [harness.dataset])
    }

    /// Returns the attempts that the job took.
    private func expectWhole(_ id: String, weights: String, tornCheckpoints: Bool) throws -> Int {
        let job = try client.get("/v1/jobs/\(id)")
        #expect(job["state"]?.text == "succeeded" && job["finish_reason"]?.text == "completed", "\(id)")
        #expect(job["weights_sha256"]?.text == weights, "\(id) ended with other weights")
        let epochs = try client.all("/v1/jobs/\(id)/epochs").compactMap { $0["epoch"]?.int }
        #expect(epochs == Array(1...Workload.epochs), "\(id)")
        let events = try client.all("/v1/jobs/\(id)/events")
        #expect(events.compactMap { $0["seq"]?.int } == Array(1...max(1, events.count)), "\(id)")
        let kinds = Set(events.compactMap { $0["type"]?.text })
        #expect(!kinds.contains("resume_mismatch") && !kinds.contains("resumed_on_different_hardware"), "\(id)")
        #expect(tornCheckpoints || !kinds.contains("checkpoint_discarded"), "\(id)")
        #expect(events.count { $0["type"]?.text == "epoch" } == Workload.epochs, "\(id)")
        expectPath(events.filter { $0["type"]?.text == "state" }, of: id)
        return job["attempt"]?.int ?? 0
    }

    /// The states that the events tell of form a path of the transition function.
    private func expectPath(_ moves: [JSONValue], of id: String) {
        var state: String?
        for move in moves {
            let (from, to) = (move["from"]?.text, move["to"]?.text ?? "")
            #expect(from == state, "\(id)")
            if let from {
                #expect(JobState.diagram.contains("    \(from) --> \(to):"), "\(id): \(from) > \(to)")
            } else {
                #expect(to == "queued", "\(id)")
            }
            state = to
        }
        #expect(state == "succeeded", "\(id)")
    }
}
