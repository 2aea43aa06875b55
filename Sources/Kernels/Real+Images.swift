/// How a convolution looks at an image of planes `[channels, height, width]`, padded with zeros all round.
package struct ImageWindow: Sendable, Hashable {
    package var channels: Int
    package var height: Int
    package var width: Int
    package var kernel: Int
    package var stride: Int
    package var padding: Int

    package init(channels: Int, height: Int, width: Int, kernel: Int, stride: Int = 1, padding: Int = 0) {
        precondition(kernel > 0 && stride > 0 && padding >= 0, "no window of \(kernel) by \(stride)")
        self.channels = channels
        self.height = height
        self.width = width
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    package var outHeight: Int { Self.outputs(height, kernel, stride, padding) }
    package var outWidth: Int { Self.outputs(width, kernel, stride, padding) }
    /// Positions of the window.
    package var pixels: Int { outHeight * outWidth }
    /// Values under the window.
    package var taps: Int { channels * kernel * kernel }

    /// Positions along one axis; 0 where the kernel is larger than the padded axis.
    package static func outputs(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int) -> Int {
        size + 2 * padding < kernel ? 0 : (size + 2 * padding - kernel) / stride + 1
    }
}

/// `[images, channels, pixels]`.
package struct PlaneShape: Sendable, Hashable {
    package var images: Int
    package var channels: Int
    package var pixels: Int

    package init(images: Int, channels: Int, pixels: Int) {
        self.images = images
        self.channels = channels
        self.pixels = pixels
    }
}

/// Squares of `size` side by side over planes `[planes, height, width]`; what is left at the right and the bottom is not
/// read.
package struct PoolShape: Sendable, Hashable {
    package var planes: Int
    package var height: Int
    package var width: Int
    package var size: Int

    package init(planes: Int, height: Int, width: Int, size: Int) {
        precondition(size > 0, "no pooling by \(size)")
        self.planes = planes
        self.height = height
        self.width = width
        self.size = size
    }

    package var outHeight: Int { height / size }
    package var outWidth: Int { width / size }
}

/// Where the plain kernels serve every precision that has nothing faster.
extension Real {
    package static func windows(_ window: ImageWindow, _ image: Input, rowStride: Int, _ columns: Output) {
        Plain.windows(window, image, rowStride: rowStride, columns)
    }

    package static func addWindows(_ window: ImageWindow, _ columns: Input, rowStride: Int, to image: Output) {
        Plain.addWindows(window, columns, rowStride: rowStride, to: image)
    }

    package static func biasActivate(
        _ activation: ActivationFunction, _ shape: PlaneShape, bias: Input?, _ z: Output, _ y: Output
    ) {
        Plain.biasActivate(activation, shape, bias: bias, z, y)
    }

    package static func planeSums(_ shape: PlaneShape, _ x: Input, _ sums: Output) {
        Plain.planeSums(shape, x, sums)
    }

    package static func poolLargest(_ shape: PoolShape, _ x: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>) {
        Plain.poolLargest(shape, x, y, winners: winners)
    }

    package static func unpoolLargest(_ shape: PoolShape, winners: UnsafePointer<Int32>, dy: Input, dx: Output) {
        Plain.unpoolLargest(shape, winners: winners, dy: dy, dx: dx)
    }

    package static func poolMean(_ shape: PoolShape, _ x: Input, _ y: Output) {
        Plain.poolMean(shape, x, y)
    }

    package static func unpoolMean(_ shape: PoolShape, dy: Input, dx: Output) {
        Plain.unpoolMean(shape, dy: dy, dx: dx)
    }

    package static func batchNorm(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        Plain.batchNorm(
            shape, x, weight: weight, bias: bias, epsilon: epsilon, mean: mean, inverseDeviation: inverseDeviation, y)
    }

    package static func normalize(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input, epsilon: Double,
        _ y: Output
    ) {
        Plain.normalize(shape, x, weight: weight, bias: bias, mean: mean, variance: variance, epsilon: epsilon, y)
    }

    package static func batchNormGradient(
        _ shape: PlaneShape, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input, dx: Output,
        dWeight: Output, dBias: Output
    ) {
        Plain.batchNormGradient(
            shape, x, weight: weight, mean: mean, inverseDeviation: inverseDeviation, dy: dy, dx: dx, dWeight: dWeight,
            dBias: dBias)
    }

    package static func scratch(_ layer: NarrowConvolution) -> Int { 0 }

    package static func winners(_ layer: NarrowConvolution, images: Int) -> Int {
        layer.pools || layer.rectifies ? images * layer.outputs : 0
    }

    package static func convolve(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, bias: Input?, _ y: Output,
        winners: UnsafeMutablePointer<Int8>, scratch: Output
    ) {
        Plain.convolve(layer, images: images, x, weight: weight, bias: bias, y, winners: winners)
    }

    package static func convolveGradient(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, winners: UnsafePointer<Int8>, dy: Input,
        dx: Output?, dWeight: Output, dBias: Output?, scratch: Output
    ) {
        Plain.convolveGradient(
            layer, images: images, x, weight: weight, winners: winners, dy: dy, dx: dx, dWeight: dWeight, dBias: dBias)
    }
}

/// What images are stored as.
package protocol PixelValue: BitwiseCopyable {
    var float: Float { get }
}

extension UInt8: PixelValue {
    package var float: Float { Float(self) }
}

extension Float: PixelValue {
    package var float: Float { self }
}
