import Kernels

/// Batch norm (Ioffe & Szegedy 2015) with PyTorch's conventions: biased variance to normalise, unbiased into the
/// running value.
///
/// What a training pass observes stays in the layer until `commitStatistics`, so an interrupted step or a second
/// forward leaves the running statistics alone.
final class BatchNormLayer<Number: Real>: Layer {
    static var epsilon: Double { 1e-5 }
    static var momentum: Double { 0.1 }

    private let channels: Int
    /// Values of a channel in one row of the batch: 1 but for images.
    private let pixels: Int
    private let weight: Int
    private let bias: Int
    private let runningMean: Int
    private let runningVariance: Int
    private let mean: AlignedBuffer<Number>
    private let inverseDeviation: AlignedBuffer<Number>
    private let output: AlignedBuffer<Number>
    private var input: UnsafePointer<Number>?
    /// Rows that the batch statistics were taken over; 0 when there is nothing to commit.
    private var observed = 0

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int) throws(PlanError) {
        channels = layer.input.channels
        let width = try layer.input.count()
        pixels = channels > 0 ? width / channels : 0
        weight = layer.parameters[0]
        bias = layer.parameters[1]
        runningMean = layer.statistics[0]
        runningVariance = layer.statistics[1]
        mean = AlignedBuffer(count: channels)
        inverseDeviation = AlignedBuffer(count: channels)
        output = AlignedBuffer(count: try product(rowsMax, width))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        self.input = input
        let (weight, bias) = (pass.parameters + weight, pass.parameters + bias)
        let shape = PlaneShape(images: pass.rows, channels: channels, pixels: pixels)
        switch (pass.mode, pixels) {
        case (.training, 1):
            Number.batchNorm(
                rows: pass.rows, channels: channels, input, weight: weight, bias: bias, epsilon: Self.epsilon,
                mean: mean.pointer, inverseDeviation: inverseDeviation.pointer, output.pointer)
        case (.training, _):
            Number.batchNorm(
                shape, input, weight: weight, bias: bias, epsilon: Self.epsilon, mean: mean.pointer,
                inverseDeviation: inverseDeviation.pointer, output.pointer)
        case (.evaluation, 1):
            Number.normalize(
                rows: pass.rows, channels: channels, input, weight: weight, bias: bias,
                mean: pass.statistics + runningMean, variance: pass.statistics + runningVariance,
                epsilon: Self.epsilon, output.pointer)
        case (.evaluation, _):
            Number.normalize(
                shape, input, weight: weight, bias: bias, mean: pass.statistics + runningMean,
                variance: pass.statistics + runningVariance, epsilon: Self.epsilon, output.pointer)
        }
        if pass.mode == .training { observed = pass.rows * pixels }
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        guard let input else { preconditionFailure("backward before forward") }
        if pixels == 1 {
            Number.batchNormGradient(
                rows: pass.rows, channels: channels, input, weight: pass.parameters + weight, mean: mean.pointer,
                inverseDeviation: inverseDeviation.pointer, dy: dOutput, dx: dOutput, dWeight: gradients + weight,
                dBias: gradients + bias)
        } else {
            Number.batchNormGradient(
                PlaneShape(images: pass.rows, channels: channels, pixels: pixels), input,
                weight: pass.parameters + weight, mean: mean.pointer, inverseDeviation: inverseDeviation.pointer,
                dy: dOutput, dx: dOutput, dWeight: gradients + weight, dBias: gradients + bias)
        }
        return dOutput
    }

    func commitStatistics(_ statistics: UnsafeMutablePointer<Number>) {
        guard observed > 1 else { return }
        let unbiased = Double(observed) / Double(observed - 1)
        for c in 0..<channels {
            let deviation = 1 / Double(inverseDeviation[c])
            let variance = (deviation * deviation - Self.epsilon) * unbiased
            let old = (mean: Double(statistics[runningMean + c]), variance: Double(statistics[runningVariance + c]))
            statistics[runningMean + c] = Number(old.mean + Self.momentum * (Double(mean[c]) - old.mean))
            statistics[runningVariance + c] = Number(old.variance + Self.momentum * (variance - old.variance))
        }
        observed = 0
    }
}
