import API
import Datasets
import Jobs
import Kernels
import Trainer

/// The trainer as functions: one for the worker pool, some for the API, and what a run depends on beside its spec.
struct TrainingService: Sendable {
    /// Bytes of models kept in memory between two predictions.
    private static let modelCacheBytesMax = 256 << 20

    private let trainer: Trainer
    private let plans = RecentMemoryPlans()
    private let checks = TargetChecks(limits: .stored)
    private let models = ModelLibrary(cacheBytesMax: Self.modelCacheBytesMax, limits: .stored)

    init(cacheBytesMax: Int) {
        trainer = Trainer(
            datasets: EncodedDatasetCache(bytesMax: cacheBytesMax, limits: .stored),
            processorClock: Trainer.processorSeconds)
    }

    var train: TrainingFunction { trainer.train }

    var functions: TrainerFunctions {
        TrainerFunctions(
            memoryBytes: { [plans] spec, schema in try plans.bytes(spec, schema: schema) },
            predict: { [models] model, rows in
                switch rows {
                case .document(let rows):
                    try models.predict(model.sha256, load: model.load, rows: rows, within: model.allowance)
                case .file(let source):
                    try models.predict(model.sha256, load: model.load, file: source, within: model.allowance)
                }
            },
            tokens: { [models] model, rows in
                try models.tokens(model.sha256, load: model.load, rows: rows, within: model.allowance)
            },
            checkTargets: { [checks] spec, sources in try checks.check(spec, sources) },
            checkInitialModel: { [models] spec, model, schema in
                try models.checkInitialModel(model.sha256, load: model.load, of: spec, schema: schema)
            },
            export: { [models] model, format in
                do {
                    switch format {
                    case .safetensors:
                        return try models.safetensors(try model.load(), isWanted: model.allowance.isWanted)
                    case .onnx: return try models.onnx(try model.load(), isWanted: model.allowance.isWanted)
                    }
                } catch let error as ExportError {
                    throw FormatUnavailable(error.description)
                }
            })
    }

    /// What a run's bytes depend on beside its spec: build, CPU features, libraries.
    var environment: [String: String] {
        KernelEnvironment.description.merging(["build": Build.version]) { _, new in new }
    }
}
