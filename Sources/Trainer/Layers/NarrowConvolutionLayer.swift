import Kernels

/// A convolution with few weights, together with its activation and the pooling behind it where that is of squares of four.
final class NarrowConvolutionLayer<Number: Real>: Layer {
    private let shape: NarrowConvolution
    private let weight: Int
    private let bias: Int?
    private let output: AlignedBuffer<Number>
    private let dInput: AlignedBuffer<Number>
    /// Which of an output's four sums it is.
    private let winners: AlignedBuffer<Int8>
    private let scratch: AlignedBuffer<Number>
    private var input: UnsafePointer<Number>?

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, shape: NarrowConvolution) throws {
        self.shape = shape
        weight = layer.parameters[0]
        bias = layer.parameters.count > 1 ? layer.parameters[1] : nil
        output = try AlignedBuffer(count: try product(rowsMax, shape.outputs))
        dInput = try AlignedBuffer(count: try product(rowsMax, shape.inputs))
        winners = try AlignedBuffer(count: Number.winners(shape, images: rowsMax))
        scratch = try AlignedBuffer(count: Number.scratch(shape))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        self.input = input
        Number.convolve(
            shape, images: pass.rows, input, weight: pass.parameters + weight, bias: bias.map { pass.parameters + $0 },
            output.pointer, winners: winners.pointer, scratch: scratch.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        guard let input else { preconditionFailure("backward before forward") }
        Number.convolveGradient(
            shape, images: pass.rows, input, weight: pass.parameters + weight, winners: winners.pointer, dy: dOutput,
            dx: needsInput ? dInput.pointer : nil, dWeight: gradients + weight, dBias: bias.map { gradients + $0 },
            scratch: scratch.pointer)
        return dInput.pointer
    }
}
