import ArgumentParser
import Foundation
import Jobs
import LoadGenerator

/// Runs tiny jobs and polling clients against a real server for an hour, and judges what becomes of its memory.
///
///     SoakTool .build-release/release/tenbin .build/soak/memory.json
@main
struct SoakTool: ParsableCommand {
    @Argument(help: "The server's binary.")
    var binary: String

    @Argument(help: "Where the figures go; the samples go beside them as CSV.")
    var result: String

    @Option(help: "Minutes of warm-up, which do not count.")
    var warmUpMinutes = 10.0

    @Option(help: "Minutes that count.")
    var minutes = 60.0

    @Option(help: "Jobs to be finished at least; the run goes on until they are.")
    var jobs = 10_500

    @Option(help: "Jobs submitted a second, at most.")
    var jobsPerSecond = 6.0

    @Option(help: "Seconds between two samples.")
    var sampleSeconds = 2.0

    func run() throws {
        let folder = NSTemporaryDirectory() + "tenbin-soak-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let target = URL(filePath: result)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        let server = try LoadedServer(binary: binary, folder: folder, workers: 2)
        let load = try SoakLoad(server: server, jobsPerSecond: jobsPerSecond)
        let process = ProcessMemory(identifier: server.processIdentifier, log: folder + "/tenbin.db-wal")
        load.begin()
        var (samples, clock) = ([Sample](), PausedClock())
        while clock.seconds < (warmUpMinutes + minutes) * 60 || load.finished < jobs {
            Thread.sleep(forTimeInterval: sampleSeconds)
            clock.tick()
            if let failure = load.failure { throw failure }
            samples.append(try process.sample(seconds: clock.seconds, jobs: load.finished))
            if samples.count.isMultiple(of: 30) { report(samples) }
        }
        try load.end()
        let verdict = SoakVerdict(samples, warmUpSeconds: warmUpMinutes * 60)
        try Data(Sample.csv(samples).utf8).write(to: target.deletingPathExtension().appendingPathExtension("csv"))
        try Data(verdict.json.encoded).write(to: target)
        for line in verdict.lines { print(line) }
        guard verdict.holds else { throw ExitCode.failure }
    }

    private func report(_ samples: [Sample]) {
        guard let last = samples.last else { return }
        print(
            "\(Int(last.seconds)) s: \(last.jobs) jobs, \(last.residentBytes >> 10) KiB resident,",
            "\(last.descriptors) descriptors, log \(last.logBytes >> 10) KiB")
        fflush(nil)
    }
}

/// Time spent running: a process that was stopped for a while has not aged by it.
struct PausedClock {
    /// Longer steps than this are put down to having been stopped.
    private static let stepSecondsMax = 10.0

    private(set) var seconds = 0.0
    private var last = now()

    mutating func tick() {
        let next = now()
        seconds += min(next - last, Self.stepSecondsMax)
        last = next
    }
}
