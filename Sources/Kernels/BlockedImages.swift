/// Images as `[images, channels / block, pixels, block]`: what oneDNN's convolutions read and write without laying
/// anything out again.
package struct BlockedShape: Sendable, Hashable {
    package var images: Int
    /// A multiple of the block.
    package var channels: Int
    package var pixels: Int
    package var block: Int

    package init(images: Int, channels: Int, pixels: Int, block: Int) {
        precondition(block > 0 && channels % block == 0, "\(channels) channels in blocks of \(block)")
        self.images = images
        self.channels = channels
        self.pixels = pixels
        self.block = block
    }

    var count: Int { images * channels * pixels }

    /// Where a value of `[images, channels, pixels]` stands.
    func place(_ index: Int) -> Int {
        let (plane, pixel) = index.quotientAndRemainder(dividingBy: pixels)
        let (image, channel) = plane.quotientAndRemainder(dividingBy: channels)
        let group = image * channels / block + channel / block
        return (group * pixels + pixel) * block + channel % block
    }

    var planes: PlaneShape { PlaneShape(images: images, channels: channels, pixels: pixels) }
}

extension Plain {
    /// From `[images, channels, pixels]` to blocks of channels.
    package static func block(_ shape: BlockedShape, _ planes: Input, _ blocks: Output) {
        for index in 0..<shape.count { blocks[shape.place(index)] = planes[index] }
    }

    /// The way back.
    package static func unblock(_ shape: BlockedShape, _ blocks: Input, _ planes: Output) {
        for index in 0..<shape.count { planes[index] = blocks[shape.place(index)] }
    }

    /// Lends blocks as planes; what is written there is written back.
    private static func withPlanes(_ shape: BlockedShape, _ blocks: Input, into: Output, _ body: (Output) -> Void) {
        var planes = [Number](repeating: 0, count: shape.count)
        unblock(shape, blocks, &planes)
        planes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            body(base)
            block(shape, base, into)
        }
    }

    package static func batchNorm(
        _ shape: BlockedShape, _ x: Input, weight: Input, bias: Input, epsilon: Double, rectifies: Bool, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        withPlanes(shape, x, into: y) { planes in
            batchNorm(
                shape.planes, planes, weight: weight, bias: bias, epsilon: epsilon, mean: mean,
                inverseDeviation: inverseDeviation, planes)
            if rectifies { for index in 0..<shape.count { planes[index] = value(.relu, planes[index]) } }
        }
    }

    package static func normalize(
        _ shape: BlockedShape, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input, epsilon: Double,
        rectifies: Bool, _ y: Output
    ) {
        withPlanes(shape, x, into: y) { planes in
            normalize(
                shape.planes, planes, weight: weight, bias: bias, mean: mean, variance: variance, epsilon: epsilon,
                planes)
            if rectifies { for index in 0..<shape.count { planes[index] = value(.relu, planes[index]) } }
        }
    }

    package static func batchNormGradient(
        _ shape: BlockedShape, _ x: Input, weight: Input, bias: Input, mean: Input, inverseDeviation: Input,
        rectifies: Bool, dy: Input, dx: Output, dWeight: Output, dBias: Output
    ) {
        var planes = [Number](repeating: 0, count: shape.count)
        unblock(shape, x, &planes)
        withPlanes(shape, dy, into: dx) { up in
            for index in 0..<shape.count where rectifies {
                let channel = index / shape.pixels % shape.channels
                let normal = (planes[index] - mean[channel]) * inverseDeviation[channel]
                if !(normal * weight[channel] + bias[channel] > 0) { up[index] = 0 }
            }
            batchNormGradient(
                shape.planes, planes, weight: weight, mean: mean, inverseDeviation: inverseDeviation, dy: up, dx: up,
                dWeight: dWeight, dBias: dBias)
        }
    }

    /// Means of channels, `[images, channels]`.
    package static func means(_ shape: BlockedShape, _ x: Input, _ means: Output) {
        for index in 0..<(shape.images * shape.channels) {
            let sum = (0..<shape.pixels).reduce(0.0) { $0 + Double(x[shape.place(index * shape.pixels + $1)]) }
            means[index] = Number(sum / Double(max(shape.pixels, 1)))
        }
    }

    package static func meansGradient(_ shape: BlockedShape, dMeans: Input, dx: Output) {
        let share = 1 / Number(max(shape.pixels, 1))
        for index in 0..<shape.count { dx[shape.place(index)] = dMeans[index / shape.pixels] * share }
    }
}
