import API
import HTTPTypes
import JobStore
import Jobs
import Testing

/// A trained model without a trainer, and a run that ends with it.
enum TestModel {
    static let bytes: [UInt8] = Array("the model".utf8)
    static let safetensors: [UInt8] = Array("0123456789".utf8)
    private static let digest = String(repeating: "a", count: 64)

    static let model = TrainedModel(
        bytes: bytes, weightsSHA256: digest, epoch: 2,
        tasks: [
            TrainedModel.Task(
                name: "digit", type: "classification", classes: ["1", "2"],
                metrics: ["accuracy": 0.75, "roc_auc": Double?.none])
        ], testMetrics: ["digit": ["accuracy": 0.5]])

    @Sendable static func predict(_ source: ModelSource, _ asked: PredictionRows) throws -> JSONValue {
        #expect(try source.load() == bytes)
        guard case .document(let rows) = asked else { return .array([]) }
        if let wrong = rows.elements?.firstIndex(where: { $0["width"]?.double == nil }) {
            throw InvalidSpec(problems: [
                Problem(pointer: "/rows/\(wrong)/width", detail: "expected a number", row: wrong + 1, column: "width")
            ])
        }
        let answer = JSONValue.object([
            .init(
                "digit",
                .object([
                    .init("label", .string("1")),
                    .init("probabilities", .object([.init("1", .number(0.75)), .init("2", .number(0.25))])),
                ]))
        ])
        return .array((rows.elements ?? []).map { _ in answer })
    }

    @Sendable static func export(_ source: ModelSource, _ format: ModelFormat) throws -> [UInt8] {
        guard format == .safetensors else { throw FormatUnavailable("this model cannot be said in ONNX") }
        return safetensors
    }
}

extension Bench {
    func claim() throws -> Claim {
        let offer = ClaimOffer(freeThreads: 8, threadsMax: 8, runningJobs: 0, runsIsolatedJob: false)
        guard case .claimed(let claim, _) = try store.claim(offer).commitAndWait() else {
            throw Unexpected("nothing to claim")
        }
        return claim
    }

    func record(_ epoch: Int, weight: Double = 1, task: String = "digit", under lease: Lease) throws {
        let record = EpochRecord(
            epoch: epoch, attempt: 1, learningRate: 0.001, seconds: 0.25, samplesPerSecond: 1_000, trainLoss: 0.5,
            validationLoss: nil,
            tasks: [
                EpochRecord.Task(
                    name: task, weight: weight, weightShare: 1, trainLoss: 0.5, validationLoss: nil,
                    metrics: ["accuracy": 0.75, "roc_auc": Double?.none],
                    best: TaskBest(task: task, metric: "accuracy", value: 0.75, epoch: 1))
            ], strategy: "adaptive")
        let checkpoint = Checkpoint(
            kind: .epoch, epoch: epoch, batch: 0, step: epoch * 10, content: [.bytes(Array("checkpoint \(epoch)".utf8))]
        )
        _ = try store.record(record, checkpoint: checkpoint, keep: 2, runningMilliseconds: 250, under: lease)
            .commitAndWait()
    }

    /// Submits a job and brings it to its end. Returns its identifier.
    @discardableResult
    func train(epochs: Int = 3, task: String = "digit") throws -> String {
        let job = try submit(try upload())
        let lease = try claim().lease
        _ = try store.beginEpoch(1, under: lease).commitAndWait()
        try store.log(.info, "begin", under: lease).commitAndWait()
        for epoch in 1...epochs { try record(epoch, task: task, under: lease) }
        try store.log(.warning, "end", under: lease).commitAndWait()
        _ = try store.succeed(lease, .completed, model: TestModel.model, runningMilliseconds: 750).commitAndWait()
        return job
    }

    /// Trains, and returns the model's identifier.
    func trainedModel() throws -> String {
        let job = try train()
        return try #require(try ask(.get, "/v1/jobs/\(job)").json()["model"]?.text)
    }
}
