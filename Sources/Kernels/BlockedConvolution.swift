import CKernels
import COneDNN
package import Locks

/// A convolution without bias by oneDNN, on images in blocks of channels (`BlockedShape`), W `[filters, channels, kernel,
/// kernel]`.
///
/// Primitives are made once for each number of images and kept; a pass lays only the weights out. 3×3 convolutions of many
/// channels take Winograd's algorithm (Lavin & Gray 2016, F(4×4, 3×3)), which multiplies a quarter as often and was measured
/// within 4e-6 of the direct one's norm: the library's own where it has one, for AVX-512, and else ours
/// (`WinogradConvolution`). Thread-confined.
package final class BlockedConvolution {
    private let window: ImageWindow
    private let filters: Int
    private let inputBlock: Int
    private let workspace: BlockedWorkspace
    private let winograd: WinogradConvolution?
    private var passes: [Int: Passes] = [:]

    /// Channels from which on Winograd's algorithm pays for its transformations.
    static let winogradChannelsMin = 64
    /// Numbers of images for which primitives are kept: a whole batch, a last one, and those of an evaluation.
    static let keptMax = 8

    /// How many channels stand together in the layout of this processor's convolutions; nil where the library generates no
    /// code for it, or none as wide as our own loops.
    package static var channelsPerBlock: Int? {
        let block = ProductTable.hasWideVectors ? 16 : ProductTable.runsGeneratedCode ? 8 : nil
        return block.flatMap { $0.isMultiple(of: loops.lanes) ? $0 : nil }
    }

    /// - Parameters:
    ///   - images: as many as a batch has at most.
    ///   - inputBlock: channels that stand together before the layer; 1 for planes.
    ///   - workspace: shared with others that never work at the same time.
    /// - Returns: nil where the library has no such convolution.
    package init?(
        _ window: ImageWindow, filters: Int, images: Int, inputBlock: Int, workspace: BlockedWorkspace
    ) throws(OutOfMemory) {
        self.window = window
        self.filters = filters
        self.inputBlock = inputBlock
        self.workspace = workspace
        winograd = Self.winograd(window, filters: filters, images: images, inputBlock: inputBlock, workspace.block)
        if let winograd {
            try workspace.reserve(weights: 0, scratchBytes: winograd.scratchCount * MemoryLayout<Float>.stride)
        } else if try prepare(images) == nil {
            return nil
        }
    }

    private static func winograd(
        _ window: ImageWindow, filters: Int, images: Int, inputBlock: Int, _ block: Int
    ) -> WinogradConvolution? {
        guard !ProductTable.hasWideVectors, inputBlock == block, min(window.channels, filters) >= winogradChannelsMin
        else { return nil }
        return WinogradConvolution(window, filters: filters, images: images, block: block)
    }

    @discardableResult
    private func prepare(_ images: Int) throws(OutOfMemory) -> Passes? {
        if let ready = passes[images] { return ready }
        if passes.count >= Self.keptMax { passes.removeAll() }
        guard let made = Passes(window, filters: filters, images: images, tags: (tag(inputBlock), tag(workspace.block)))
        else {
            return nil
        }
        try workspace.reserve(weights: made.weightCount, scratchBytes: made.scratchBytes)
        passes[images] = made
        return made
    }

    private func tag(_ block: Int) -> dnnl_format_tag_t {
        switch block {
        case 16: dnnl_nChw16c
        case 8: dnnl_nChw8c
        default: dnnl_nchw
        }
    }

    private func ready(_ images: Int) -> Passes {
        // Fewer images than the network was made for work in the memory that it took for all of them.
        guard let passes = try? prepare(images) else {
            preconditionFailure("oneDNN has no convolution of \(images) images")
        }
        return passes
    }

    package func forward(
        images: Int, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
    ) {
        guard images > 0 else { return }
        if let winograd {
            return winograd.forward(images: images, x, weight: weight, y, scratch: workspace.numbers)
        }
        let passes = ready(images)
        passes.forward.run(x, passes.forward.lay(weight, workspace), y, workspace)
    }

    /// - Parameter dx: nil where nobody reads it.
    package func gradient(
        images: Int, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, dy: UnsafePointer<Float>,
        dx: UnsafeMutablePointer<Float>?, dWeight: UnsafeMutablePointer<Float>
    ) {
        guard images > 0 else { return dWeight.clear(count: filters * window.taps) }
        if let winograd {
            return winograd.gradient(
                images: images, x, weight: weight, dy: dy, dx: dx, dWeight: dWeight, scratch: workspace.numbers)
        }
        let passes = ready(images)
        passes.weightGradient.run(x, passes.weightGradient.place(dWeight, workspace), dy, workspace)
        passes.weightGradient.unlay(workspace, dWeight)
        if let dx { passes.inputGradient.run(dx, passes.inputGradient.lay(weight, workspace), dy, workspace) }
    }
}

