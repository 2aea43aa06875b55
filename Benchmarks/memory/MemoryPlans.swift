import Datasets
import Foundation
import Jobs
import Trainer

/// Jobs in fresh processes, their memory held against their plans.
@main
struct MemoryPlans {
    private static let mebibyte = 1 << 20
    /// Growth from which on the plan must not be more than twice as large.
    private static let tightFrom = 128 << 20

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "--one", arguments.count == 3 {
            return try runOne(arguments[1], folder: arguments[2])
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "tenbin-memory-\(getpid())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var wrong = 0
        print("job                                          plan     growth  MiB   plan/growth")
        let jobs = arguments == ["--small"] ? MemoryJob.small : MemoryJob.all
        for job in jobs where arguments.isEmpty || arguments == ["--small"] || arguments.contains(job.name) {
            try job.dataset.make(in: folder)
            if try !measure(job, folder: folder) { wrong += 1 }
        }
        print(wrong == 0 ? "every plan holds" : "\(wrong) plans do not hold")
        if wrong > 0 { exit(1) }
    }

    private static func measure(_ job: MemoryJob, folder: String) throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["--one", job.name, folder]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let figures = text.split(separator: " ").compactMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        guard process.terminationStatus == 0, figures.count == 2 else {
            print("\(job.name): the job did not run: \(text)")
            return false
        }
        let (plan, growth) = (figures[0], figures[1])
        let isTight = growth < tightFrom || plan <= 2 * growth
        let holds = growth <= plan && isTight
        let name = job.name.padding(toLength: 40, withPad: " ", startingAt: 0)
        print(
            name, String(format: "%9.1f  %9.1f       %5.2f", mebibytes(plan), mebibytes(growth), ratio(plan, growth)),
            holds ? "" : growth > plan ? " MORE THAN PLANNED" : " PLANNED FOR TOO MUCH")
        return holds
    }

    private static func mebibytes(_ bytes: Int) -> Double { Double(bytes) / Double(mebibyte) }
    private static func ratio(_ plan: Int, _ growth: Int) -> Double { Double(plan) / Double(max(growth, 1)) }

    /// In the fresh process: prints plan and growth in bytes.
    private static func runOne(_ name: String, folder: String) throws {
        guard let job = (MemoryJob.all + MemoryJob.small).first(where: { $0.name == name }) else {
            throw JobFailed("no such job")
        }
        try MemoryJob.tiny.dataset.make(in: folder)
        _ = try run(MemoryJob.tiny, try MemoryJob.tiny.source(in: folder))
        let source = try job.source(in: folder)
        let plan = try MemoryPlan.bytes(try job.spec()) { _ in source.schema }
        try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
        let before = try status("VmHWM")
        _ = try run(job, source)
        print(plan, max(0, try status("VmHWM") - before))
    }

    private static func run(_ job: MemoryJob, _ dataset: LocalDataset) throws -> TrainedModel {
        let spec = try job.spec()
        let trainer = Trainer(datasets: EncodedDatasetCache(bytesMax: 0, limits: .standard))
        let outcome = try trainer.train(
            TrainingAssignment(
                job: .none(.job), attempt: 1, spec: spec, datasets: [spec.dataset: dataset], checkpoint: nil),
            QuietContext())
        guard case .succeeded(_, let model) = outcome else { throw JobFailed("\(outcome)") }
        return model
    }

    private static func status(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name + ":") }),
            let kibibytes = line.split(separator: " ").compactMap({ Int($0) }).first
        else { throw JobFailed("/proc/self/status does not tell \(name)") }
        return kibibytes * 1_024
    }
}

struct JobFailed: Error {
    let detail: String

    init(_ detail: String) {
        self.detail = detail
    }
}

/// Nobody wishes for anything, and nothing is kept.
private struct QuietContext: TrainingContext {
    var wish: Wish { .goOn }
    func begin(epoch: Int) -> WeightingSwitch? { nil }
    func report(_ epoch: EpochRecord, checkpoint: Checkpoint?) {}
    func save(_ checkpoint: Checkpoint) {}
    func report(_ progress: TrainingProgress) {}
    func log(_ level: LogLevel, _ message: String) {}
}
