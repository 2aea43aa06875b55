import Datasets
import Kernels

extension LayerPlan {
    /// The shape that leaves the layer.
    func output(of input: SignalShape, layer: String) throws(PlanError) -> SignalShape {
        switch self {
        case .dense(let outputs, _, _): return .features(outputs)
        case .activation, .batchNorm, .dropout: return input
        case .augmentation:
            _ = try input.image(for: layer)
            return input
        case .convolution(let filters, let kernel, let stride, let padding, _, _):
            let image = try input.image(for: layer)
            return try .image(
                height: Self.positions(image.height, kernel, stride, padding, layer),
                width: Self.positions(image.width, kernel, stride, padding, layer), channels: filters)
        case .pool(_, let size):
            let image = try input.image(for: layer)
            return try .image(
                height: Self.positions(image.height, size, size, 0, layer),
                width: Self.positions(image.width, size, size, 0, layer), channels: image.channels)
        case .globalMean: return .features(try input.image(for: layer).channels)
        case .residual(let main, let shortcut):
            let output = try Self.output(of: main, after: input, layer: "\(layer).main")
            guard try Self.output(of: shortcut, after: input, layer: "\(layer).shortcut") == output else {
                throw .impossible(layer: layer, detail: "its two branches differ in shape")
            }
            return output
        case .columnEmbedding:
            var (width, embeddings) = try input.columns(for: layer)
            for embedding in embeddings { width = try sum(width, embedding.width) }
            return .features(width)
        case .embeddingMean(let width):
            _ = try input.tokens(for: layer)
            return .features(width)
        case .embedding(let width): return .sequence(length: try input.tokens(for: layer).length, width: width)
        case .tokenConvolution(let kernels, let filters):
            guard case .sequence = input else { throw .impossible(layer: layer, detail: "it needs a text's vectors") }
            return .features(try product(kernels.count, filters))
        }
    }

    private static func output(
        of layers: [LayerPlan], after input: SignalShape, layer: String
    ) throws(PlanError) -> SignalShape {
        var shape = input
        for (index, plan) in layers.enumerated() { shape = try plan.output(of: shape, layer: "\(layer).\(index)") }
        return shape
    }

    private static func positions(
        _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ layer: String
    ) throws(PlanError) -> Int {
        let padded = try sum(size, padding, padding)
        guard kernel > 0, stride > 0, padded >= kernel else {
            throw .impossible(layer: layer, detail: "a window of \(kernel) does not fit into \(padded) pixels")
        }
        return (padded - kernel) / stride + 1
    }

    /// Numbers a row that the layer keeps between forward and backward, its output and the gradients included.
    func activationsPerRow(input: SignalShape, layer: String) throws(PlanError) -> Int {
        let inputs = try input.count()
        let outputs = try output(of: input, layer: layer).count()
        switch self {
        case .dense(_, _, let activation):
            // Output and input gradient; for some activations also what went into them.
            return try sum(inputs, outputs, activation.needsInput ? outputs : 0)
        case .convolution(_, _, _, _, _, let activation):
            // Likewise, and a byte for each output that says which sum it is.
            return try sum(inputs, outputs, activation.needsInput ? outputs : 0, outputs / 4 + 1)
        case .activation, .batchNorm, .dropout, .augmentation, .globalMean, .columnEmbedding, .embeddingMean,
            .embedding:
            return try sum(inputs, outputs)
        case .pool, .tokenConvolution: return try sum(inputs, outputs, outputs)
        case .residual(let main, let shortcut):
            // Beside the branches' own: the result and two copies of its gradient.
            var total = try sum(outputs, outputs, inputs)
            for (layers, branch) in [(main, "main"), (shortcut, "shortcut")] {
                var shape = input
                for (index, plan) in layers.enumerated() {
                    let name = "\(layer).\(branch).\(index)"
                    total = try sum(total, try plan.activationsPerRow(input: shape, layer: name))
                    shape = try plan.output(of: shape, layer: name)
                }
            }
            return total
        }
    }