/// What the convolutions of one network work in, one after another: weights as the library wants them, and what Winograd's
/// algorithm transforms.
package final class BlockedWorkspace {
    /// Channels that stand together behind every convolution.
    package let block: Int
    fileprivate private(set) var weights: AlignedBuffer<Float>
    fileprivate private(set) var scratch: AlignedBuffer<UInt8>

    package init(block: Int) throws(OutOfMemory) {
        self.block = block
        weights = try AlignedBuffer(count: 0)
        scratch = try AlignedBuffer(count: 0)
    }

    /// The scratch as numbers.
    fileprivate var numbers: UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(scratch.pointer).assumingMemoryBound(to: Float.self)
    }

    fileprivate func reserve(weights count: Int, scratchBytes: Int) throws(OutOfMemory) {
        if count > weights.count { weights = try AlignedBuffer(count: count) }
        if scratchBytes > scratch.count { scratch = try AlignedBuffer(count: scratchBytes) }
    }
}

/// The primitives for one number of images.
private final class Passes {
    let forward: WeightedPrimitive
    let inputGradient: WeightedPrimitive
    let weightGradient: WeightedPrimitive

    /// Numbers that the largest layout of the weights takes.
    var weightCount: Int { max(forward.weightCount, inputGradient.weightCount, weightGradient.weightCount) }

    /// Bytes that the greediest of them works in.
    var scratchBytes: Int { max(forward.scratchBytes, inputGradient.scratchBytes, weightGradient.scratchBytes) }

    init?(
        _ window: ImageWindow, filters: Int, images: Int, tags: (input: dnnl_format_tag_t, output: dnnl_format_tag_t)
    ) {
        let kernel = [filters, window.channels, window.kernel, window.kernel]
        guard
            let x = OneDNN.layout([images, window.channels, window.height, window.width], tags.input),
            let any = OneDNN.layout(kernel, dnnl_format_tag_any), var plain = OneDNN.layout(kernel, dnnl_oihw),
            let y = OneDNN.layout([images, filters, window.outHeight, window.outWidth], tags.output)
        else { return nil }
        let operands = Operands(window, x: x, weight: any, y: y)
        guard
            let descriptions = operands.descriptions(Self.algorithm(window, filters: filters, tags.output))
                ?? operands.descriptions(dnnl_convolution_direct),
            let forward = WeightedPrimitive(
                descriptions.forward, &plain, [(DNNL_ARG_SRC, dnnl_query_src_md), (DNNL_ARG_DST, dnnl_query_dst_md)],
                weight: (DNNL_ARG_WEIGHTS, dnnl_query_weights_md)),
            let inputGradient = WeightedPrimitive(
                descriptions.inputGradient, &plain,
                [(DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md), (DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md)],
                weight: (DNNL_ARG_WEIGHTS, dnnl_query_weights_md)),
            let weightGradient = WeightedPrimitive(
                descriptions.weightGradient, &plain,
                [(DNNL_ARG_SRC, dnnl_query_src_md), (DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md)],
                weight: (DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md))
        else { return nil }
        (self.forward, self.inputGradient, self.weightGradient) = (forward, inputGradient, weightGradient)
    }

    private static func algorithm(
        _ window: ImageWindow, filters: Int, _ tag: dnnl_format_tag_t
    ) -> dnnl_alg_kind_t {
        let suits =
            tag == dnnl_nChw16c && window.kernel == 3 && window.stride == 1 && window.padding == 1
            && min(window.channels, filters) >= BlockedConvolution.winogradChannelsMin
        return suits ? dnnl_convolution_winograd : dnnl_convolution_direct
    }
}

