import Jobs
import Kernels
import Testing
import Weighting

@testable import Trainer

/// Every strategy of the catalogue in a training loop.
struct StrategyTests {
    static let names = WeightingStrategies.all.map(\.name)

    private func setup(_ strategy: String, _ change: (inout TrainingSpec) -> Void = { _ in }) throws -> TrainingSetup {
        let weighting = try WeightingConfiguration(strategy: strategy)
        return try makeSetup(
            makeSpec {
                $0.weighting = weighting
                $0.batchSize = 24
                change(&$0)
            })
    }

    @Test(arguments: names)
    func everyStrategyTrainsTheSharedPartAndEveryHead(strategy: String) throws {
        let setup = try setup(strategy)
        let context = RecordingContext()
        let loop = try TrainingLoopTests.run(setup, context).loop
        #expect(context.epochs.map(\.strategy) == Array(repeating: strategy, count: 4))
        let before = try Network<Float>(setup.plan, rowsMax: 1)
        before.initialize(seed: setup.spec.seed)
        for range in [0..<setup.plan.sharedCount] + setup.plan.headRanges {
            let moved = range.contains { loop.step.network.parameters[$0] != before.parameters[$0] }
            #expect(moved)
        }
        for epoch in context.epochs {
            #expect(epoch.trainLoss?.isFinite == true)
            for task in epoch.tasks { #expect(try #require(task.weight).isFinite) }
        }
    }

    @Test(arguments: names)
    func everyStrategyResumesToTheSameBytes(strategy: String) throws {
        let setup = try setup(strategy)
        let whole = RecordingContext()
        let expected = try TrainingLoopTests.run(setup, whole).loop
        for poll in [23, 150] {
            let first = RecordingContext(wishAt: (poll, .pause))
            _ = try TrainingLoopTests.run(setup, first)
            let checkpoint = try #require(first.checkpoints.last { $0.kind == .interim })
            let second = RecordingContext()
            let resumed = try TrainingLoopTests.run(setup, second, from: checkpoint).loop
            #expect((first.epochs + second.epochs).map(\.timeless) == whole.epochs.map(\.timeless))
            #expect(resumed.step.network.parameters.elements == expected.step.network.parameters.elements)
        }
    }

    @Test func gradientStrategiesPassBackwardsOncePerLabelledTask() throws {
        let context = RecordingContext()
        _ = try TrainingLoopTests.run(try setup("mgda"), context)
        // 200 rows in batches of 24: nine steps, three tasks.
        #expect(context.epochs.map(\.backwardPasses) == [27, 27, 27, 27])
    }

    @Test(arguments: ["sdmgrad", "modo"])
    func strategiesOfThreeBatchesMakeAThirdOfTheSteps(strategy: String) throws {
        let context = RecordingContext()
        let loop = try TrainingLoopTests.run(try setup(strategy), context).loop
        #expect(loop.step.optimizer.steps == 4 * 3)
        #expect(context.epochs.map(\.backwardPasses) == [27, 27, 27, 27])
    }

    @Test(arguments: ["sdmgrad", "modo"])
    func lossesAreThoseOfAllBatchesOfAStep(strategy: String) throws {
        let (own, equal) = (RecordingContext(), RecordingContext())
        // Hardly learning, so that the same rows have the same losses whenever they are seen.
        _ = try TrainingLoopTests.run(try setup(strategy) { $0.optimizer.learningRate = 1e-12 }, own)
        _ = try TrainingLoopTests.run(try setup("equal") { $0.optimizer.learningRate = 1e-12 }, equal)
        for (one, other) in zip(own.epochs[0].tasks, equal.epochs[0].tasks) {
            #expect(abs(try #require(one.trainLoss) - (try #require(other.trainLoss))) < 1e-5)
        }
    }

    @Test(arguments: [
        MLPSpec(hidden: [16, 8]), MLPSpec(hidden: [16, 8], activation: .gelu),
        MLPSpec(hidden: [16, 8], batchNorm: true), MLPSpec(hidden: [16, 8], dropout: 0.2),
    ])
    func gradnormPassesBackwardsOnceAndLearnsAsWithAPassForEachTask(encoder: MLPSpec) throws {
        let (once, each) = (RecordingContext(), RecordingContext())
        for (context, isObserved) in [(once, false), (each, true)] {
            _ = try TrainingLoopTests.run(
                try setup("gradnorm") {
                    $0.model.encoder = .mlp(encoder)
                    $0.diagnostics = isObserved
                }, context)
        }
        #expect(once.epochs.map(\.backwardPasses) == [9, 9, 9, 9])
        #expect(each.epochs.map(\.backwardPasses) == [27, 27, 27, 27])
        for (one, other) in zip(once.epochs, each.epochs) {
            for (task, same) in zip(one.tasks, other.tasks) {
                #expect(abs(try #require(task.weight) - (try #require(same.weight))) < 1e-4)
                #expect(abs(try #require(task.trainLoss) - (try #require(same.trainLoss))) < 1e-4)
            }
        }
    }

    @Test func diagnosticsChangeNoWeightBeyondRounding() throws {
        let (quiet, watched) = (RecordingContext(), RecordingContext())
        _ = try TrainingLoopTests.run(try setup("adaptive"), quiet)
        _ = try TrainingLoopTests.run(try setup("adaptive") { $0.diagnostics = true }, watched)
        for (one, other) in zip(quiet.epochs, watched.epochs) {
            #expect(abs(try #require(one.trainLoss) - (try #require(other.trainLoss))) < 1e-4)
            let cosines = try #require(other.gradientCosine)
            for i in 0..<3 {
                #expect(try #require(other.tasks[i].gradientNorm) > 0)
                for j in 0..<3 {
                    #expect(abs(try #require(cosines[i][j])) <= 1 + 1e-9)
                    #expect(cosines[i][j] == cosines[j][i])
                }
            }
            #expect(one.gradientCosine == nil)
        }
    }

    @Test func everyChangeOfStrategyInARunIsPossible() throws {
        let switches = try Self.names.enumerated().map { index, name in
            WeightingSwitch(fromEpoch: index + 2, weighting: try WeightingConfiguration(strategy: name))
        }
        let context = RecordingContext(switches: switches)
        _ = try TrainingLoopTests.run(try setup("equal") { $0.epochs = Self.names.count + 1 }, context)
        #expect(context.epochs.map(\.strategy) == ["equal"] + Self.names)
    }
}
