import Kernels

/// y = f(x), element by element; where it can, a dense or convolution layer does this itself.
final class ActivationLayer<Number: Real>: Layer {
    private let width: Int
    private let activation: ActivationFunction
    private let sums: AlignedBuffer<Number>
    private let output: AlignedBuffer<Number>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, activation: ActivationFunction) throws {
        width = try layer.output.count()
        self.activation = activation
        output = try AlignedBuffer(count: try product(rowsMax, width))
        sums = try activation.needsInput ? AlignedBuffer(count: output.count) : output
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        sums.pointer.update(from: input, count: pass.rows * width)
        Number.biasActivate(
            activation, rows: pass.rows, columns: width, bias: nil, sums.pointer, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        Number.activationGradient(
            activation, count: pass.rows * width, z: sums.pointer, y: output.pointer, dy: dOutput, dz: dOutput)
        return dOutput
    }
}