/// What the three passes of a convolution compute with.
private struct Operands {
    var window: ImageWindow
    var x: dnnl_memory_desc_t
    var weight: dnnl_memory_desc_t
    var y: dnnl_memory_desc_t

    typealias Descriptions = (
        forward: OneDNN.Description, inputGradient: OneDNN.Description, weightGradient: OneDNN.Description
    )

    init(_ window: ImageWindow, x: dnnl_memory_desc_t, weight: dnnl_memory_desc_t, y: dnnl_memory_desc_t) {
        (self.window, self.x, self.weight, self.y) = (window, x, weight, y)
    }

    func descriptions(_ algorithm: dnnl_alg_kind_t) -> Descriptions? {
        var (x, weight, y) = (x, weight, y)
        let strides = Array(repeating: dnnl_dim_t(window.stride), count: 2)
        let padding = Array(repeating: dnnl_dim_t(window.padding), count: 2)
        var (forward, data, weights) = (
            dnnl_convolution_desc_t(), dnnl_convolution_desc_t(), dnnl_convolution_desc_t()
        )
        guard
            dnnl_convolution_forward_desc_init(
                &forward, dnnl_forward_training, algorithm, &x, &weight, nil, &y, strides, padding, padding)
                == dnnl_success,
            dnnl_convolution_backward_data_desc_init(&data, algorithm, &x, &weight, &y, strides, padding, padding)
                == dnnl_success,
            dnnl_convolution_backward_weights_desc_init(
                &weights, algorithm, &x, &weight, nil, &y, strides, padding, padding) == dnnl_success,
            let first = OneDNN.Description(forward),
            let second = OneDNN.Description(data, hint: first), let third = OneDNN.Description(weights, hint: first)
        else { return nil }
        return (first, second, third)
    }
}

/// A primitive with images, weights and images, and the changes of layout that its weights need.
private final class WeightedPrimitive {
    let weightCount: Int
    private let primitive: OneDNN.Primitive
    /// Nil where the library takes the weights as they are.
    private let into: OneDNN.Primitive?
    private let back: OneDNN.Primitive?

    init?(
        _ description: OneDNN.Description, _ plain: UnsafePointer<dnnl_memory_desc_t>,
        _ images: [(role: Int32, query: dnnl_query_t)],
        weight: (role: Int32, query: dnnl_query_t)
    ) {
        guard let first = description.layout(images[0].query), let last = description.layout(images[1].query),
            let own = description.layout(weight.query),
            let primitive = OneDNN.Primitive(
                description, [(images[0].role, first), (weight.role, own), (images[1].role, last)])
        else { return nil }
        self.primitive = primitive
        weightCount = dnnl_memory_desc_get_size(own) / MemoryLayout<Float>.stride
        guard dnnl_memory_desc_equal(plain, own) == 0 else {
            (into, back) = (nil, nil)
            return
        }
        guard let into = OneDNN.Primitive(from: plain, to: own), let back = OneDNN.Primitive(from: own, to: plain)
        else {
            return nil
        }
        (self.into, self.back) = (into, back)
    }

    var scratchBytes: Int { max(primitive.scratchBytes, into?.scratchBytes ?? 0, back?.scratchBytes ?? 0) }

    func run(
        _ first: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ last: UnsafePointer<Float>,
        _ workspace: BlockedWorkspace
    ) {
        primitive.run(first, weight, last, scratch: workspace.scratch.pointer)
    }

    /// The weights in the library's layout.
    func lay(_ weight: UnsafePointer<Float>, _ workspace: BlockedWorkspace) -> UnsafePointer<Float> {
        guard let into else { return weight }
        into.run(weight, workspace.weights.pointer, scratch: workspace.scratch.pointer)
        return UnsafePointer(workspace.weights.pointer)
    }

    /// Where the primitive is to write its weights.
    func place(
        _ dWeight: UnsafeMutablePointer<Float>, _ workspace: BlockedWorkspace
    ) -> UnsafeMutablePointer<Float> {
        back == nil ? dWeight : workspace.weights.pointer
    }

    /// Brings what the primitive wrote into the usual layout.
    func unlay(_ workspace: BlockedWorkspace, _ dWeight: UnsafeMutablePointer<Float>) {
        back?.run(workspace.weights.pointer, dWeight, scratch: workspace.scratch.pointer)
    }
}
