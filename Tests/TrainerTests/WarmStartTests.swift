import Jobs
import Testing

@testable import Trainer

/// Runs that begin where another model ended.
struct WarmStartTests {
    /// So small a rate that no parameter moves.
    private static func makeStillSpec(_ change: (inout TrainingSpec) -> Void = { _ in }) -> TrainingSpec {
        TrainerTests.makeDigitsSpec {
            $0.epochs = 1
            $0.optimizer = OptimizerSpec(kind: .sgd, learningRate: 1e-30)
            change(&$0)
        }
    }

    private static func train(_ spec: TrainingSpec, from initial: [UInt8]? = nil) throws -> TrainingOutcome {
        var assignment = try TrainerTests.makeAssignment(spec)
        assignment.initialModel = initial
        return try TrainerTests.makeTrainer().train(assignment, RecordingContext())
    }

    private static func model(_ outcome: TrainingOutcome) throws -> ModelFile {
        guard case .succeeded(_, let model) = outcome else {
            Issue.record("the run did not succeed: \(outcome)")
            throw CancellationError()
        }
        return try ModelFile(model.bytes)
    }

    /// Names of the parameters that two models have in common to the last bit.
    private static func shared(_ one: ModelFile, _ other: ModelFile) -> Set<String> {
        let values = { (file: ModelFile) in
            Dictionary(uniqueKeysWithValues: zip(file.plan.parameters.entries.map(\.plan.name), file.parameters))
        }
        let (left, right) = (values(one), values(other))
        return Set(left.keys.filter { left[$0] == right[$0] })
    }

    @Test func theTrunkIsCopiedAndAHeadWhereItsTaskIsTheSame() throws {
        let first = try Self.model(try Self.train(TrainerTests.makeDigitsSpec { $0.epochs = 2 }))
        let second = try Self.model(
            try Self.train(
                Self.makeStillSpec {
                    // In another order, one of another type and one that is new.
                    $0.tasks = [
                        TaskSpec(name: "ge5", targets: ["ge5"], kind: .classification),
                        TaskSpec(name: "large", targets: ["ge5"], kind: .binary),
                        TaskSpec(name: "digit", targets: ["digit"], kind: .classification),
                    ]
                    $0.inputColumns = (0..<64).map { "p\($0)" }
                    $0.seed = 5
                }, from: first.encoded()))
        let trunk = first.plan.parameters.entries.map(\.plan.name).filter { $0.hasPrefix("trunk.") }
        #expect(Self.shared(first, second) == Set(trunk + ["heads.digit.0.weight", "heads.digit.0.bias"]))
    }

    @Test func aTrunkMayGainDropout() throws {
        let first = try Self.model(try Self.train(TrainerTests.makeDigitsSpec { $0.epochs = 1 }))
        let dropping = Self.makeStillSpec {
            $0.model = ModelSpec(encoder: .mlp(MLPSpec(dropout: 0.5)), headHidden: [])
        }
        let second = try Self.model(try Self.train(dropping, from: first.encoded()))
        #expect(second.parameters == first.parameters)
    }

    @Test func withoutAnInitialModelTheTrunkIsDrawn() throws {
        let first = try Self.model(try Self.train(TrainerTests.makeDigitsSpec { $0.epochs = 1 }))
        #expect(Self.shared(first, try Self.model(try Self.train(Self.makeStillSpec { $0.seed = 5 }))).isEmpty)
    }

    @Test func aModelWithAnotherTrunkOrOtherInputsIsRefusedInWords() throws {
        let first = try Self.model(try Self.train(TrainerTests.makeDigitsSpec { $0.epochs = 1 })).encoded()
        let changes: [(inout TrainingSpec) -> Void] = [
            { $0.model = ModelSpec(encoder: .mlp(MLPSpec(hidden: [128, 63])), headHidden: []) },
            { $0.inputColumns = ["p1", "p2"] },
        ]
        for (change, words) in zip(changes, ["its encoder", "other inputs"]) {
            guard case .failed(.error, let failure) = try Self.train(Self.makeStillSpec(change), from: first) else {
                Issue.record("the run did not fail")
                continue
            }
            #expect(failure.code == .invalidSpec)
            #expect(failure.detail.contains(words))
        }
    }

    @Test func aMisfitIsFoundBeforeAnythingIsRead() throws {
        let first = try Self.model(try Self.train(TrainerTests.makeDigitsSpec { $0.epochs = 1 })).encoded()
        let library = ModelLibrary(cacheBytesMax: 100 << 20)
        let schema = try TrainerTests.digits.get().schema
        let check = { (spec: TrainingSpec) in
            try library.checkInitialModel("d", load: { first }, of: spec, schema: schema)
        }
        try check(
            Self.makeStillSpec {
                $0.tasks = [TaskSpec(name: "new", targets: ["ge5"], kind: .binary)]
                $0.inputColumns = (0..<64).map { "p\($0)" }
            })
        let misfits: [(inout TrainingSpec) -> Void] = [
            { $0.model = ModelSpec(encoder: .mlp(MLPSpec(hidden: [128, 63])), headHidden: []) },
            { $0.model = ModelSpec(encoder: .mlp(MLPSpec(batchNorm: true)), headHidden: []) },
            { $0.inputColumns = ["p1", "p2"] },
            { $0.inputEncodings = ["p3": ColumnEncoding(kind: .embedded)] },
        ]
        for misfit in misfits {
            let error = #expect(throws: InvalidSpec.self) { try check(Self.makeStillSpec(misfit)) }
            #expect(error?.problems.map(\.pointer) == ["/initial_model"])
        }
    }
}
