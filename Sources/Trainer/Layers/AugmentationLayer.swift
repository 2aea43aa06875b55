import Kernels

/// In training, shows each image at a random place of its frame and every other time as its mirror image.
///
/// Around the image are zeros, which is the mean pixel of standardised images. What is drawn is a function of seed, step
/// and row, each kind from a stream of its own.
final class AugmentationLayer<Number: Real>: Layer {
    private let padding: Int
    private let flips: Bool
    private let height: Int
    private let width: Int
    private let channels: Int
    private let output: AlignedBuffer<Number>

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, padding: Int, flips: Bool) throws {
        (height, width, channels) = try layer.input.image(for: layer.name)
        self.padding = padding
        self.flips = flips
        output = try AlignedBuffer(count: try product(rowsMax, try layer.output.count()))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        guard pass.mode == .training else { return input }
        var crops = RandomStream(seed: pass.seed, name: "augmentation/crop", part: pass.step)
        var mirrors = RandomStream(seed: pass.seed, name: "augmentation/flip", part: pass.step)
        let image = channels * height * width
        for row in 0..<pass.rows {
            let places = UInt64(2 * padding + 1)
            let down = padding > 0 ? Int(crops.integer(below: places)) - padding : 0
            let right = padding > 0 ? Int(crops.integer(below: places)) - padding : 0
            let isMirrored = flips && mirrors.integer(below: 2) == 1
            show(
                input + row * image, down: down, right: right, isMirrored: isMirrored, output.pointer + row * image)
        }
        return UnsafePointer(output.pointer)
    }

    private func show(
        _ image: UnsafePointer<Number>, down: Int, right: Int, isMirrored: Bool, _ target: UnsafeMutablePointer<Number>
    ) {
        for line in 0..<(channels * height) {
            let (plane, y) = (line / height, line % height + down)
            for x in 0..<width {
                let column = (isMirrored ? width - 1 - x : x) + right
                let isInside = y >= 0 && y < height && column >= 0 && column < width
                target[line * width + x] = isInside ? image[(plane * height + y) * width + column] : 0
            }
        }
    }

    /// It stands before all parameters, so nobody reads a gradient from it.
    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        precondition(!needsInput, "augmentation has no gradient")
        return dOutput
    }
}
