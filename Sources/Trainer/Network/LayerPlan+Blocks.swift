import Kernels

extension [NetworkPlan.PlacedLayer] {
    /// How many channels may stand together in all images behind the first convolution; nil where planes serve better.
    ///
    /// Blocks are for residual networks, whose layers are wide and whose images nobody sees between the first convolution
    /// and the mean.
    func channelsPerBlock<Number: Real>(as: Number.Type) -> Int? {
        guard Number.self == Float.self, let block = BlockedConvolution.channelsPerBlock,
            contains(where: { if case .residual = $0.plan { true } else { false } }),
            allSatisfy({ $0.plan.fitsBlocks(of: block) })
        else { return nil }
        return block
    }
}

extension LayerPlan {
    fileprivate func fitsBlocks(of block: Int) -> Bool {
        switch self {
        case .augmentation, .batchNorm, .activation(.relu), .globalMean: true
        case .convolution(let filters, _, _, _, bias: false, activation: .identity): filters.isMultiple(of: block)
        case .residual(let main, let shortcut): (main + shortcut).allSatisfy { $0.fitsBlocks(of: block) }
        default: false
        }
    }

    /// What convolutions in blocks work with, in numbers.
    struct BlockedScratch {
        /// Weights as the library wants them, of every layer.
        var weights = 0
        /// What Winograd's algorithm transforms, shared by all layers.
        var transformed = 0
    }

    /// Room for transformed images, as a multiple of the images, and for transformed weights: 36 numbers for each 16 and each
    /// 9, the library's partial sums and its rounding included. The library's own were measured up to 2.7 and 9.5.
    private static let transformedImages = WinogradConvolution.roomForImages
    private static let transformedWeights = WinogradConvolution.roomForWeights

    /// Adds what the layer takes for batches of `rows` images.
    func addBlockedScratch(
        to scratch: inout BlockedScratch, input: SignalShape, layer: String, rows: Int
    ) throws(PlanError) {
        switch self {
        case .convolution(let filters, let kernel, _, _, _, _):
            let weights = try product(filters, try input.image(for: layer).channels, kernel, kernel)
            let output = try output(of: input, layer: layer)
            // Few channels are filled up to a block.
            scratch.weights = try sum(scratch.weights, try product(2, weights))
            let images = try product(Self.transformedImages, rows, try sum(try input.count(), try output.count()))
            scratch.transformed = max(
                scratch.transformed, try sum(images, try product(Self.transformedWeights, weights)))
        case .residual(let main, let shortcut):
            for (layers, branch) in [(main, "main"), (shortcut, "shortcut")] {
                var shape = input
                for (index, plan) in layers.enumerated() {
                    let name = "\(layer).\(branch).\(index)"
                    try plan.addBlockedScratch(to: &scratch, input: shape, layer: name, rows: rows)
                    shape = try plan.output(of: shape, layer: name)
                }
            }
        default: break
        }
    }
}
