import Jobs
import Kernels
import Locks
import Testing

@testable import Trainer

/// `checkpoint.every_seconds`, with a clock that the test moves.
struct CheckpointIntervalTests {
    /// A clock that is one second on whenever a batch has been trained.
    private static func run(everySeconds: Int?, stepSeconds: Double = 1) throws -> RecordingContext {
        let setup = try makeSetup(
            makeSpec {
                $0.epochs = 2
                $0.batchSize = 20
                $0.checkpoint = CheckpointSpec(everyEpochs: 10, everySeconds: everySeconds)
            })
        let context = RecordingContext()
        let clock: TrainingClock = { Double(context.record.withLock { $0.progress.count }) * stepSeconds }
        let loop = try TrainingLoop(
            setup, attempt: 1, switches: [], context: context, clocks: TrainingClocks(wall: clock))
        _ = try loop.run()
        return context
    }

    @Test func aCheckpointIsSavedWheneverTheSecondsHavePassed() throws {
        let context = try Self.run(everySeconds: 3)
        let interim = context.checkpoints.filter { $0.kind == .interim }
        // 200 rows, batches of 20, two epochs. A batch's second begins when it is reported, which is after the clock is
        // read: three of them are over when the fourth is.
        #expect(interim.map(\.step) == [4, 8, 12, 16, 20])
    }

    @Test func noneIsSavedBeforeTheirTimeOrUnasked() throws {
        #expect(try Self.run(everySeconds: 100).checkpoints.allSatisfy { $0.kind != .interim })
        #expect(try Self.run(everySeconds: nil, stepSeconds: 1_000).checkpoints.allSatisfy { $0.kind != .interim })
    }

    @Test func theRunGoesOnFromOneToTheSameBytes() throws {
        let setup = try makeSetup(
            makeSpec {
                $0.epochs = 2
                $0.batchSize = 20
                $0.checkpoint = CheckpointSpec(everyEpochs: 10, everySeconds: 3)
            })
        let expected = try TrainingLoopTests.run(setup).loop
        for checkpoint in try Self.run(everySeconds: 3).checkpoints where checkpoint.kind == .interim {
            let resumed = try TrainingLoopTests.run(setup, from: checkpoint).loop
            #expect(resumed.step.network.parameters.elements == expected.step.network.parameters.elements)
        }
    }
}
