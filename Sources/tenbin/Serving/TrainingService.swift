import API
import Datasets
import Jobs
import Trainer

/// The trainer as functions: one for the worker pool, some for the API, and what a run depends on beside its spec.
struct TrainingService: Sendable {
    private let trainer: Trainer

    init(cacheBytesMax: Int) {
        trainer = Trainer(datasets: EncodedDatasetCache(bytesMax: cacheBytesMax, limits: .standard))
    }

    var train: TrainingFunction { trainer.train }

    var functions: TrainerFunctions {
        TrainerFunctions(memoryBytes: { try Trainer.memoryBytes($0, schema: $1) })
    }

    /// What a run's bytes depend on beside its spec: build, CPU features, libraries.
    var environment: [String: String] {
        ["build": Build.version]
    }
}
