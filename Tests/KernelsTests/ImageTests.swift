import CKernels
import Kernels
import Testing

/// The loops over images and texts, in each of their versions, against the plain kernels.
struct ImageTests {
    static let windows: [ImageWindow] = [
        ImageWindow(channels: 1, height: 1, width: 1, kernel: 1),
        ImageWindow(channels: 3, height: 7, width: 5, kernel: 3),
        ImageWindow(channels: 2, height: 5, width: 11, kernel: 3, stride: 2, padding: 1),
        ImageWindow(channels: 1, height: 13, width: 4, kernel: 5, stride: 3, padding: 4),
        ImageWindow(channels: 2, height: 2, width: 2, kernel: 5, padding: 2),
        ImageWindow(channels: 0, height: 4, width: 4, kernel: 2),
        ImageWindow(channels: 1, height: 2, width: 9, kernel: 3),
    ]

    @Test(arguments: tables.indices, windows)
    func windowsAgreeThereAndBack(table: Int, window: ImageWindow) {
        var stream = RandomStream(seed: 1, name: "windows")
        let image = stream.normals(window.channels * window.height * window.width)
        let stride = window.pixels + 3
        let columns = stream.normals(window.taps * stride)
        var shape = ck_window(
            channels: window.channels, height: window.height, width: window.width, kernel: window.kernel,
            stride: window.stride, padding: window.padding, out_height: window.outHeight, out_width: window.outWidth)
        var (actual, expected) = (columns, doubles(columns))
        tables[table].windows(&shape, image, stride, &actual)
        Plain.windows(window, doubles(image), rowStride: stride, &expected)
        #expect(largestError(actual, expected) == 0)
        var (back, expectedBack) = (image, doubles(image))
        tables[table].add_windows(&shape, columns, stride, &back)
        Plain.addWindows(window, doubles(columns), rowStride: stride, to: &expectedBack)
        #expect(largestError(back, expectedBack) < 1e-5)
    }

