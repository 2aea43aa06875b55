import Kernels

/// Batch norm on images in blocks of channels, with the rectifier behind it where there is one.
final class BlockedNormLayer: Layer {
    private let channels: Int
    private let pixels: Int
    private let block: Int
    private let rectifies: Bool
    private let weight: Int
    private let bias: Int
    private let observed: BatchStatistics<Float>
    private let output: AlignedBuffer<Float>
    private var input: UnsafePointer<Float>?

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, block: Int, rectifies: Bool) throws {
        let image = try layer.input.image(for: layer.name)
        channels = image.channels
        pixels = try product(image.height, image.width)
        self.block = block
        self.rectifies = rectifies
        weight = layer.parameters[0]
        bias = layer.parameters[1]
        observed = try BatchStatistics(layer, channels: channels)
        output = try AlignedBuffer(count: try product(rowsMax, try layer.output.count()))
    }

    private func shape(_ pass: Pass<Float>) -> BlockedShape {
        BlockedShape(images: pass.rows, channels: channels, pixels: pixels, block: block)
    }

    func forward(_ input: UnsafePointer<Float>, _ pass: Pass<Float>) -> UnsafePointer<Float> {
        self.input = input
        let (weight, bias) = (pass.parameters + weight, pass.parameters + bias)
        switch pass.mode {
        case .training:
            Float.batchNorm(
                shape(pass), input, weight: weight, bias: bias, epsilon: BatchNormLayer<Float>.epsilon,
                rectifies: rectifies, mean: observed.mean.pointer, inverseDeviation: observed.inverseDeviation.pointer,
                output.pointer)
            observed.count = pass.rows * pixels
        case .evaluation:
            Float.normalize(
                shape(pass), input, weight: weight, bias: bias, mean: pass.statistics + observed.runningMean,
                variance: pass.statistics + observed.runningVariance, epsilon: BatchNormLayer<Float>.epsilon,
                rectifies: rectifies, output.pointer)
        }
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Float>, _ pass: Pass<Float>, gradients: UnsafeMutablePointer<Float>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Float> {
        guard let input else { preconditionFailure("backward before forward") }
        Float.batchNormGradient(
            shape(pass), input, weight: pass.parameters + weight, bias: pass.parameters + bias,
            mean: observed.mean.pointer, inverseDeviation: observed.inverseDeviation.pointer, rectifies: rectifies,
            dy: dOutput, dx: dOutput, dWeight: gradients + weight, dBias: gradients + bias)
        return dOutput
    }

    func commitStatistics(_ statistics: UnsafeMutablePointer<Float>) {
        observed.commit(to: statistics)
    }
}

/// The mean of each channel of images in blocks of channels.
final class BlockedMeanLayer: Layer {
    private let channels: Int
    private let pixels: Int
    private let block: Int
    private let output: AlignedBuffer<Float>
    private let dInput: AlignedBuffer<Float>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, block: Int) throws {
        let image = try layer.input.image(for: layer.name)
        channels = image.channels
        pixels = try product(image.height, image.width)
        self.block = block
        output = try AlignedBuffer(count: try product(rowsMax, channels))
        dInput = try AlignedBuffer(count: try product(rowsMax, try layer.input.count()))
    }

    private func shape(_ pass: Pass<Float>) -> BlockedShape {
        BlockedShape(images: pass.rows, channels: channels, pixels: pixels, block: block)
    }

    func forward(_ input: UnsafePointer<Float>, _ pass: Pass<Float>) -> UnsafePointer<Float> {
        Float.means(shape(pass), input, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Float>, _ pass: Pass<Float>, gradients: UnsafeMutablePointer<Float>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Float> {
        Float.meansGradient(shape(pass), dMeans: dOutput, dx: dInput.pointer)
        return dInput.pointer
    }
}
