import Kernels

/// The largest value or the mean of squares side by side; the mean of whole planes where the square is the plane.
final class PoolLayer<Number: Real>: Layer {
    private let kind: LayerPlan.PoolKind
    private let shape: PoolShape
    /// Planes of one image.
    private let channels: Int
    private let output: AlignedBuffer<Number>
    private let dInput: AlignedBuffer<Number>
    /// Of each output, where in its plane the largest value stood.
    private let winners: AlignedBuffer<Int32>

    init(
        _ layer: NetworkPlan.PlacedLayer, rowsMax: Int, kind: LayerPlan.PoolKind, size: Int
    ) throws {
        let image = try layer.input.image(for: layer.name)
        self.kind = kind
        channels = image.channels
        shape = PoolShape(planes: 0, height: image.height, width: image.width, size: size)
        output = try AlignedBuffer(count: try product(rowsMax, try layer.output.count()))
        dInput = try AlignedBuffer(count: try product(rowsMax, try layer.input.count()))
        winners = try AlignedBuffer(count: kind == .largest ? output.count : 0)
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        switch kind {
        case .largest: Number.poolLargest(shape(pass.rows), input, output.pointer, winners: winners.pointer)
        case .mean: Number.poolMean(shape(pass.rows), input, output.pointer)
        }
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        switch kind {
        case .largest: Number.unpoolLargest(shape(pass.rows), winners: winners.pointer, dy: dOutput, dx: dInput.pointer)
        case .mean: Number.unpoolMean(shape(pass.rows), dy: dOutput, dx: dInput.pointer)
        }
        return dInput.pointer
    }

    private func shape(_ rows: Int) -> PoolShape {
        var shape = shape
        shape.planes = rows * channels
        return shape
    }
}
