import Kernels

/// A convolution without bias or activation on images in blocks of channels, by the library's own kernels.
final class BlockedConvolutionLayer: Layer {
    private let convolution: BlockedConvolution
    private let weight: Int
    private let output: AlignedBuffer<Float>
    private let dInput: AlignedBuffer<Float>
    private var input: UnsafePointer<Float>?

    /// - Returns: nil where the library has no such convolution.
    init?(
        _ layer: NetworkPlan.PlacedLayer, rowsMax: Int, window: ImageWindow, filters: Int, workspace: BlockedWorkspace
    ) throws {
        let inputBlock = window.channels.isMultiple(of: workspace.block) ? workspace.block : 1
        guard
            let convolution = try BlockedConvolution(
                window, filters: filters, images: rowsMax, inputBlock: inputBlock, workspace: workspace)
        else { return nil }
        self.convolution = convolution
        weight = layer.parameters[0]
        output = try AlignedBuffer(count: try product(rowsMax, try layer.output.count()))
        dInput = try AlignedBuffer(count: try product(rowsMax, try layer.input.count()))
    }

    func forward(_ input: UnsafePointer<Float>, _ pass: Pass<Float>) -> UnsafePointer<Float> {
        self.input = input
        convolution.forward(images: pass.rows, input, weight: pass.parameters + weight, output.pointer)
        return UnsafePointer(output.pointer)
    }

    func backward(
        _ dOutput: UnsafeMutablePointer<Float>, _ pass: Pass<Float>, gradients: UnsafeMutablePointer<Float>,
        needsInput: Bool
    ) -> UnsafeMutablePointer<Float> {
        guard let input else { preconditionFailure("backward before forward") }
        convolution.gradient(
            images: pass.rows, input, weight: pass.parameters + weight, dy: dOutput,
            dx: needsInput ? dInput.pointer : nil, dWeight: gradients + weight)
        return dInput.pointer
    }
}
