import Jobs
import Kernels
import Testing
import Weighting

@testable import Datasets
@testable import Trainer

/// What every encoder owes, whatever its layers are.
struct EncoderTests {
    @Test(arguments: EncoderCase.all + [.wideResnet])
    func theSameSpecAndSeedTwiceGiveTheSameBytes(encoder: EncoderCase) throws {
        let contexts = [RecordingContext(), RecordingContext()]
        let loops = try contexts.map { try TrainingLoopTests.run(try encoder.setup(), $0).loop }
        #expect(contexts[0].epochs.map(\.timeless) == contexts[1].epochs.map(\.timeless))
        #expect(loops[0].step.network.parameters.elements == loops[1].step.network.parameters.elements)
        let other = try TrainingLoopTests.run(try encoder.setup { $0.seed = 2 }).loop
        #expect(other.step.network.parameters.elements != loops[0].step.network.parameters.elements)
    }

    @Test(arguments: EncoderCase.all, [3, 19, 40])
    func aPausedRunResumesToTheSameBytes(encoder: EncoderCase, poll: Int) throws {
        let setup = try encoder.setup { $0.optimizer = OptimizerSpec(kind: .adam, learningRate: 0.01) }
        let whole = RecordingContext()
        let expected = try TrainingLoopTests.run(setup, whole).loop
        let first = RecordingContext(wishAt: (poll, .pause))
        guard case .yielded = try TrainingLoopTests.run(setup, first).end else {
            Issue.record("the run did not yield")
            return
        }
        let checkpoint = try #require(first.checkpoints.last)
        let second = RecordingContext()
        let resumed = try TrainingLoopTests.run(setup, second, from: checkpoint).loop
        #expect((first.epochs + second.epochs).map(\.timeless) == whole.epochs.map(\.timeless))
        #expect(resumed.step.network.parameters.elements == expected.step.network.parameters.elements)
        #expect(resumed.step.network.statistics.elements == expected.step.network.statistics.elements)
    }

    @Test(arguments: EncoderCase.all)
    func trainingBringsTheLossDown(encoder: EncoderCase) throws {
        let context = RecordingContext()
        let setup = try encoder.setup {
            $0.epochs = 25
            $0.optimizer = OptimizerSpec(kind: .adam, learningRate: 0.01)
        }
        _ = try TrainingLoopTests.run(setup, context)
        let losses = context.epochs.compactMap(\.trainLoss)
        #expect(try #require(losses.last) < 0.95 * (try #require(losses.first)))
    }

    /// Central differences of Σ r·outputs in double precision, for some numbers of every parameter.
    @Test(arguments: EncoderCase.all)
    func gradientsAgreeWithDifferences(encoder: EncoderCase) throws {
        let problem = try GradientProblem<Double>(encoder)
        let gradient = try problem.gradient(rows: [8, 9, 21, 30])
        for entry in problem.network.plan.parameters.entries {
            for index in stride(from: 0, to: entry.plan.count, by: max(1, entry.plan.count / 5)) {
                let place = entry.offset + index
                let value = problem.network.parameters[place]
                let step = 1e-6
                problem.network.parameters[place] = value + step
                let above = try problem.objective(rows: [8, 9, 21, 30])
                problem.network.parameters[place] = value - step
                let below = try problem.objective(rows: [8, 9, 21, 30])
                problem.network.parameters[place] = value
                let difference = (above - below) / (2 * step)
                #expect(
                    abs(difference - gradient[place]) < 2e-5 * max(1, abs(difference)), "\(entry.plan.name)[\(index)]")
            }
        }
    }

    @Test(arguments: EncoderCase.all + [.wideResnet])
    func fastKernelsGiveTheGradientOfThePlainOnes(encoder: EncoderCase) throws {
        let plain = try GradientProblem<Double>(encoder)
        let fast = try GradientProblem<Float>(encoder)
        for index in 0..<plain.network.parameters.count {
            plain.network.parameters[index] = Double(fast.network.parameters[index])
        }
        // The second batch is what counts: the first leaves its traces in the memory of the layers.
        for rows in [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 23]] as [[Int32]] {
            let expected = try plain.gradient(rows: rows)
            let actual = try fast.gradient(rows: rows)
            for entry in plain.network.plan.parameters.entries {
                let (norm, error) = entry.range.reduce((0.0, 0.0)) { sums, place in
                    let difference = Double(actual[place]) - expected[place]
                    return (sums.0 + expected[place] * expected[place], sums.1 + difference * difference)
                }
                #expect(error.squareRoot() <= 1e-4 * norm.squareRoot() + 1e-6, "\(entry.plan.name)")
            }
        }
    }

    @Test func aNetworkThatDoesNotFitItsInputsIsRefused() throws {
        let small = EncoderCase(description: "", encoder: .cnn(CNNSpec()), data: EncoderCase.all[0].data)
        #expect(throws: PlanError.self) { try small.setup() }
        let wrong = EncoderCase(description: "", encoder: .text(TextSpec()), data: EncoderCase.all[0].data)
        #expect(throws: PlanError.self) { try wrong.setup() }
        let other = EncoderCase(description: "", encoder: .resnet(ResNetSpec()), data: EncoderCase.all[3].data)
        #expect(throws: PlanError.self) { try other.setup() }
    }

    @Test func paddingNeverEntersATextsResult() throws {
        for encoder in EncoderCase.all where encoder.description.hasPrefix("text") {
            let problem = try GradientProblem<Double>(encoder)
            let before = try problem.objective(rows: [1, 2, 3])
            let table = try #require(problem.network.plan.parameters.entries.first)
            // The vector of padding is the table's first.
            for index in 0..<6 { problem.network.parameters[table.offset + index] += 100 }
            #expect(try problem.objective(rows: [1, 2, 3]) == before)
        }
    }
}

