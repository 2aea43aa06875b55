import CKernels

extension Float {
    package static func elementwiseProduct(_ count: Int, _ x: Input, _ y: Input, _ z: Output) {
        loops.elementwise_product(count, x, y, z)
    }

    package static func dropoutMask(_ stream: RandomStream, count: Int, keep: Double, _ mask: Output) {
        let key = UInt64(stream.key.y) << 32 | UInt64(stream.key.x)
        loops.dropout_mask(key, stream.lane, count, keep, mask)
    }

    package static func batchNorm(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        loops.batch_norm(rows, channels, x, weight, bias, epsilon, mean, inverseDeviation, y)
    }

    package static func normalize(
        rows: Int, channels: Int, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input,
        epsilon: Double, _ y: Output
    ) {
        loops.normalize(rows, channels, x, weight, bias, mean, variance, epsilon, y)
    }

    package static func batchNormGradient(
        rows: Int, channels: Int, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input,
        dx: Output, dWeight: Output, dBias: Output
    ) {
        loops.batch_norm_gradient(rows, channels, x, weight, mean, inverseDeviation, dy, dx, dWeight, dBias)
    }
}