    @Test(arguments: tables.indices, [(1, 1, 1), (3, 2, 7), (2, 5, 16), (0, 3, 4), (5, 1, 33)])
    func batchNormByPlanesAgrees(table: Int, sizes: (Int, Int, Int)) {
        let shape = PlaneShape(images: sizes.0, channels: sizes.1, pixels: sizes.2)
        let (channels, count) = (shape.channels, shape.images * shape.channels * shape.pixels)
        var stream = RandomStream(seed: 2, name: "planes")
        let (x, dy) = (stream.normals(count, scale: 2), stream.normals(count))
        let (weight, bias) = (stream.normals(channels), stream.normals(channels))
        var (y, mean, inverse) = (x, weight, weight)
        var (y64, mean64, inverse64) = (doubles(x), doubles(weight), doubles(weight))
        tables[table].plane_batch_norm(
            shape.images, channels, shape.pixels, x, weight, bias, 1e-5, &mean, &inverse, &y)
        Plain.batchNorm(
            shape, doubles(x), weight: doubles(weight), bias: doubles(bias), epsilon: 1e-5, mean: &mean64,
            inverseDeviation: &inverse64, &y64)
        #expect(largestError(y, y64) < 2e-3)
        #expect(largestError(mean, mean64) < 1e-5)
        var (dx, dWeight, dBias) = (dy, weight, bias)
        var (dx64, dWeight64, dBias64) = (doubles(dy), doubles(weight), doubles(bias))
        let (meanNow, inverseNow) = (mean, inverse)
        // In place, as layers use it.
        dx.withUnsafeMutableBufferPointer { dx in
            guard let d = dx.baseAddress else { return }
            tables[table].plane_batch_norm_gradient(
                shape.images, channels, shape.pixels, x, weight, meanNow, inverseNow, d, d, &dWeight, &dBias)
        }
        Plain.batchNormGradient(
            shape, doubles(x), weight: doubles(weight), mean: doubles(meanNow),
            inverseDeviation: doubles(inverseNow), dy: doubles(dy), dx: &dx64, dWeight: &dWeight64, dBias: &dBias64)
        if shape.images > 0 { #expect(largestError(dx, dx64) < 2e-3) }
        #expect(largestError(dWeight, dWeight64) < 1e-3)
        #expect(largestError(dBias, dBias64) < 1e-4)
        tables[table].plane_normalize(
            shape.images, channels, shape.pixels, x, weight, bias, bias, weight.map { $0 * $0 + 1 }, 1e-5, &y)
        Plain.normalize(
            shape, doubles(x), weight: doubles(weight), bias: doubles(bias), mean: doubles(bias),
            variance: doubles(weight.map { $0 * $0 + 1 }), epsilon: 1e-5, &y64)
        #expect(largestError(y, y64) < 1e-5)
    }

    @Test(arguments: tables.indices, ActivationFunction.allCases)
    func biasesAndSumsByPlanesAgree(table: Int, activation: ActivationFunction) {
        for shape in [PlaneShape(images: 3, channels: 2, pixels: 13), PlaneShape(images: 0, channels: 2, pixels: 4)] {
            let kind = ck_activation(UInt32(ActivationFunction.allCases.firstIndex(of: activation) ?? 0))
            let count = shape.images * shape.channels * shape.pixels
            var stream = RandomStream(seed: 3, name: "planes")
            var z = stream.normals(count)
            let bias = stream.normals(shape.channels)
            var (y, z64, y64) = (z, doubles(z), doubles(z))
            tables[table].plane_bias_activate(kind, shape.images, shape.channels, shape.pixels, bias, &z, &y)
            Plain.biasActivate(activation, shape, bias: doubles(bias), &z64, &y64)
            #expect(largestError(y, y64) < 1e-6)
            var (sums, sums64) = (bias, doubles(bias))
            tables[table].plane_sums(shape.images, shape.channels, shape.pixels, y, &sums)
            Plain.planeSums(shape, doubles(y), &sums64)
            #expect(largestError(sums, sums64) < 1e-5)
        }
    }

    @Test(arguments: tables.indices, [(4, 4, 2), (5, 7, 2), (1, 1, 1), (9, 6, 3), (3, 3, 5)])
    func theLargestOfEachSquareAgrees(table: Int, sizes: (Int, Int, Int)) {
        for planes in [0, 1, 3] {
            let shape = PoolShape(planes: planes, height: sizes.0, width: sizes.1, size: sizes.2)
            var stream = RandomStream(seed: 4, name: "pool")
            // Small integers, so that there are equals.
            let x = (0..<(planes * sizes.0 * sizes.1)).map { _ in Float(stream.integer(below: 4)) }
            let count = planes * shape.outHeight * shape.outWidth
            var y = [Float](repeating: 9, count: count)
            var (y64, winners) = (doubles(y), [Int32](repeating: 9, count: count))
            var expectedWinners = winners
            tables[table].pool_largest(planes, shape.height, shape.width, shape.size, x, &y, &winners)
            Plain.poolLargest(shape, doubles(x), &y64, winners: &expectedWinners)
            #expect(largestError(y, y64) == 0)
            #expect(winners == expectedWinners)
            var (dx, dx64) = (x, doubles(x))
            let dy = stream.normals(count)
            tables[table].unpool_largest(
                planes, shape.height * shape.width, shape.outHeight * shape.outWidth, winners, dy, &dx)
            Plain.unpoolLargest(shape, winners: winners, dy: doubles(dy), dx: &dx64)
            #expect(largestError(dx, dx64) == 0)
        }
    }

    @Test(arguments: tables.indices, [1, 5, 16, 33])
    func textsAgree(table: Int, width: Int) {
        let shape = TokenShape(rows: 5, length: 6, width: width)
        let (ids, vectors) = (9, 9 * width)
        var stream = RandomStream(seed: 5, name: "texts")
        let table64 = stream.normals(vectors)
        let tokens = (0..<30).map { _ in Int32(stream.integer(below: UInt64(ids))) }
        let lengths: [Int32] = [6, 0, 1, 3, 5]
        let dy = stream.normals(5 * width)
        var y = dy
        var y64 = doubles(y)
        var (gradient, gradient64) = (table64, doubles(table64))
        tables[table].embedding_mean(5, 6, width, tokens, lengths, table64, &y)
        tables[table].add_embedding_mean_gradient(5, 6, width, tokens, lengths, dy, &gradient)
        tokens.withUnsafeBufferPointer { tokens in
            lengths.withUnsafeBufferPointer { lengths in
                guard let ids = tokens.baseAddress, let lengths = lengths.baseAddress else { return }
                let text = TokenRows(ids: ids, lengths: lengths)
                Plain.embeddingMean(shape, text, table: doubles(table64), &y64)
                Plain.addEmbeddingMeanGradient(shape, text, dy: doubles(dy), to: &gradient64)
            }
        }
        #expect(largestError(y, y64) < 1e-6)
        #expect(largestError(gradient, gradient64) < 1e-5)
    }

    @Test(arguments: tables.indices, [0, 1, 2, 7, 31])
    func theLargestOverTimeAgrees(table: Int, windows: Int) {
        for filters in [1, 3, 17] {
            var stream = RandomStream(seed: 6, name: "time")
            let sums = stream.normals(windows * filters)
            let bias = stream.normals(filters)
            var (y, winners) = (bias, [Int32](repeating: 5, count: filters))
            var (y64, winners64) = (doubles(bias), winners)
            tables[table].max_over_time(windows, filters, sums, bias, &y, &winners)
            Plain.maxOverTime(
                windows: windows, filters: filters, doubles(sums), bias: doubles(bias), &y64, winners: &winners64)
            #expect(largestError(y, y64) < 1e-6)
            #expect(winners == winners64)
        }
    }
}
