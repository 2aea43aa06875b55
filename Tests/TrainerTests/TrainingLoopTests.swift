import Jobs
import Kernels
import Testing
import Weighting

@testable import Datasets
@testable import Trainer

struct TrainingLoopTests {
    static func run(
        _ setup: TrainingSetup, _ context: RecordingContext = RecordingContext(), from checkpoint: Checkpoint? = nil
    ) throws -> (end: TrainingLoop.End, loop: TrainingLoop) {
        let loop = try TrainingLoop(
            setup, attempt: 1, switches: [], from: checkpoint.map { Archive.sealed($0.content.bytes) },
            context: context,
            clocks: TrainingClocks(wall: makeClock()))
        return (try loop.run(), loop)
    }

    @Test func trainingLearnsEveryTask() throws {
        let context = RecordingContext()
        _ = try Self.run(
            try makeSetup(
                makeSpec {
                    $0.epochs = 60; $0.optimizer.learningRate = 0.01
                }), context)
        let last = try #require(context.epochs.last)
        #expect(context.epochs.count == 60)
        #expect(try #require(last.tasks[0].metrics["accuracy"] ?? nil) > 0.9)
        #expect(try #require(last.tasks[1].metrics["accuracy"] ?? nil) > 0.8)
        // In the target's own unit, whose deviation is 2.
        #expect(try #require(last.tasks[2].metrics["rmse"] ?? nil) < 0.6)
    }

    @Test(arguments: [("epoch", "ratio"), ("epoch", "softmax"), ("batch", "ratio"), ("batch", "softmax")])
    func theSameSpecAndSeedTwiceGiveTheSameBytes(cadence: String, form: String) throws {
        let weighting = try WeightingConfiguration(
            strategy: "adaptive", parameters: ["cadence": .text(cadence), "form": .text(form)])
        let setup = try makeSetup(makeSpec { $0.weighting = weighting })
        let contexts = [RecordingContext(), RecordingContext()]
        let loops = try contexts.map { try Self.run(setup, $0).loop }
        #expect(contexts[0].epochs.map(\.timeless) == contexts[1].epochs.map(\.timeless))
        #expect(loops[0].step.network.parameters.elements == loops[1].step.network.parameters.elements)
        let other = try Self.run(
            try makeSetup(
                makeSpec {
                    $0.weighting = weighting; $0.seed = 2
                })
        ).loop
        #expect(other.step.network.parameters.elements != loops[0].step.network.parameters.elements)
    }

    @Test func theWeightsOfAnEpochFollowFromTheLossesOfTheOneBefore() throws {
        let context = RecordingContext()
        _ = try Self.run(try makeSetup(), context)
        let epochs = context.epochs
        #expect(epochs[0].tasks.map(\.weight) == [1, 1, 1])
        for (before, after) in zip(epochs, epochs.dropFirst()) {
            let losses = before.tasks.compactMap(\.trainLoss)
            let total = losses.reduce(0, +)
            for (task, loss) in zip(after.tasks, losses) {
                #expect(abs(try #require(task.weight) - 3 * loss / total) < 1e-12)
            }
        }
    }

    @Test func theTrainLossIsTheMeanOverLabelledRows() throws {
        // One batch an epoch and no learning, so the training losses are those of the initial network.
        let setup = try makeSetup(
            makeSpec {
                $0.batchSize = 1000
                $0.epochs = 1
                $0.optimizer = OptimizerSpec(kind: .sgd, learningRate: 1e-30)
            })
        let context = RecordingContext()
        let loop = try Self.run(setup, context).loop
        let expected = try loop.evaluate(setup.data.training)
        for (task, loss) in zip(context.epochs[0].tasks, expected.losses) {
            #expect(abs(try #require(task.trainLoss) - loss.mean) < 1e-6)
        }
        #expect(expected.losses[1].normaliser == 160)
    }

    /// Cut at many polls of a run that shuffles, drops out and normalises, then resumed: the same bytes at the end.
    @Test(arguments: [4, 5, 17, 41, 77, 120, 200, 260])
    func aPausedRunResumesToTheSameBytes(poll: Int) throws {
        let setup = try makeSetup(
            makeSpec {
                $0.model = ModelSpec(
                    encoder: .mlp(MLPSpec(hidden: [16, 8], activation: .silu, dropout: 0.2, batchNorm: true)),
                    headHidden: [6])
                $0.batchSize = 48
                $0.gradientClipNorm = 0.5
            })
        let whole = RecordingContext()
        let expected = try Self.run(setup, whole).loop

        let first = RecordingContext(wishAt: (poll, .pause))
        guard case .yielded = try Self.run(setup, first).end else {
            Issue.record("the run did not yield")
            return
        }
        let checkpoint = try #require(first.checkpoints.last)
        #expect(checkpoint.kind == .interim)
        let second = RecordingContext()
        let resumed = try Self.run(setup, second, from: checkpoint).loop
        #expect((first.epochs + second.epochs).map(\.timeless) == whole.epochs.map(\.timeless))
        #expect(resumed.step.network.parameters.elements == expected.step.network.parameters.elements)
        #expect(resumed.step.network.statistics.elements == expected.step.network.statistics.elements)
        #expect(resumed.bestParameters.elements == expected.bestParameters.elements)
    }

