import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// The promise put to the test: an accepted job is never lost, no epoch is recorded twice, and the model of a job that
/// was killed again and again is the model of one that was not.
///
/// `TENBIN_KILLS` and `TENBIN_SEED` ask for more than the everyday run.
@Suite(.serialized, .timeLimit(.minutes(60))) struct KillTests {
    /// Asks for a figure of the environment.
    private static func figure(_ name: String, otherwise value: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? value
    }

    private static let kills = figure("TENBIN_KILLS", otherwise: 50)
    private static let cuts = figure("TENBIN_CUTS", otherwise: 10)
    private static let faultSeconds = figure("TENBIN_FAULT_SECONDS", otherwise: 30)
    private static let seed = UInt64(figure("TENBIN_SEED", otherwise: 20_260_101))

    private static func withFolder(_ body: (String) throws -> Void) throws {
        let name = "tenbin-kill-" + UUID().uuidString
        let parent = NSTemporaryDirectory()
        defer {
            // The folder and what belongs to it beside it: journals, pipes.
            for item in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where item.hasPrefix(name)
            {
                try? FileManager.default.removeItem(atPath: parent + item)
            }
        }
        try body(parent + name)
    }

    /// The digest of the weights of each kind of job, from a server that no one disturbs.
    private static let undisturbed = Result {
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

    private func expectNothingLost(
        _ harness: KillHarness, seconds: Int = 120, tornCheckpoints: Bool = false
    ) throws -> VictimServer {
        // At least one of each kind.
        let server = try harness.finish(seconds: seconds, submitting: Workload.kinds)
        try Verdict(harness: harness, client: #require(server.client))
            .expectNothingLost(Self.undisturbed.get(), tornCheckpoints: tornCheckpoints)
        return server
    }

    @Test func theKindsOfJobsAreDifferentEnoughToTellAMixUp() throws {
        #expect(try Set(Self.undisturbed.get()).count == Workload.kinds)
    }

    @Test func whatIsKilledAgainAndAgainLosesNothingAndEndsWithTheSameModels() throws {
        try Self.withFolder { folder in
            let harness = KillHarness(folder: folder, seed: Self.seed)
            harness.drainsToo = true
            harness.mustInterrupt = true
            var round = 0
            while round < Self.kills || (!harness.hasInterrupted && round < 400) {
                try harness.killOnce()
                round += 1
            }
            _ = try expectNothingLost(harness, seconds: 120 + Self.kills * 4)
            print(
                "kills \(round - harness.drains), before listening \(harness.killedBeforeListening),",
                terminator: " ")
            print("ends in order \(harness.drains),", terminator: " ")
            print("jobs \(harness.acknowledged.count), seed \(Self.seed)")
        }
    }

    /// A pause checkpoints within an epoch, wherever the run is then: the interrupted step leaves no trace.
    @Test func whatIsPausedAgainAndAgainEndsWithTheSameModels() throws {
        try Self.withFolder { folder in
            let harness = KillHarness(folder: folder, seed: Self.seed &+ 7)
            try harness.submit(Workload.kinds)
            harness.mustInterrupt = true
            let pauses = try harness.pauseUntilTheEnd()
            _ = try expectNothingLost(harness)
            #expect(pauses >= Workload.kinds, "hardly any job was paused")
            print("pauses \(pauses)")
        }
    }

    @Test func checkpointsThatAreTornBetweenTwoRunsAreToldAndDoNotChangeTheModel() throws {
        try Self.withFolder { folder in
            let harness = KillHarness(folder: folder, seed: Self.seed &+ 1)
            harness.mustInterrupt = true
            harness.betweenRuns = { generator in try Self.tearCheckpoints(in: folder, &generator) }
            var told = 0
            harness.onceListening = { server in
                // Killed while it is asked: the next one is asked again.
                if let client = server.client, let seen = try? Self.discarded(harness, client) { told = seen }
            }
            // Whether a file is torn that a job then goes on from is chance: goes on until one was.
            var round = 0
            while round < max(10, Self.kills / 5) || (told == 0 && round < 200) {
                try harness.killOnce()
                round += 1
            }
            let server = try expectNothingLost(harness, seconds: 120 + Self.kills * 4, tornCheckpoints: true)
            told = try Self.discarded(harness, #require(server.client))
            #expect(told > 0, "no damage was noticed")
        }
    }

    /// Whatever was written and not synced may be gone after each run: bytes, names, in any order.
    @Test func aPowerCutTakesNothingThatWasAcknowledged() throws {
        try Self.withFolder { folder in
            let journal = folder + ".journal"
            let power = PowerCutFolder(folder: folder, journal: journal)
            let harness = KillHarness(folder: folder, seed: Self.seed &+ 3, environment: power.environment)
            harness.mustInterrupt = true
            harness.betweenRuns = { generator in try power.cut(using: &generator) }
            while power.cuts < Self.cuts - 1 || (!harness.hasInterrupted && power.cuts < 200) {
                try harness.killOnce()
            }
            var generator = SeededGenerator(seed: Self.seed)
            try power.cut(using: &generator)
            _ = try expectNothingLost(harness, seconds: 120 + Self.cuts * 4)
            #expect(power.changesAtRisk > 0, "nothing could have been lost")
            print("cuts \(power.cuts), changes at risk \(power.changesAtRisk), jobs \(harness.acknowledged.count)")
        }
    }

    // MARK: - Faults

    /// Syncs, writes and opens that fail now and then, also while the server starts. Needs Debian's fiu-utils.
    @Test(
        .enabled(if: FaultInjection.isInstalled, "SKIPPED: libfiu's preload libraries (fiu-utils) are not installed"),
        arguments: [0.01, 0.03])
    func aDiskThatFailsFromTheStartLosesNothingThatWasAcknowledged(probability: Double) throws {
        try Self.withFolder { folder in
            let harness = KillHarness(
                folder: folder, seed: Self.seed &+ 2,
                environment: FaultInjection.environment(failing: probability))
            harness.toleratesFailedStarts = true
            // Opening a store takes dozens of system calls, so many starts fail.
            while harness.runs < max(8, Self.kills / 6), harness.failedStarts < 400 { try harness.killOnce() }
            _ = try expectNothingLost(harness)
            print("failed starts \(harness.failedStarts), jobs \(harness.acknowledged.count)")
        }
    }

    /// The same for a server that has started.
    @Test(
        .enabled(if: FaultInjection.isInstalled, "SKIPPED: libfiu's preload libraries (fiu-utils) are not installed"),
        arguments: [0.01, 0.03, 0.05])
    func aServerOverADiskThatFailsGoesOnAndLosesNothingThatWasAcknowledged(probability: Double) throws {
        try Self.withFolder { folder in
            let control = folder + ".fiu"
            let harness = KillHarness(
                folder: folder, seed: Self.seed &+ 4, environment: FaultInjection.environment(controlledBy: control))
            harness.lifeMilliseconds = 3_000...6_000
            harness.onceListening = { server in
                try FaultInjection.fail(probability, in: server.processIdentifier, controlledBy: control)
            }
            let end = DispatchTime.now() + .seconds(Self.faultSeconds / 3)
            repeat { try harness.killOnce() } while DispatchTime.now() < end
            _ = try expectNothingLost(harness)
            print("runs \(harness.runs), jobs \(harness.acknowledged.count)")
        }
    }

    // MARK: - Limits of the system

    @Test func aServerWithoutDescriptorsToSpareGoesOnAndLosesNothing() throws {
        try Self.withFolder { folder in
            let harness = KillHarness(folder: folder, seed: Self.seed &+ 5)
            harness.launcher = ["/usr/bin/prlimit", "--nofile=64"]
            var spared = 64
            harness.lifeMilliseconds = 1_500...2_500
            harness.onceListening = { server in
                // More than there is room for; those that find none are not answered until others go.
                let crowd = try (0..<80).map { _ in try ClientConnection(to: #require(server.address)) }
                for connection in crowd { try? connection.write(Array("GET /healthz HTTP/1.1\r\n".utf8)) }
                spared = min(spared, Self.descriptorsSpared(of: 64, by: server.processIdentifier))
            }
            for _ in 0..<max(4, Self.kills / 12) { try harness.killOnce() }
            _ = try expectNothingLost(harness)
            #expect(spared >= 8, "connections left no descriptor for files")
        }
    }

    /// How many of the numbers up to a limit lie above the last socket; all where the process is gone.
    private static func descriptorsSpared(of limit: Int, by process: Int32) -> Int {
        let folder = "/proc/\(process)/fd/"
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let sockets = numbers.filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: folder + $0))?.hasPrefix("socket:") == true
        }
        return sockets.compactMap { Int($0) }.max().map { limit - 1 - $0 } ?? limit
    }

    @Test func aServerWithoutMemoryToSpareLosesNothing() throws {
        try Self.withFolder { folder in
            // Without memory the runtime's crash reporter hangs instead of reporting, and the end is never seen.
            let harness = KillHarness(
                folder: folder, seed: Self.seed &+ 6, environment: ["SWIFT_BACKTRACE": "enable=no"])
            harness.toleratesDeath = true
            let idle = try Self.addressSpaceOfAnIdleServer()
            var round = 0
            // Whether memory runs out before the kill comes is chance: goes on until it has.
            while round < max(6, Self.kills / 8) || (harness.deaths == 0 && round < 200) {
                // From hardly enough to listen to enough for a while. (With less still, OpenBLAS asks for memory for
                // ever as it is loaded, before the server has a say.)
                harness.launcher = ["/usr/bin/prlimit", "--as=\(idle / 32 * (27 + round % 6))"]
                try harness.killOnce()
                round += 1
            }
            _ = try expectNothingLost(harness)
            #expect(harness.deaths > 0, "there was memory enough")
            print("deaths \(harness.deaths), runs \(harness.runs), jobs \(harness.acknowledged.count)")
        }
    }

    private static func addressSpaceOfAnIdleServer() throws -> Int {
        var bytes = 0
        try withFolder { folder in
            let server = try VictimServer(folder: folder, binary: VictimServer.binary)
            #expect(try server.awaitListening())
            let status = try String(contentsOfFile: "/proc/\(server.processIdentifier)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") })
            bytes = try #require(line.split(separator: " ").compactMap { Int($0) }.first) << 10
        }
        return bytes
    }

    /// How many torn checkpoints the events of the acknowledged jobs tell of.
    private static func discarded(_ harness: KillHarness, _ client: APIClient) throws -> Int {
        try harness.acknowledged.values.reduce(0) { sum, job in
            try sum + client.all("/v1/jobs/\(job)/events").count { $0["type"]?.text == "checkpoint_discarded" }
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