    /// Numbers that the layer works with whatever the rows of the batch are.
    func scratch(input: SignalShape, layer: String) throws(PlanError) -> Int {
        switch self {
        case .convolution: return try convolutionScratch(input: input, layer: layer)
        // What the kernel for full batches lays weights out in: at most 64 columns of them, 16 to a line.
        case .dense: return try sum(try product(64, try input.count()), 256)
        case .tokenConvolution(_, let filters):
            guard case .sequence(let length, _) = input else { return 0 }
            return try product(length, filters)
        case .residual(let main, let shortcut):
            var total = 0
            for (layers, branch) in [(main, "main"), (shortcut, "shortcut")] {
                var shape = input
                for (index, plan) in layers.enumerated() {
                    let name = "\(layer).\(branch).\(index)"
                    total = try sum(total, try plan.scratch(input: shape, layer: name))
                    shape = try plan.output(of: shape, layer: name)
                }
            }
            return total
        default: return 0
        }
    }

    private func convolutionScratch(input: SignalShape, layer: String) throws(PlanError) -> Int {
        guard case .convolution(let filters, let kernel, let stride, let padding, _, let activation) = self else {
            return 0
        }
        let image = try input.image(for: layer)
        let output = try output(of: input, layer: layer).image(for: layer)
        let pixels = try product(output.height, output.width)
        let taps = try product(image.channels, kernel, kernel)
        let window = ImageWindow(
            channels: image.channels, height: image.height, width: image.width, kernel: kernel, stride: stride,
            padding: padding)
        guard NarrowConvolution(window, filters: filters, activation: activation, pools: false) != nil else {
            let group = try product(ConvolutionGroup.images(pixels: pixels), pixels)
            return try product(group, try sum(taps, filters))
        }
        // A group's images with their padding, its results and their gradient, twice the gap of a kernel's tile wider and
        // higher, the weights' and the input's gradient; then the weights, and the bytes of images that fill the group.
        let gap = 2 * NarrowConvolution.gap
        let padded = try product(
            image.channels, try sum(image.height, padding, padding), try sum(image.width, padding, padding))
        let results = try product(filters, try sum(output.height, gap), try sum(output.width, gap))
        let vectors = try sum(padded, results, results, try sum(try product(filters, taps), padded, gap))
        let weights = try product(filters, taps)
        return try sum(try product(NarrowConvolution.lanesMax, vectors), weights, try product(filters, pixels, 4))
    }

    /// Whether its result for a row depends on the other rows of the batch.
    var normalizesOverBatch: Bool {
        switch self {
        case .batchNorm: true
        case .residual(let main, let shortcut): (main + shortcut).contains(where: \.normalizesOverBatch)
        default: false
        }
    }
}

/// How many images share one product of a convolution.
enum ConvolutionGroup {
    /// Small images are taken together until a product has about so many columns.
    static let columns = 256

    static func images(pixels: Int) -> Int {
        max(1, columns / max(pixels, 1))
    }
}

extension SignalShape {
    func image(for layer: String) throws(PlanError) -> (height: Int, width: Int, channels: Int) {
        guard case .image(let height, let width, let channels) = self else {
            throw .impossible(layer: layer, detail: "it needs images")
        }
        return (height, width, channels)
    }

    func columns(for layer: String) throws(PlanError) -> (features: Int, embeddings: [ColumnEmbedding]) {
        guard case .columns(let features, let embeddings) = self else {
            throw .impossible(layer: layer, detail: "it needs embedded columns")
        }
        return (features, embeddings)
    }

    func tokens(for layer: String) throws(PlanError) -> (length: Int, ids: Int) {
        guard case .tokens(let length, let ids) = self else {
            throw .impossible(layer: layer, detail: "it needs texts")
        }
        return (length, ids)
    }
}