    @Test func aRunContinuesFromTheCheckpointOfAnyEpoch() throws {
        let setup = try makeSetup()
        let whole = RecordingContext()
        let expected = try Self.run(setup, whole).loop
        #expect(whole.checkpoints.map(\.epoch) == [1, 2, 3, 4])
        for checkpoint in whole.checkpoints {
            let context = RecordingContext()
            let resumed = try Self.run(setup, context, from: checkpoint).loop
            #expect(context.epochs.map(\.timeless) == whole.epochs.dropFirst(checkpoint.epoch).map(\.timeless))
            #expect(resumed.bestParameters.elements == expected.bestParameters.elements)
        }
    }

    @Test func aCancelledRunSavesNothing() throws {
        let context = RecordingContext(wishAt: (5, .cancel))
        guard case .cancelled = try Self.run(try makeSetup(), context).end else {
            Issue.record("the run was not cancelled")
            return
        }
        #expect(context.checkpoints.isEmpty)
    }

    @Test func aStoppedRunKeepsTheBestEpoch() throws {
        let context = RecordingContext(wishAt: (150, .stop))
        let (end, loop) = try Self.run(try makeSetup(), context)
        guard case .finished(.stopped) = end else {
            Issue.record("the run was not stopped")
            return
        }
        loop.restoreBest()
        #expect(loop.step.network.parameters.elements == loop.bestParameters.elements)
        #expect(try #require(loop.state.best).epoch == context.epochs.count)
        #expect(context.epochs.map(\.bestEpoch) == context.epochs.map(\.epoch))
    }

    @Test func trainingStopsWhenPatienceIsOver() throws {
        let setup = try makeSetup(
            makeSpec {
                $0.epochs = 50
                // So large a step that nothing improves after the first epochs.
                $0.optimizer = OptimizerSpec(kind: .adam, learningRate: 0.3)
                $0.earlyStopping = EarlyStoppingSpec(patience: 3)
            })
        let context = RecordingContext()
        let (end, loop) = try Self.run(setup, context)
        guard case .finished(.earlyStopped) = end else {
            Issue.record("the run did not stop early")
            return
        }
        let best = try #require(loop.state.best)
        let losses = context.epochs.compactMap(\.validationLoss)
        #expect(best.value == losses.min())
        #expect(context.epochs.count == best.epoch + 3)
    }

    @Test func everyEpochNamesTheBestOfEachTaskSoFar() throws {
        let setup = try makeSetup(makeSpec { $0.epochs = 8 })
        let context = RecordingContext()
        _ = try Self.run(setup, context)
        #expect(context.epochs.count == 8)
        for (position, task) in setup.tasks.enumerated() {
            let metric = try #require(task.kind.metrics.first)
            for (index, epoch) in context.epochs.enumerated() {
                let values = try context.epochs[...index].map { epoch in
                    try #require(epoch.tasks[position].metrics[metric] ?? nil)
                }
                let best = try #require(metric == "rmse" ? values.min() : values.max())
                let first = try #require(values.firstIndex(of: best))
                #expect(
                    epoch.tasks[position].best
                        == TaskBest(task: task.name, metric: metric, value: best, epoch: first + 1))
            }
        }
    }

    @Test func aRunThatDivergesNamesTaskEpochAndBatch() throws {
        var data = makeData()
        guard case .features(let encoded) = data.inputs else { return }
        var matrix = encoded
        matrix.values[8 * 3] = .infinity
        data = TrainingData(
            inputs: .features(matrix), targets: data.targets, training: [0, 1, 2, 3], validation: [4, 5], test: nil)
        let context = RecordingContext()
        let end = try Self.run(try makeSetup(makeSpec { $0.batchSize = 4 }, data: data), context).end
        guard case .failed(.diverged, let failure) = end else {
            Issue.record("the run did not diverge")
            return
        }
        #expect(failure.detail == "the loss of task \"sign\" is not finite in epoch 1, batch 1")
        #expect(context.epochs.isEmpty)
    }

    @Test func aChangeOfWeightingTakesEffectAtItsEpoch() throws {
        let change = WeightingSwitch(fromEpoch: 3, weighting: .equal)
        let context = RecordingContext(switches: [change])
        _ = try Self.run(try makeSetup(), context)
        #expect(context.epochs.map(\.strategy) == ["adaptive", "adaptive", "equal", "equal"])
        #expect(context.epochs[3].tasks.map(\.weight) == [1, 1, 1])
    }

    @Test func whatTheContextThrowsEndsTheRun() throws {
        #expect(throws: RecordingContext.FencedOut.self) {
            try Self.run(try makeSetup(), RecordingContext(epochsMax: 2))
        }
    }

    @Test func aTaskWithoutLabelsInABatchTrainsTheOthers() throws {
        // Batches of one row: every fifth has no label for the second task.
        let context = RecordingContext()
        _ = try Self.run(
            try makeSetup(
                makeSpec {
                    $0.batchSize = 1; $0.epochs = 1
                }), context)
        let epoch = try #require(context.epochs.first)
        #expect(epoch.tasks.allSatisfy { $0.trainLoss?.isFinite == true })
    }
}
