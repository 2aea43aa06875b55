import Kernels

/// Inverted dropout (Srivastava et al. 2014): in training a value is 0 with probability `rate`, else 1/(1 − rate) of
/// itself.
///
/// The mask is a function of seed, the layer's place and step, so it is drawn again for a replay and stored nowhere else.
final class DropoutLayer<Number: Real>: Layer {
    private let name: String
    private let width: Int
    private let rate: Double
    /// 0 or 1/(1 − rate).
    private let mask: AlignedBuffer<Number>
    private let output: AlignedBuffer<Number>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, rate: Double) throws {
        name = "dropout/\(layer.stream)"
        width = try layer.output.count()
        self.rate = rate
        output = try AlignedBuffer(count: try product(rowsMax, width))
        mask = try AlignedBuffer(count: output.count)
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        guard pass.mode == .training, rate > 0 else { return input }
        let count = pass.rows * width
        let stream = RandomStream(seed: pass.seed, name: name, part: pass.step)
        Number.dropoutMask(stream, count: count, keep: 1 - rate, mask.pointer)
        Number.elementwiseProduct(count, input, mask.pointer, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        guard pass.mode == .training, rate > 0 else { return dOutput }
        Number.elementwiseProduct(pass.rows * width, dOutput, mask.pointer, dOutput)
        return dOutput
    }
}
