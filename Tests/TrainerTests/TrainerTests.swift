import Datasets
import Foundation
import Jobs
import Locks
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

    @Test func aDataSetThatTheDiskHasChangedFailsTheJob() throws {
        var assignment = try Self.makeAssignment(Self.makeDigitsSpec())
        let dataset = assignment.spec.dataset
        assignment.datasets[dataset]?.sha256 = String(repeating: "0", count: 64)
        guard case .failed(.error, let failure) = try Self.makeTrainer().train(assignment, RecordingContext()) else {
            Issue.record("the job was trained on other bytes than were uploaded")
            return
        }
        #expect(failure.code == .datasetInvalid)
        #expect(failure.detail.contains("digits.csv") && failure.detail.contains("SHA-256"), "\(failure.detail)")
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

    /// The last look at the wish is in the evaluation on the test part, when all epochs are over.
    @Test func whatIsWishedDuringTheLastEvaluationIsObeyed() throws {
        let spec = Self.makeDigitsSpec {
            $0.epochs = 2
            $0.test = .fraction(0.2, seed: 1, stratifyBy: nil)
        }
        let undisturbed = RecordingContext()
        let model = try model(try Self.makeTrainer().train(try Self.makeAssignment(spec), undisturbed))
        #expect(model.testMetrics?.keys.sorted() == ["digit", "ge5", "parity"])
        let cancelled = RecordingContext(wishAt: (undisturbed.polls, .cancel))
        guard case .cancelled = try Self.makeTrainer().train(try Self.makeAssignment(spec), cancelled) else {
            Issue.record("the cancel was not obeyed")
            return
        }
        let paused = RecordingContext(wishAt: (undisturbed.polls, .pause))
        guard case .yielded = try Self.makeTrainer().train(try Self.makeAssignment(spec), paused) else {
            Issue.record("the pause was not obeyed")
            return
        }
        let checkpoint = try #require(paused.checkpoints.last)
        #expect(checkpoint.kind == .interim)
        let resumed = RecordingContext()
        let assignment = try Self.makeAssignment(
            spec, checkpoint: Archive.sealed(checkpoint.content.bytes), attempt: 2)
        let same = try self.model(try Self.makeTrainer().train(assignment, resumed))
        #expect(same.bytes.elementsEqual(model.bytes) && same.testMetrics == model.testMetrics)
        #expect(resumed.epochs.isEmpty)
    }

    /// The first look is before the data set is read, the sixth while the parameters are drawn or not long after.
    @Test(arguments: 1...6)
    func anAttemptIsLetGoOfWhileItIsPrepared(poll: Int) throws {
        let trainer = Self.makeTrainer()
        let spec = Self.makeDigitsSpec { $0.epochs = 1 }
        let cancelled = RecordingContext(wishAt: (poll, .cancel))
        guard case .cancelled = try trainer.train(try Self.makeAssignment(spec), cancelled) else {
            Issue.record("the cancel was not obeyed")
            return
        }
        let paused = RecordingContext(wishAt: (poll, .pause))
        guard case .yielded = try trainer.train(try Self.makeAssignment(spec), paused) else {
            Issue.record("the pause was not obeyed")
            return
        }
        #expect(paused.epochs.isEmpty)
        _ = try model(try trainer.train(try Self.makeAssignment(spec), RecordingContext()))
    }

    /// What an evaluation takes a moment for is known of a stopped job as well.
    @Test(arguments: [(0.0001, true), (1, false)])
    func aStopWaitsForNoLongEvaluation(secondsPerLook: Double, isEvaluated: Bool) throws {
        let looks = Lock(0)
        let trainer = Trainer(datasets: EncodedDatasetCache(bytesMax: 1 << 30, limits: .standard)) {
            looks.withLock { looks in
                looks += 1
                return Double(looks) * secondsPerLook
            }
        }
        let spec = Self.makeDigitsSpec { $0.test = .fraction(0.2, seed: 1, stratifyBy: nil) }
        let outcome = try trainer.train(try Self.makeAssignment(spec), RecordingContext(wishAt: (3, .stop)))
        guard case .succeeded(.stopped, let model) = outcome else {
            Issue.record("the stop was not obeyed")
            return
        }
        #expect(model.epoch == 0)
        let metrics = model.tasks[0].metrics
        #expect(metrics.keys.sorted() == TaskSpec.Kind.classification.metrics.sorted())
        #expect(metrics.values.contains { $0 != nil } == isEvaluated)
        #expect((model.testMetrics != nil) == isEvaluated)
    }

    @Test func theProcessorsTimeOfAnEpochIsWhatPassedInIt() throws {
        let looks = Lock(0.0)
        let trainer = Trainer(
            datasets: EncodedDatasetCache(bytesMax: 1 << 30, limits: .standard), clock: makeClock(),
            processorClock: { _ in
                looks.withLock { looks in
                    looks += 2
                    return looks
                }
            })
        let context = RecordingContext()
        let spec = Self.makeDigitsSpec {
            $0.epochs = 3
            $0.test = .fraction(0.2, seed: 1, stratifyBy: nil)
        }
        let outcome = try trainer.train(try Self.makeAssignment(spec), context)
        #expect(context.epochs.map(\.cpuSeconds) == [2, 2, 2])
        guard case .succeeded(_, let model) = outcome else {
            Issue.record("the run did not succeed")
            return
        }
        // 1,797 rows, of which a fifth.
        #expect(Set(model.testRows.values).count == 1 && (300...400).contains(model.testRows["digit"] ?? 0))
    }

    @Test func theProcessorWorksNoLessThanNothing() {
        let before = Trainer.processorSeconds(1)
        var sum = 0.0
        for index in 0..<200_000 { sum += Double(index).squareRoot() }
        #expect(sum > 0 && Trainer.processorSeconds(1) > before && before >= 0)
        #expect(Trainer.processorSeconds(2) >= 0)
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
