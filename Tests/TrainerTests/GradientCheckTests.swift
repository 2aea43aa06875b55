import Kernels
import Testing

@testable import Datasets
@testable import Trainer

/// Every layer's and every loss's gradient against central differences, in double precision.
struct GradientCheckTests {
    /// Half the width of a difference; the error of a difference is of the order of its square.
    private static let width = 1e-5
    private static let tolerance = 1e-7

    static let layers: [[LayerPlan]] =
        ActivationFunction.allCases.flatMap { activation in
            [
                [.dense(outputs: 4, activation: activation)], [.dense(outputs: 4, bias: false, activation: activation)],
                [.activation(activation)],
            ] as [[LayerPlan]]
        } + [[.batchNorm], [.dropout(rate: 0.4)], [.batchNorm, .activation(.gelu), .dropout(rate: 0.5)]]

    /// The layers stand between two others, so their gradient of the input is checked with the first one's weights.
    @Test(arguments: layers)
    func everyParametersGradientIsItsDifferenceQuotient(_ layers: [LayerPlan]) throws {
        let rows = 5
        let plan = try NetworkPlan(
            input: .features(3), trunk: [.dense(outputs: 6, activation: .tanh)] + layers,
            heads: [
                .init(task: "a", layers: [.dense(outputs: 2, activation: .identity)]),
                .init(
                    task: "b",
                    layers: [.dense(outputs: 3, activation: .silu), .dense(outputs: 1, activation: .identity)]
                ),
            ])
        let network = try Network<Double>(plan, rowsMax: rows)
        network.initialize(seed: 3)
        let batch = try InputBatch<Double>(plan.input, rowsMax: rows)
        var stream = RandomStream(seed: 4, name: "inputs")
        let values = (0..<(rows * 3)).map { _ in Float(stream.normal()) }
        (0..<Int32(rows)).map { $0 }.withUnsafeBufferPointer {
            batch.gather(
                $0,
                from: .features(FeatureMatrix(rows: rows, features: 3, values: values))
            )
        }
        // The loss is a fixed combination of the outputs, whose coefficients are then the gradient of the outputs.
        let coefficients = [2, 1].map { outputs in (0..<(rows * outputs)).map { _ in stream.normal() } }
        var outputs: [UnsafePointer<Double>] = []
        func loss() throws -> Double {
            let pass = network.pass(batch, rows: rows, mode: .training, seed: 5, step: 6)
            try network.forward(batch.values, pass, outputs: &outputs, isWanted: { true })
            return zip(coefficients, outputs).reduce(0) { sum, head in
                head.0.indices.reduce(sum) { $0 + head.0[$1] * head.1[$1] }
            }
        }
        _ = try loss()
        let dOutputs = try coefficients.map { try AlignedBuffer($0) }
        let pass = network.pass(batch, rows: rows, mode: .training, seed: 5, step: 6)
        try network.backward(dOutputs.map(\.pointer), pass, isWanted: { true })
        let gradients = network.gradients.elements
        for entry in plan.parameters.entries {
            for index in entry.range {
                let value = network.parameters[index]
                network.parameters[index] = value + Self.width
                let above = try loss()
                network.parameters[index] = value - Self.width
                let below = try loss()
                network.parameters[index] = value
                let quotient = (above - below) / (2 * Self.width)
                #expect(
                    abs(gradients[index] - quotient) < Self.tolerance * max(1, abs(quotient)), "\(entry.plan.name)")
            }
        }
    }

    /// A loss as a function of its inputs, which also writes its gradient.
    struct Loss: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let value: @Sendable (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> LossSum
    }

    private static let rows = 4
    private static let outputs = 3
    private static let targets: [Double] = [0, 1, .nan, 1, 1, 0, .nan, .nan, .nan, 0, 0, 1]

    private static func crossEntropy(_ name: String, smoothing: Double, weights: [Double]?) -> Loss {
        Loss(testDescription: name) { logits, gradient in
            // The third row has no label.
            Double.softmaxCrossEntropy(
                rows: rows, classes: outputs, logits: logits, labels: [2, 0, -1, 1], classWeights: weights,
                smoothing: smoothing, dLogits: gradient)
        }
    }

    private static func distance(_ name: String, _ distance: Distance) -> Loss {
        Loss(testDescription: name) { values, gradient in
            Double.distance(
                distance, count: rows * outputs, values: values, targets: targets, dValues: gradient)
        }
    }

    private static func binary(_ name: String, _ weights: [Double]?) -> Loss {
        Loss(testDescription: name) { logits, gradient in
            Double.binaryCrossEntropy(
                rows: rows, outputs: outputs, logits: logits, targets: targets, positiveWeights: weights,
                dLogits: gradient)
        }
    }

    static let losses = [
        crossEntropy("cross-entropy", smoothing: 0, weights: nil),
        crossEntropy("smoothed", smoothing: 0.2, weights: nil),
        crossEntropy("weighted", smoothing: 0, weights: [0.5, 1, 3]),
        crossEntropy("smoothed and weighted", smoothing: 0.1, weights: [0.5, 1, 3]),
        binary("binary cross-entropy", nil), binary("with positive weights", [0.5, 1, 3]),
        distance("squared", .squared), distance("absolute", .absolute), distance("huber", .huber(delta: 0.7)),
    ]

    @Test(arguments: losses)
    func everyLosssGradientIsItsDifferenceQuotient(_ loss: Loss) {
        var stream = RandomStream(seed: 7, name: "logits")
        var values = (0..<(Self.rows * Self.outputs)).map { _ in 2 * stream.normal() }
        var gradient = [Double](repeating: .nan, count: values.count)
        var scratch = gradient
        _ = loss.value(values, &gradient)
        for index in values.indices {
            let value = values[index]
            values[index] = value + Self.width
            let above = loss.value(values, &scratch).sum
            values[index] = value - Self.width
            let below = loss.value(values, &scratch).sum
            values[index] = value
            let quotient = (above - below) / (2 * Self.width)
            #expect(abs(gradient[index] - quotient) < Self.tolerance, "\(index)")
        }
        #expect(gradient.contains { $0 != 0 })
    }
}
