import Jobs
import Kernels
import Testing

@testable import Trainer

/// Optimisers and schedules against PyTorch's, number by number.
struct OptimizerParityTests {
    static let optimizers: [(name: String, spec: OptimizerSpec)] = [
        ("sgd", OptimizerSpec(kind: .sgd, learningRate: 0.1)),
        ("sgd_decay", OptimizerSpec(kind: .sgd, learningRate: 0.1, weightDecay: 0.05)),
        ("sgd_momentum", OptimizerSpec(kind: .sgd, learningRate: 0.05, momentum: 0.9, weightDecay: 0.01)),
        (
            "sgd_nesterov",
            OptimizerSpec(kind: .sgd, learningRate: 0.05, momentum: 0.8, nesterov: true, weightDecay: 0.01)
        ),
        ("adam", OptimizerSpec(kind: .adam, learningRate: 0.02)),
        (
            "adam_decay",
            OptimizerSpec(kind: .adam, learningRate: 0.02, betas: [0.8, 0.95], epsilon: 1e-3, weightDecay: 0.1)
        ),
        ("adamw", OptimizerSpec(kind: .adamw, learningRate: 0.02, weightDecay: 0.1)),
    ]

    @Test(arguments: optimizers)
    func everyStepIsPyTorchs(name: String, spec: OptimizerSpec) throws {
        let recorded = try ParityTests.read("optimizers").filter { $0[0] == name }
        #expect(recorded.count == 20)
        try expectSteps(recorded, spec, Double.self, tolerance: 1e-13)
        try expectSteps(recorded, spec, Float.self, tolerance: 1e-5)
    }

    private func expectSteps<Number: Real>(
        _ recorded: [[String]], _ spec: OptimizerSpec, _: Number.Type, tolerance: Double
    ) throws {
        let count = 4
        let optimizer = try Optimizer<Number>(spec, parameters: count)
        let parameters = try AlignedBuffer((0..<count).map { Number(ParityProblem.number($0, 70)) })
        for (step, line) in recorded.enumerated() {
            let gradients = try AlignedBuffer((0..<count).map { Number(ParityProblem.number($0, 80 + step)) })
            optimizer.step(
                parameters: parameters, gradients: gradients, learningRate: spec.learningRate, gradientScale: 1)
            for (actual, text) in zip(parameters.elements, line.dropFirst(2)) {
                #expect(abs(Double(actual) - (try #require(Double(text)))) < tolerance, "step \(step)")
            }
        }
    }

    static let schedules: [ScheduleSpec] = [
        ScheduleSpec(kind: .constant), ScheduleSpec(kind: .step, stepEpochs: 4, gamma: 0.3),
        ScheduleSpec(kind: .exponential, gamma: 0.8), ScheduleSpec(kind: .cosine),
        ScheduleSpec(kind: .oneCycle, learningRateMax: 0.4),
    ]

    @Test(arguments: schedules)
    func everyRateIsPyTorchs(_ schedule: ScheduleSpec) throws {
        let recorded = try ParityTests.read("schedules").filter { $0[0] == schedule.kind.rawValue }
        #expect(recorded.count == 36)
        let rates = LearningRate(base: 0.1, schedule: schedule, epochs: 12)
        for line in recorded {
            let (epoch, step) = (try #require(Int(line[1])), try #require(Int(line[2])))
            let expected = try #require(Double(line[3]))
            #expect(abs(rates.rate(epoch: epoch, step: step, stepsPerEpoch: 3) - expected) < 1e-12)
        }
    }

    @Test(arguments: schedules)
    func theWarmUpRisesToTheBaseAndTheScheduleFollowsAsIfItBeganThen(_ schedule: ScheduleSpec) {
        var warmed = schedule
        warmed.warmupEpochs = 2
        let rates = LearningRate(base: 0.1, schedule: warmed, epochs: 14)
        let rising = (0..<8).map { rates.rate(epoch: $0 / 4, step: $0 % 4, stepsPerEpoch: 4) }
        for (index, rate) in rising.enumerated() { #expect(abs(rate - 0.1 * Double(index + 1) / 8) < 1e-15) }
        let cold = LearningRate(base: 0.1, schedule: schedule, epochs: 12)
        for epoch in 0..<12 {
            #expect(
                rates.rate(epoch: epoch + 2, step: 1, stepsPerEpoch: 4)
                    == cold.rate(epoch: epoch, step: 1, stepsPerEpoch: 4))
        }
    }

    @Test(arguments: schedules)
    func aScheduleOfASingleStepHasARate(_ schedule: ScheduleSpec) {
        let rate = LearningRate(base: 0.1, schedule: schedule, epochs: 1).rate(epoch: 0, step: 0, stepsPerEpoch: 1)
        #expect(rate.isFinite && rate > 0)
    }

    @Test func everyEpochRecordsTheRateOfItsLastStepAndTheNormBeforeClipping() throws {
        func epochs(clip: Double?) throws -> [EpochRecord] {
            let context = RecordingContext()
            let spec = makeSpec {
                $0.schedule = ScheduleSpec(kind: .oneCycle, warmupEpochs: 1, learningRateMax: 0.01)
                $0.gradientClipNorm = clip
            }
            _ = try TrainingLoopTests.run(try makeSetup(spec), context)
            return context.epochs
        }
        let clipped = try epochs(clip: 1e-3)
        // 200 rows in batches of 32.
        let rates = LearningRate(
            base: 0.001, schedule: ScheduleSpec(kind: .oneCycle, warmupEpochs: 1, learningRateMax: 0.01), epochs: 4)
        #expect(clipped.map(\.learningRate) == (0..<4).map { rates.rate(epoch: $0, step: 6, stepsPerEpoch: 7) })
        #expect(clipped[0].learningRate == 0.001)
        for epoch in clipped { #expect(try #require(epoch.gradientNorm) > 0.1) }
        #expect(try clipped.map(\.trainLoss) != epochs(clip: nil).map(\.trainLoss))
    }
}
