import Kernels

/// Batch norm (Ioffe & Szegedy 2015) with PyTorch's conventions: biased variance to normalise, unbiased into the
/// running value.
final class BatchNormLayer<Number: Real>: Layer {
    static var epsilon: Double { 1e-5 }
    static var momentum: Double { 0.1 }

    private let channels: Int
    /// Values of a channel in one row of the batch: 1 but for images.
    private let pixels: Int
    private let weight: Int
    private let bias: Int
    private let observed: BatchStatistics<Number>
    private let output: AlignedBuffer<Number>
    private var input: UnsafePointer<Number>?

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int) throws {
        channels = layer.input.channels
        let width = try layer.input.count()
        pixels = channels > 0 ? width / channels : 0
        weight = layer.parameters[0]
        bias = layer.parameters[1]
        observed = try BatchStatistics(layer, channels: channels)
        output = try AlignedBuffer(count: try product(rowsMax, width))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        self.input = input
        let (weight, bias) = (pass.parameters + weight, pass.parameters + bias)
        let shape = PlaneShape(images: pass.rows, channels: channels, pixels: pixels)
        switch (pass.mode, pixels) {
        case (.training, 1):
            Number.batchNorm(
                rows: pass.rows, channels: channels, input, weight: weight, bias: bias, epsilon: Self.epsilon,
                mean: observed.mean.pointer, inverseDeviation: observed.inverseDeviation.pointer, output.pointer)
        case (.training, _):
            Number.batchNorm(
                shape, input, weight: weight, bias: bias, epsilon: Self.epsilon, mean: observed.mean.pointer,
                inverseDeviation: observed.inverseDeviation.pointer, output.pointer)
        case (.evaluation, 1):
            Number.normalize(
                rows: pass.rows, channels: channels, input, weight: weight, bias: bias,
                mean: pass.statistics + observed.runningMean, variance: pass.statistics + observed.runningVariance,
                epsilon: Self.epsilon, output.pointer)
        case (.evaluation, _):
            Number.normalize(
                shape, input, weight: weight, bias: bias, mean: pass.statistics + observed.runningMean,
                variance: pass.statistics + observed.runningVariance, epsilon: Self.epsilon, output.pointer)
        }
        if pass.mode == .training { observed.count = pass.rows * pixels }
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        guard let input else { preconditionFailure("backward before forward") }
        if pixels == 1 {
            Number.batchNormGradient(
                rows: pass.rows, channels: channels, input, weight: pass.parameters + weight,
                mean: observed.mean.pointer,
                inverseDeviation: observed.inverseDeviation.pointer, dy: dOutput, dx: dOutput,
                dWeight: gradients + weight,
                dBias: gradients + bias)
        } else {
            Number.batchNormGradient(
                PlaneShape(images: pass.rows, channels: channels, pixels: pixels), input,
                weight: pass.parameters + weight, mean: observed.mean.pointer,
                inverseDeviation: observed.inverseDeviation.pointer,
                dy: dOutput, dx: dOutput, dWeight: gradients + weight, dBias: gradients + bias)
        }
        return dOutput
    }

    func commitStatistics(_ statistics: UnsafeMutablePointer<Number>) {
        observed.commit(to: statistics)
    }
}
