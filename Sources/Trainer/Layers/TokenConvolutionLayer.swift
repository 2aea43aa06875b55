import Kernels

/// Convolutions of several widths over a text's vectors, and the largest value of each filter over time (Kim 2014).
///
/// W of each width `[filters, kernel, width]`, b `[filters]`. Only windows inside the text count; where there is none the
/// value is 0. Since one window of a filter has the whole gradient, the way back costs next to nothing.
final class TokenConvolutionLayer<Number: Real>: Layer {
    private let kernels: [Int]
    private let filters: Int
    private let length: Int
    private let width: Int
    /// Weight and bias of each width.
    private let parameters: [Int]
    /// `[length, filters]`.
    private let sums: AlignedBuffer<Number>
    /// `[rowsMax, kernels, filters]`, and the window that each value came from.
    private let output: AlignedBuffer<Number>
    private let winners: AlignedBuffer<Int32>
    private let dInput: AlignedBuffer<Number>
    private var input: UnsafePointer<Number>?

    init(_ layer: NetworkPlan.PlacedLayer, rowsMax: Int, kernels: [Int], filters: Int) throws {
        guard case .sequence(let length, let width) = layer.input else {
            throw PlanError.impossible(layer: layer.name, detail: "it needs a text's vectors")
        }
        self.kernels = kernels
        self.filters = filters
        self.length = length
        self.width = width
        parameters = layer.parameters
        sums = try AlignedBuffer(count: try product(length, filters))
        output = try AlignedBuffer(count: try product(rowsMax, try layer.output.count()))
        winners = try AlignedBuffer(count: output.count)
        dInput = try AlignedBuffer(count: try product(rowsMax, length, width))
    }

    func forward(_ input: UnsafePointer<Number>, _ pass: Pass<Number>) -> UnsafePointer<Number> {
        self.input = input
        for row in 0..<pass.rows {
            let vectors = input + row * length * width
            for (index, kernel) in kernels.enumerated() {
                let windows = max(0, Int(pass.lengths[row]) - kernel + 1)
                let weight = pass.parameters + parameters[2 * index]
                // One product for each token under the window: the tokens of neighbouring windows overlap.
                let shape = ProductShape(
                    rows: windows, inner: width, columns: filters, transposeB: true, strideB: kernel * width)
                for token in 0..<kernel {
                    Number.multiply(
                        shape, vectors + token * width, weight + token * width, beta: token == 0 ? 0 : 1,
                        sums.pointer)
                }
                let place = (row * kernels.count + index) * filters
                Number.maxOverTime(
                    windows: windows, filters: filters, sums.pointer, bias: pass.parameters + parameters[2 * index + 1],
                    output.pointer + place, winners: winners.pointer + place)
            }
        }
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Number>, _ pass: Pass<Number>, gradients: UnsafeMutablePointer<Number>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Number> {
        guard let input else { preconditionFailure("backward before forward") }
        for (index, kernel) in kernels.enumerated() {
            (gradients + parameters[2 * index]).clear(count: filters * kernel * width)
            (gradients + parameters[2 * index + 1]).clear(count: filters)
        }
        dInput.pointer.clear(count: pass.rows * length * width)
        for place in 0..<(pass.rows * kernels.count * filters) where output.pointer[place] > 0 {
            let (row, index) = (place / filters / kernels.count, place / filters % kernels.count)
            let (filter, count) = (place % filters, kernels[index] * width)
            let window = (row * length + Int(winners.pointer[place])) * width
            let weight = parameters[2 * index] + filter * count
            Number.add(count, dOutput[place], times: input + window, to: gradients + weight)
            Number.add(count, dOutput[place], times: pass.parameters + weight, to: dInput.pointer + window)
            gradients[parameters[2 * index + 1] + filter] += dOutput[place]
        }
        return dInput.pointer
    }
}
