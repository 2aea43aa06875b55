import Kernels

/// y = f(x * W + b) over images `[channels, height, width]`, W `[filters, channels, kernel, kernel]`, b `[filters]`.
///
/// The windows of a few images at a time become the columns of a matrix, and one product makes all filters of them.
final class ConvolutionLayer<Number: Real>: Layer {
    private let window: ImageWindow
    private let filters: Int
    private let activation: ActivationFunction
    private let weight: Int
    private let bias: Int?
    /// Values of an image before and behind the layer.
    private let inputs: Int
    private let outputs: Int
    private let group: Int
    /// `[taps, group · pixels]`: windows, then their gradient.
    private let columns: AlignedBuffer<Number>
    /// `[filters, group · pixels]`: sums of several images, or their gradient.
    private let grouped: AlignedBuffer<Number>
    /// x * W + b where the activation's gradient needs it, else the same memory as the output.
    private let sums: AlignedBuffer<Number>
    private let output: AlignedBuffer<Number>
    private let dInput: AlignedBuffer<Number>
    private var input: UnsafePointer<Number>?

    init(
        _ layer: NetworkPlan.PlacedLayer, rowsMax: Int, window: ImageWindow, filters: Int,
        activation: ActivationFunction
    ) throws {
        self.window = window
        self.filters = filters
        self.activation = activation
        weight = layer.parameters[0]
        bias = layer.parameters.count > 1 ? layer.parameters[1] : nil
        inputs = try layer.input.count()
        outputs = try layer.output.count()
        group = min(rowsMax, ConvolutionGroup.images(pixels: window.pixels))
        columns = try AlignedBuffer(count: try product(window.taps, group, window.pixels))
        grouped = try AlignedBuffer(count: group > 1 ? try product(filters, group, window.pixels) : 0)
        output = try AlignedBuffer(count: try product(rowsMax, outputs))
        sums = try activation.needsInput ? AlignedBuffer(count: output.count) : output
        dInput = try AlignedBuffer(count: try product(rowsMax, inputs))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        self.input = input
        forEachGroup(pass.rows) { first, images in
            let width = images * window.pixels
            layOut(input, first, images)
            let shape = ProductShape(rows: filters, inner: window.taps, columns: width)
            let target = images > 1 ? grouped.pointer : sums.pointer + first * outputs
            Number.multiply(shape, pass.parameters + weight, UnsafePointer(columns.pointer), beta: 0, target)
            guard images > 1 else { return }
            forEachPlane(first, images) { plane, column in
                (sums.pointer + plane).update(from: grouped.pointer + column, count: window.pixels)
            }
        }
        Number.biasActivate(
            activation, planes(pass.rows), bias: bias.map { pass.parameters + $0 }, sums.pointer, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        guard let input else { preconditionFailure("backward before forward") }
        if activation != .identity {
            Number.activationGradient(
                activation, count: pass.rows * outputs, z: sums.pointer, y: output.pointer, dy: dOutput, dz: dOutput)
        }
        if let bias { Number.planeSums(planes(pass.rows), dOutput, gradients + bias) }
        if needsInput { dInput.pointer.clear(count: pass.rows * inputs) }
        if pass.rows == 0 { (gradients + weight).clear(count: filters * window.taps) }
        forEachGroup(pass.rows) { first, images in
            let width = images * window.pixels
            let up = gradient(dOutput, first, images)
            layOut(input, first, images)
            // dW += dY·columnsᵀ, dColumns = Wᵀ·dY.
            let dWeight = ProductShape(rows: filters, inner: width, columns: window.taps, transposeB: true)
            Number.multiply(
                dWeight, up, UnsafePointer(columns.pointer), beta: first == 0 ? 0 : 1, gradients + weight)
            guard needsInput else { return }
            let dColumns = ProductShape(rows: window.taps, inner: filters, columns: width, transposeA: true)
            Number.multiply(dColumns, pass.parameters + weight, up, beta: 0, columns.pointer)
            for image in 0..<images {
                Number.addWindows(
                    window, columns.pointer + image * window.pixels, rowStride: width,
                    to: dInput.pointer + (first + image) * inputs)
            }
        }
        return dInput.pointer
    }

    private func planes(_ images: Int) -> PlaneShape {
        PlaneShape(images: images, channels: filters, pixels: window.pixels)
    }

    /// Calls `body` with the first image of each group and how many images it has.
    private func forEachGroup(_ rows: Int, _ body: (Int, Int) -> Void) {
        var first = 0
        while first < rows {
            let images = min(group, rows - first)
            body(first, images)
            first += images
        }
    }

    /// Calls `body` with where each plane of a group stands among the outputs and in the grouped matrix.
    private func forEachPlane(_ first: Int, _ images: Int, _ body: (Int, Int) -> Void) {
        for image in 0..<images {
            for filter in 0..<filters {
                body(
                    ((first + image) * filters + filter) * window.pixels,
                    (filter * images + image) * window.pixels)
            }
        }
    }

    private func layOut(_ input: UnsafePointer<Number>, _ first: Int, _ images: Int) {
        for image in 0..<images {
            Number.windows(
                window, input + (first + image) * inputs, rowStride: images * window.pixels,
                columns.pointer + image * window.pixels)
        }
    }

    /// The gradient of a group's sums as `[filters, images · pixels]`.
    private func gradient(
        _ dOutput: UnsafeMutablePointer<Number>, _ first: Int, _ images: Int
    ) -> UnsafePointer<Number> {
        guard images > 1 else { return UnsafePointer(dOutput + first * outputs) }
        forEachPlane(first, images) { plane, column in
            (grouped.pointer + column).update(from: dOutput + plane, count: window.pixels)
        }
        return UnsafePointer(grouped.pointer)
    }
}