extension EncoderTests {
    /// A block of layers is no layer: its convolutions can be told apart, forward and backward, wherever the wish comes.
    @Test(arguments: EncoderCase.all.filter { $0.description.hasSuffix("resnet") })
    func aPassIsCalledOffBetweenTheLayersOfABlock(_ encoder: EncoderCase) throws {
        let problem = try GradientProblem<Float>(encoder)
        let looks = try problem.looks(rows: [1, 2, 3], wantedFor: .max)
        // ResNet-18 has 17 convolutions one behind the other.
        #expect(looks >= 2 * 17)
        for last in 0..<looks {
            #expect(throws: PassInterrupted.self) { try problem.looks(rows: [1, 2, 3], wantedFor: last) }
        }
    }
}

/// A network in training mode and the objective Σ r·outputs over its heads, with fixed r.
private final class GradientProblem<Number: Real> {
    let network: Network<Number>
    private let batch: InputBatch<Number>
    private let data: TrainingData

    init(_ encoder: EncoderCase) throws {
        let setup = try encoder.setup()
        data = encoder.data
        network = try Network<Number>(setup.plan, rowsMax: 8)
        network.initialize(seed: 5)
        batch = try InputBatch(setup.plan.input, rowsMax: 8)
    }

    private func weight(_ head: Int, _ index: Int) -> Double {
        0.3 + Double((head * 7 + index * 5) % 11) / 10
    }

    private func forward(
        _ rows: [Int32], isWanted: () -> Bool = { true }
    ) throws -> (Pass<Number>, [UnsafePointer<Number>]) {
        rows.withUnsafeBufferPointer { batch.gather($0, from: data.inputs) }
        let pass = network.pass(batch, rows: rows.count, mode: .training, seed: 1, step: 1)
        var outputs: [UnsafePointer<Number>] = []
        try network.forward(batch.values, pass, outputs: &outputs, isWanted: isWanted)
        return (pass, outputs)
    }

    func objective(rows: [Int32]) throws -> Double {
        let (_, outputs) = try forward(rows)
        var sum = 0.0
        for (head, stack) in network.plan.heads.enumerated() {
            for index in 0..<(rows.count * (try stack.output.count())) {
                sum += weight(head, index) * Double(outputs[head][index])
            }
        }
        return sum
    }

    /// How often a forward and a backward pass ask whether they are wanted; they are so for the first `wantedFor` times.
    @discardableResult
    func looks(rows: [Int32], wantedFor: Int) throws -> Int {
        var looks = 0
        _ = try gradient(rows: rows) {
            looks += 1
            return looks <= wantedFor
        }
        return looks
    }

    func gradient(rows: [Int32], isWanted: () -> Bool = { true }) throws -> [Number] {
        let (pass, _) = try forward(rows, isWanted: isWanted)
        var buffers: [AlignedBuffer<Number>] = []
        for (head, stack) in network.plan.heads.enumerated() {
            let count = rows.count * (try stack.output.count())
            buffers.append(try AlignedBuffer((0..<count).map { Number(weight(head, $0)) }))
        }
        try network.backward(buffers.map(\.pointer), pass, isWanted: isWanted)
        return network.gradients.elements
    }
}
