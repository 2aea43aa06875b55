import CKernels

extension Float {
    package static func gatherPlanes(
        _ rows: UnsafeBufferPointer<Int32>, area: Int, from pixels: UnsafePointer<UInt8>, factors: [Float],
        offsets: [Float], _ to: Output
    ) {
        Plain.gatherPlanes(rows, area: area, from: pixels, factors: factors, offsets: offsets, to)
    }

    package static func gatherPlanes(
        _ rows: UnsafeBufferPointer<Int32>, area: Int, from pixels: UnsafePointer<Float>, factors: [Float],
        offsets: [Float], _ to: Output
    ) {
        Plain.gatherPlanes(rows, area: area, from: pixels, factors: factors, offsets: offsets, to)
    }

    package static func windows(_ window: ImageWindow, _ image: Input, rowStride: Int, _ columns: Output) {
        var window = ck_window(window)
        loops.windows(&window, image, rowStride, columns)
    }

    package static func addWindows(_ window: ImageWindow, _ columns: Input, rowStride: Int, to image: Output) {
        var window = ck_window(window)
        loops.add_windows(&window, columns, rowStride, image)
    }

    package static func biasActivate(
        _ activation: ActivationFunction, _ shape: PlaneShape, bias: Input?, _ z: Output, _ y: Output
    ) {
        loops.plane_bias_activate(activation.loop, shape.images, shape.channels, shape.pixels, bias, z, y)
    }

    package static func planeSums(_ shape: PlaneShape, _ x: Input, _ sums: Output) {
        loops.plane_sums(shape.images, shape.channels, shape.pixels, x, sums)
    }

    package static func poolLargest(_ shape: PoolShape, _ x: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>) {
        loops.pool_largest(shape.planes, shape.height, shape.width, shape.size, x, y, winners)
    }

    package static func unpoolLargest(_ shape: PoolShape, winners: UnsafePointer<Int32>, dy: Input, dx: Output) {
        loops.unpool_largest(
            shape.planes, shape.height * shape.width, shape.outHeight * shape.outWidth, winners, dy, dx)
    }

    package static func batchNorm(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        loops.plane_batch_norm(
            shape.images, shape.channels, shape.pixels, x, weight, bias, epsilon, mean, inverseDeviation, y)
    }

    package static func normalize(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input, epsilon: Double,
        _ y: Output
    ) {
        loops.plane_normalize(
            shape.images, shape.channels, shape.pixels, x, weight, bias, mean, variance, epsilon, y)
    }

    package static func batchNormGradient(
        _ shape: PlaneShape, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input, dx: Output,
        dWeight: Output, dBias: Output
    ) {
        loops.plane_batch_norm_gradient(
            shape.images, shape.channels, shape.pixels, x, weight, mean, inverseDeviation, dy, dx, dWeight, dBias)
    }

    package static func embeddingMean(_ shape: TokenShape, _ text: TokenRows, table: Input, _ y: Output) {
        loops.embedding_mean(shape.rows, shape.length, shape.width, text.ids, text.lengths, table, y)
    }

    package static func addEmbeddingMeanGradient(_ shape: TokenShape, _ text: TokenRows, dy: Input, to dTable: Output) {
        loops.add_embedding_mean_gradient(shape.rows, shape.length, shape.width, text.ids, text.lengths, dy, dTable)
    }

    package static func maxOverTime(
        windows: Int, filters: Int, _ sums: Input, bias: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        loops.max_over_time(windows, filters, sums, bias, y, winners)
    }
}

extension ck_window {
    init(_ window: ImageWindow) {
        self.init(
            channels: window.channels, height: window.height, width: window.width, kernel: window.kernel,
            stride: window.stride, padding: window.padding, out_height: window.outHeight, out_width: window.outWidth)
    }
}
