import CKernels

/// Only single precision has convolutions over blocks of channels, so these are no part of `Real`.
extension Float {
    package static func batchNorm(
        _ shape: BlockedShape, _ x: Input, weight: Input, bias: Input, epsilon: Double, rectifies: Bool, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        var blocks = ck_blocks(shape)
        loops.block_batch_norm(&blocks, x, weight, bias, epsilon, rectifies, mean, inverseDeviation, y)
    }

    package static func normalize(
        _ shape: BlockedShape, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input, epsilon: Double,
        rectifies: Bool, _ y: Output
    ) {
        var blocks = ck_blocks(shape)
        loops.block_normalize(&blocks, x, weight, bias, mean, variance, epsilon, rectifies, y)
    }

    /// dx may be dy.
    package static func batchNormGradient(
        _ shape: BlockedShape, _ x: Input, weight: Input, bias: Input, mean: Input, inverseDeviation: Input,
        rectifies: Bool, dy: Input, dx: Output, dWeight: Output, dBias: Output
    ) {
        var blocks = ck_blocks(shape)
        loops.block_batch_norm_gradient(
            &blocks, x, weight, bias, mean, inverseDeviation, rectifies, dy, dx, dWeight, dBias)
    }

    package static func means(_ shape: BlockedShape, _ x: Input, _ means: Output) {
        var blocks = ck_blocks(shape)
        loops.block_means(&blocks, x, means)
    }

    package static func meansGradient(_ shape: BlockedShape, dMeans: Input, dx: Output) {
        var blocks = ck_blocks(shape)
        loops.block_means_gradient(&blocks, dMeans, dx)
    }
}

extension ck_blocks {
    fileprivate init(_ shape: BlockedShape) {
        self.init(images: shape.images, channels: shape.channels, pixels: shape.pixels, block: shape.block)
    }
}
