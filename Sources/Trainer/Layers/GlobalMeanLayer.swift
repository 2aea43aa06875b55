import Kernels

/// The mean of each channel of an image, whatever its height and width.
final class GlobalMeanLayer<Number: Real>: Layer {
    private let channels: Int
    private let pixels: Int
    private let output: AlignedBuffer<Number>
    private let dInput: AlignedBuffer<Number>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int) throws {
        let image = try layer.input.image(for: layer.name)
        channels = image.channels
        pixels = try product(image.height, image.width)
        output = try AlignedBuffer(count: try product(rowsMax, channels))
        dInput = try AlignedBuffer(count: try product(rowsMax, try layer.input.count()))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        // Every plane is a channel of its own here.
        let planes = PlaneShape(images: 1, channels: pass.rows * channels, pixels: pixels)
        Number.planeSums(planes, input, output.pointer)
        Number.scale(pass.rows * channels, by: 1 / Number(max(pixels, 1)), output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        let share = 1 / Number(max(pixels, 1))
        for plane in 0..<(pass.rows * channels) {
            (dInput.pointer + plane * pixels).update(repeating: dOutput[plane] * share, count: pixels)
        }
        return dInput.pointer
    }
}
