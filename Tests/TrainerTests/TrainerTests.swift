import Datasets
import Foundation
import Jobs
import Testing

@testable import Trainer

/// The whole way from a file to a model.
struct TrainerTests {
    static let digits: Result<LocalDataset, any Error> = Result {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Examples/data/digits.csv").standardized.path
        let schema = try DatasetFile.inspect(path, format: .csv, limits: .standard)
        return LocalDataset(path: path, schema: schema, sha256: "digits")
    }

    static func makeTrainer() -> Trainer {
        Trainer(datasets: EncodedDatasetCache(bytesMax: 1 << 30, limits: .standard), clock: makeClock())
    }

    static func makeAssignment(
        _ spec: TrainingSpec, checkpoint: [UInt8]? = nil, attempt: Int = 1
    ) throws -> TrainingAssignment {
        TrainingAssignment(
            job: .none(.job), attempt: attempt, spec: spec, datasets: [spec.dataset: try digits.get()],
            checkpoint: checkpoint)
    }

    static func makeDigitsSpec(_ change: (inout TrainingSpec) -> Void = { _ in }) -> TrainingSpec {
        var spec = TrainingSpec(
            dataset: .none(.dataset),
            tasks: [
                TaskSpec(name: "digit", targets: ["digit"], kind: .classification),
                TaskSpec(name: "parity", targets: ["parity"], kind: .classification),
                TaskSpec(name: "ge5", targets: ["ge5"], kind: .binary),
            ], weighting: .standard)
        change(&spec)
        return spec
    }

    private func model(_ outcome: TrainingOutcome) throws -> TrainedModel {
        guard case .succeeded(_, let model) = outcome else {
            Issue.record("the run did not succeed: \(outcome)")
            throw CancellationError()
        }
        return model
    }

    @Test(arguments: [1, 2] as [UInt64])
    func theDigitsAreLearned(seed: UInt64) throws {
        let outcome = try Self.makeTrainer().train(
            try Self.makeAssignment(Self.makeDigitsSpec { $0.seed = seed }), RecordingContext())
        let model = try model(outcome)
        let accuracies = model.tasks.compactMap { $0.metrics["accuracy"] ?? nil }
        for (accuracy, floor) in zip(accuracies, [0.95, 0.96, 0.95]) { #expect(accuracy >= floor) }
        #expect(model.tasks[0].classes == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
        #expect(model.tasks[2].classes == ["0", "1"])
    }

    @Test func aModelFileGivesBackWhatItWasMadeOf() throws {
        let context = RecordingContext()
        let assignment = try Self.makeAssignment(Self.makeDigitsSpec { $0.epochs = 2 })
        let trained = try model(try Self.makeTrainer().train(assignment, context))
        let file = try ModelFile(trained.bytes)
        #expect(file.weightsSHA256 == trained.weightsSHA256)
        #expect(file.encoded() == trained.bytes)
        #expect(file.spec == assignment.spec)
        #expect(file.epoch == trained.epoch)
    }

    @Test(arguments: [0, 5, 6, 100, 5000])
    func aDamagedModelFileIsRefused(position: Int) throws {
        let assignment = try Self.makeAssignment(Self.makeDigitsSpec { $0.epochs = 1 })
        var bytes = try model(try Self.makeTrainer().train(assignment, RecordingContext())).bytes
        bytes[position] ^= 1
        #expect(throws: ArchiveError.self) { try ModelFile(bytes) }
        #expect(throws: ArchiveError.self) { try ModelFile(Array(bytes.prefix(position))) }
    }

    @Test func aTrillionParametersArePlannedWithoutBeingAllocated() throws {
        let schema = try Self.digits.get().schema
        let huge = Self.makeDigitsSpec {
            $0.model = ModelSpec(encoder: .mlp(MLPSpec(hidden: [1_000_000, 1_000_000])), headHidden: [])
        }
        let bytes = try RecentMemoryPlans().bytes(huge) { _ in schema }
        #expect(bytes > 16_000_000_000_000)
        let beyond = Self.makeDigitsSpec {
            $0.model = ModelSpec(encoder: .mlp(MLPSpec(hidden: [1 << 40, 1 << 40])), headHidden: [])
        }
        #expect(try RecentMemoryPlans().bytes(beyond) { _ in schema } == .max)
        #expect(try RecentMemoryPlans().bytes(Self.makeDigitsSpec()) { _ in schema } < 100_000_000)
    }

    @Test func aMissingDataSetFailsTheJobInWords() throws {
        var assignment = try Self.makeAssignment(Self.makeDigitsSpec())
        assignment.datasets = [:]
        guard case .failed(.error, let failure) = try Self.makeTrainer().train(assignment, RecordingContext()) else {
            Issue.record("the run did not fail")
            return
        }
        #expect(failure.code == .notFound)
    }

    @Test func aDataSetThatCannotBeReadNowDoesNotFailTheJob() throws {
        var assignment = try Self.makeAssignment(Self.makeDigitsSpec())
        for id in assignment.datasets.keys { assignment.datasets[id]?.path += ".away" }
        let error = #expect(throws: DataUnavailable.self) {
            try Self.makeTrainer().train(assignment, RecordingContext())
        }
        #expect(error?.code == ENOENT)
    }
}
