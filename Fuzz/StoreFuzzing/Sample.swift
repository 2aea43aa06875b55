import Foundation
import Glibc
import HTTPTypes
import Jobs
import Logging

@testable import JobStore

/// A data folder with a little of everything, made once when a fuzzer starts, always in the same order and at the same time.
struct Sample {
    /// The database of the folder after its server has ended.
    let database: [UInt8]
    /// A backup of it.
    let archive: [UInt8]
    /// The members of the backup behind manifest and database.
    let files: [(name: String, content: [UInt8])]
    let identity: [UInt8]
    let paths: [String]
    /// What a job was made of, under the Idempotency-Key `k`.
    let spec: String

    static let clock: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_700_000_000_000) }

    static func configuration(_ folder: String) -> StoreConfiguration {
        var limits = StoreLimits()
        limits.readersMax = 2
        return StoreConfiguration(
            dataDirectory: folder, limits: limits, clock: clock,
            logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
    }

    init(in folder: String) throws {
        let store = try Store(Self.configuration(folder))
        let dataset = try Self.makeDataset(store)
        let asking = Asking(store)
        spec = Self.spec(dataset)
        let job = try Self.makeJobs(store, dataset, asking)
        let comparison = asking.post(
            "/v1/comparisons",
            """
            {"base":{"dataset":"\(dataset)","test":{"fraction":0.5},"epochs":1,"tasks":[{"target":"y","type":"binary"}]},
             "strategies":[{"strategy":"adaptive"}],"seeds":2}
            """)
        let key = asking.post("/v1/api-keys", #"{"name":"k","scopes":["read"]}"#)
        let model = try store.job(job, owner: nil).model?.description ?? ""
        paths = Self.paths(
            dataset: "\(dataset)", job: "\(job)", model: model, comparison: comparison["id"]?.text ?? "",
            key: key["id"]?.text ?? "")
        precondition(paths.count { asking.get($0) == 200 } > 15, "the sample has something to read")
        archive = try Self.read(try store.beginBackup())
        store.close()
        database = Array(try Data(contentsOf: URL(filePath: folder + "/tenbin.db")))
        identity = Array(try Data(contentsOf: URL(filePath: folder + "/identity")))
        files = try Self.members(of: archive)
    }

    private static func makeDataset(_ store: Store) throws -> Identifier {
        let content = Array("x,y\n1,0\n2,1\n3,0\n4,1\n".utf8)
        let file = try store.files.makeIncoming()
        try file.append(content)
        let id = store.makeIdentifier(.dataset)
        let columns = ["x", "y"].map { ColumnProfile(name: $0, type: .number, missing: 0, distinct: 2) }
        let new = NewDataset(
            id: id, owner: "local", name: "table", bytes: content.count, sha256: try file.finish(),
            schema: DatasetSchema(format: .csv, rows: 4, columns: columns))
        _ = try store.insert(new, file: file).commitAndWait()
        return id
    }

    /// One that has ended, one that ran when the server died, and one that waits. Returns the first.
    private static func makeJobs(_ store: Store, _ dataset: Identifier, _ asking: Asking) throws -> Identifier {
        let spec = Self.spec(dataset)
        for _ in 0..<3 { _ = asking.post("/v1/jobs", spec) }
        asking.send(.post, "/v1/jobs", spec, key: "k")
        let offer = ClaimOffer(
            freeThreads: 8, threadsMax: 8, runningJobs: 0, runsIsolatedJob: false, stoppingOnly: false,
            environment: ["build": "1"])
        var first: Identifier?
        for isLast in [false, true] {
            guard case .claimed(let claim, _) = try store.claim(offer).commitAndWait() else { break }
            first = first ?? claim.job.id
            let task = EpochRecord.Task(
                name: "y", weight: 1, weightShare: 1, trainLoss: 0.5, validationLoss: 0.6,
                metrics: ["accuracy": 0.75, "roc_auc": Double?.none])
            for number in 1...2 {
                let epoch = EpochRecord(
                    epoch: number, attempt: 1, learningRate: 0.001, seconds: 0.25, samplesPerSecond: 1_000,
                    trainLoss: 0.5,
                    validationLoss: 0.6, tasks: [task], strategy: "adaptive")
                let checkpoint = Checkpoint(
                    kind: .epoch, epoch: number, batch: 0, step: number, content: [.bytes([1, 2, UInt8(number)])])
                _ = try store.record(
                    epoch, checkpoint: checkpoint, keep: 2, runningMilliseconds: 1, under: claim.lease
                ).commitAndWait()
            }
            guard !isLast else { break }
            let model = TrainedModel(
                bytes: [9, 9, 9], weightsSHA256: String(repeating: "a", count: 64), epoch: 1,
                tasks: [TrainedModel.Task(name: "y", type: "binary", classes: ["0", "1"], metrics: ["accuracy": 1])])
            _ = try store.succeed(claim.lease, .completed, model: model, runningMilliseconds: 1).commitAndWait()
        }
        guard let first else { throw StoreError.closed }
        return first
    }

    private static func spec(_ dataset: Identifier) -> String {
        #"{"dataset":"\#(dataset)","tasks":[{"target":"y","type":"binary"}],"labels":{"a":"b"},"epochs":2}"#
    }

    private static func paths(
        dataset: String, job: String, model: String, comparison: String, key: String
    ) -> [String] {
        [
            "/readyz", "/metrics", "/v1/server", "/v1/datasets", "/v1/datasets/\(dataset)",
            "/v1/datasets/\(dataset)/rows",
            "/v1/jobs", "/v1/jobs?order_by=name&label=a:b", "/v1/jobs/\(job)", "/v1/jobs/\(job)/epochs",
            "/v1/jobs/\(job)/epochs?max_points=1", "/v1/jobs/\(job)/task-weights", "/v1/jobs/\(job)/events",
            "/v1/jobs/\(job)/logs", "/v1/jobs/\(job)/reproduction", "/v1/jobs/\(job)/checkpoints",
            "/v1/jobs/\(job)/checkpoints/2", "/v1/jobs/\(job)/checkpoints/2/content", "/v1/models",
            "/v1/models/\(model)", "/v1/models/\(model)/content", "/v1/comparisons", "/v1/comparisons/\(comparison)",
            "/v1/comparisons/\(comparison).md", "/v1/api-keys", "/v1/api-keys/\(key)", "/v1/audit-log",
        ]
    }

    private static func read(_ backup: Backup) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let next = try backup.next(bytesMax: 1 << 20)
            if next.isEmpty { return bytes }
            bytes += next
        }
    }

    private static func members(of archive: [UInt8]) throws -> [(name: String, content: [UInt8])] {
        var members: [(name: String, content: [UInt8])] = []
        var rest = archive[...]
        while let header = TarHeader(Array(rest.prefix(TarHeader.blockBytes))) {
            rest = rest.dropFirst(TarHeader.blockBytes)
            members.append((header.name, Array(rest.prefix(header.size))))
            rest = rest.dropFirst(header.size + TarHeader.padding(after: header.size))
        }
        return Array(members.dropFirst(2))
    }
}
