import CKernels
import Foundation
import Kernels
import Testing

/// Images in blocks of channels: the loops in each of their versions, and the library's convolutions, against the plain
/// kernels on planes.
struct BlockedImageTests {
    static let shapes = [
        BlockedShape(images: 1, channels: 16, pixels: 1, block: 16),
        BlockedShape(images: 3, channels: 32, pixels: 7, block: 16),
        BlockedShape(images: 2, channels: 16, pixels: 13, block: 16),
        BlockedShape(images: 0, channels: 16, pixels: 4, block: 16),
        BlockedShape(images: 5, channels: 48, pixels: 4, block: 16),
        BlockedShape(images: 2, channels: 24, pixels: 5, block: 8),
    ]

    @Test(arguments: tables.indices, shapes)
    func batchNormInBlocksAgrees(table: Int, shape: BlockedShape) {
        // No table takes blocks narrower than its vectors.
        for rectifies in shape.block.isMultiple(of: tables[table].lanes) ? [false, true] : [] {
            var stream = RandomStream(seed: 1, name: "blocks")
            let count = shape.images * shape.channels * shape.pixels
            let x = stream.normals(count, scale: 2).map { $0 + 3 }
            let dy = stream.normals(count)
            let (weight, bias) = (stream.normals(shape.channels), stream.normals(shape.channels))
            var blocks = ck_blocks(shape)
            var (y, mean, inverse) = (x, weight, weight)
            var (y64, mean64, inverse64) = (doubles(x), doubles(weight), doubles(weight))
            tables[table].block_batch_norm(&blocks, x, weight, bias, 1e-5, rectifies, &mean, &inverse, &y)
            Plain.batchNorm(
                shape, doubles(x), weight: doubles(weight), bias: doubles(bias), epsilon: 1e-5, rectifies: rectifies,
                mean: &mean64, inverseDeviation: &inverse64, &y64)
            #expect(largestError(y, y64) < 2e-3)
            #expect(largestError(mean, mean64) < 1e-5)
            var (dx, dWeight, dBias) = (dy, weight, bias)
            var (dx64, dWeight64, dBias64) = (doubles(dy), doubles(weight), doubles(bias))
            let (meanNow, inverseNow) = (mean, inverse)
            dx.withUnsafeMutableBufferPointer { dx in
                guard let d = dx.baseAddress else { return }
                tables[table].block_batch_norm_gradient(
                    &blocks, x, weight, bias, meanNow, inverseNow, rectifies, d, d, &dWeight, &dBias)
            }
            Plain.batchNormGradient(
                shape, doubles(x), weight: doubles(weight), bias: doubles(bias), mean: doubles(meanNow),
                inverseDeviation: doubles(inverseNow), rectifies: rectifies, dy: doubles(dy), dx: &dx64,
                dWeight: &dWeight64, dBias: &dBias64)
            if count > 0 { #expect(largestError(dx, dx64) < 2e-3) }
            #expect(largestError(dWeight, dWeight64) < 1e-3)
            #expect(largestError(dBias, dBias64) < 1e-4)
            let variance = weight.map { $0 * $0 + 1 }
            tables[table].block_normalize(&blocks, x, weight, bias, bias, variance, 1e-5, rectifies, &y)
            Plain.normalize(
                shape, doubles(x), weight: doubles(weight), bias: doubles(bias), mean: doubles(bias),
                variance: doubles(variance), epsilon: 1e-5, rectifies: rectifies, &y64)
            #expect(largestError(y, y64) < 1e-5)
        }
    }

    @Test(arguments: tables.indices, shapes)
    func meansAndSumsAgree(table: Int, shape: BlockedShape) {
        guard shape.block.isMultiple(of: tables[table].lanes) else { return }
        var stream = RandomStream(seed: 2, name: "means")
        let count = shape.images * shape.channels * shape.pixels
        var x = stream.normals(count)
        let other = stream.normals(count)
        var blocks = ck_blocks(shape)
        var means = stream.normals(shape.images * shape.channels)
        var means64 = doubles(means)
        tables[table].block_means(&blocks, x, &means)
        Plain.means(shape, doubles(x), &means64)
        #expect(largestError(means, means64) < 1e-5)
        var x64 = doubles(x)
        tables[table].block_means_gradient(&blocks, means, &x)
        Plain.meansGradient(shape, dMeans: doubles(means), dx: &x64)
        #expect(largestError(x, x64) < 1e-6)
        var sum64 = doubles(x)
        Plain.addRectified(count, doubles(x), doubles(other), &sum64)
        let now = x
        tables[table].add_rectified(count, now, other, &x)
        #expect(largestError(x, sum64) < 1e-6)
    }

    struct Convolution: Sendable {
        var window: ImageWindow
        var filters: Int
        var images: Int
    }

    static let convolutions = [
        Convolution(
            window: ImageWindow(channels: 3, height: 9, width: 7, kernel: 3, padding: 1), filters: 16, images: 2),
        Convolution(
            window: ImageWindow(channels: 1, height: 5, width: 5, kernel: 3, padding: 1), filters: 32, images: 1),
        Convolution(
            window: ImageWindow(channels: 16, height: 8, width: 8, kernel: 3, stride: 2, padding: 1), filters: 32,
            images: 3),
        Convolution(
            window: ImageWindow(channels: 32, height: 7, width: 5, kernel: 1, stride: 2), filters: 16, images: 2),
        // Wide enough for Winograd's algorithm, on sizes that its tiles do not divide.
        Convolution(
            window: ImageWindow(channels: 64, height: 5, width: 7, kernel: 3, padding: 1), filters: 64, images: 2),
        Convolution(
            window: ImageWindow(channels: 64, height: 7, width: 7, kernel: 3, padding: 1), filters: 64, images: 3),
        Convolution(
            window: ImageWindow(channels: 64, height: 1, width: 1, kernel: 3, padding: 1), filters: 80, images: 1),
        Convolution(
            window: ImageWindow(channels: 64, height: 8, width: 4, kernel: 3, padding: 1), filters: 64, images: 0),
    ]

    /// Relative to the norm of what is expected, as the last digits of single values are lost by cancellation.
    private func error(_ actual: [Float], _ expected: [Double]) -> Double {
        let squares = zip(actual, expected).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        let norm = expected.reduce(0.0) { $0 + $1 * $1 }
        return norm > 0 ? (squares / norm).squareRoot() : squares
    }

    @Test(.enabled(if: BlockedConvolution.channelsPerBlock != nil), arguments: convolutions)
    func theLibrarysConvolutionsAgree(_ shape: Convolution) throws {
        let block = try #require(BlockedConvolution.channelsPerBlock)
        let (window, images) = (shape.window, shape.images)
        let inputBlock = window.channels.isMultiple(of: block) ? block : 1
        let convolution = try #require(
            try BlockedConvolution(
                window, filters: shape.filters, images: max(images, 2), inputBlock: inputBlock,
                workspace: try BlockedWorkspace(block: block)))
        let pixels = window.height * window.width
        let before = BlockedShape(images: images, channels: window.channels, pixels: pixels, block: inputBlock)
        let behind = BlockedShape(images: images, channels: shape.filters, pixels: window.pixels, block: block)
        var stream = RandomStream(seed: 3, name: "convolution")
        let x = stream.normals(images * window.channels * pixels)
        let weight = stream.normals(shape.filters * window.taps)
        let dy = stream.normals(images * shape.filters * window.pixels)
        var (xBlocks, dyBlocks, yBlocks, dxBlocks) = (x, dy, dy, x)
        Plain.block(before, x, &xBlocks)
        Plain.block(behind, dy, &dyBlocks)
        var (y, dx, dWeight) = (dy, x, weight)
        convolution.forward(images: images, xBlocks, weight: weight, &yBlocks)
        convolution.gradient(
            images: images, xBlocks, weight: weight, dy: dyBlocks, dx: &dxBlocks, dWeight: &dWeight)
        Plain.unblock(behind, yBlocks, &y)
        Plain.unblock(before, dxBlocks, &dx)
        let (y64, dx64, dWeight64) = expected(shape, x: doubles(x), weight: doubles(weight), dy: doubles(dy))
        #expect(error(y, y64) < 1e-5)
        #expect(error(dx, dx64) < 1e-5)
        #expect(error(dWeight, dWeight64) < 1e-5)
    }

    static func square(channels: Int, height: Int, width: Int, filters: Int, images: Int) -> Convolution {
        Convolution(
            window: ImageWindow(channels: channels, height: height, width: width, kernel: 3, padding: 1),
            filters: filters, images: images)
    }

    /// Last tiles of one, two, three and four pixels, and batches that go through in one part and in several.
    static let squares = [
        square(channels: 16, height: 4, width: 4, filters: 32, images: 3),
        square(channels: 32, height: 7, width: 7, filters: 16, images: 2),
        square(channels: 16, height: 3, width: 4, filters: 16, images: 1),
        square(channels: 16, height: 18, width: 18, filters: 16, images: 11),
        square(channels: 16, height: 21, width: 21, filters: 16, images: 2),
        square(channels: 16, height: 4, width: 12, filters: 16, images: 100),
        square(channels: 16, height: 8, width: 4, filters: 48, images: 0),
    ]

    @Test(arguments: tables.indices, squares)
    func winogradsAlgorithmAgrees(table: Int, shape: Convolution) throws {
        let block = 16
        let (window, images) = (shape.window, shape.images)
        let convolution = try #require(
            WinogradConvolution(
                window, filters: shape.filters, images: max(images, 2), block: block, table: tables[table]))
        let before = BlockedShape(
            images: images, channels: window.channels, pixels: window.height * window.width, block: block)
        let behind = BlockedShape(images: images, channels: shape.filters, pixels: window.pixels, block: block)
        var stream = RandomStream(seed: 5, name: "winograd")
        let x = stream.normals(images * window.channels * window.height * window.width)
        let weight = stream.normals(shape.filters * window.taps)
        let dy = stream.normals(images * shape.filters * window.pixels)
        var (xBlocks, dyBlocks, yBlocks, dxBlocks) = (x, dy, dy, x)
        Plain.block(before, x, &xBlocks)
        Plain.block(behind, dy, &dyBlocks)
        var (y, dx, dWeight, dWeightAlone) = (dy, x, weight, weight)
        // What an earlier pass has left there must not matter, and nothing behind the scratch may be touched.
        let guarded = convolution.scratchCount
        let scratch = try AlignedBuffer<Float>((0..<(guarded + 16)).map { _ in .nan })
        convolution.forward(images: images, xBlocks, weight: weight, &yBlocks, scratch: scratch.pointer)
        convolution.gradient(
            images: images, xBlocks, weight: weight, dy: dyBlocks, dx: &dxBlocks, dWeight: &dWeight,
            scratch: scratch.pointer)
        convolution.gradient(
            images: images, xBlocks, weight: weight, dy: dyBlocks, dx: nil, dWeight: &dWeightAlone,
            scratch: scratch.pointer)
        Plain.unblock(behind, yBlocks, &y)
        Plain.unblock(before, dxBlocks, &dx)
        let (y64, dx64, dWeight64) = expected(shape, x: doubles(x), weight: doubles(weight), dy: doubles(dy))
        #expect(error(y, y64) < 1e-5)
        #expect(error(dx, dx64) < 1e-5)
        #expect(error(dWeight, dWeight64) < 1e-5)
        #expect(dWeightAlone == dWeight)
        #expect((guarded..<(guarded + 16)).allSatisfy { scratch[$0].isNaN })
        let room =
            WinogradConvolution.roomForImages * max(images, 2)
            * (window.channels * window.height * window.width + shape.filters * window.pixels)
        let gaps = 36 * 4 * 16
        #expect(guarded <= room + 8 * shape.filters * window.taps + gaps)
    }

    @Test func winogradsAlgorithmIsForFullTilesOf3By3() {
        func exists(_ window: ImageWindow) -> Bool {
            WinogradConvolution(window, filters: 16, images: 1, block: 16) != nil
        }
        #expect(exists(ImageWindow(channels: 16, height: 8, width: 8, kernel: 3, padding: 1)))
        #expect(!exists(ImageWindow(channels: 16, height: 1, width: 1, kernel: 3, padding: 1)))
        #expect(!exists(ImageWindow(channels: 16, height: 5, width: 7, kernel: 3, padding: 1)))
        #expect(!exists(ImageWindow(channels: 16, height: 8, width: 8, kernel: 3, stride: 2, padding: 1)))
        #expect(!exists(ImageWindow(channels: 16, height: 8, width: 8, kernel: 3)))
        #expect(!exists(ImageWindow(channels: 16, height: 8, width: 8, kernel: 5, padding: 1)))
        #expect(!exists(ImageWindow(channels: 3, height: 8, width: 8, kernel: 3, padding: 1)))
    }

    /// A convolution that one thread at a time uses, whichever it is.
    private final class Handed: @unchecked Sendable {
        let convolution: BlockedConvolution
        var y: [Float]

        init(_ convolution: BlockedConvolution, count: Int) {
            self.convolution = convolution
            y = Array(repeating: 0, count: count)
        }
    }

    /// Networks are made on one thread and used on others: a cached model by whoever predicts.
    @Test(.enabled(if: BlockedConvolution.channelsPerBlock != nil))
    func aConvolutionWorksOnAnotherThreadThanItsMaker() throws {
        let block = try #require(BlockedConvolution.channelsPerBlock)
        let window = ImageWindow(channels: 64, height: 8, width: 8, kernel: 3, padding: 1)
        let convolution = try #require(
            try BlockedConvolution(
                window, filters: 64, images: 4, inputBlock: block, workspace: try BlockedWorkspace(block: block)))
        var stream = RandomStream(seed: 4, name: "threads")
        let (x, weight) = (stream.normals(4 * 64 * 64), stream.normals(64 * 64 * 9))
        let handed = Handed(convolution, count: x.count)
        let isDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            handed.convolution.forward(images: 4, x, weight: weight, &handed.y)
            isDone.signal()
        }
        isDone.wait()
        var here = x
        convolution.forward(images: 4, x, weight: weight, &here)
        #expect(here == handed.y)
        #expect(here.contains { $0 != 0 })
    }

    private func expected(
        _ shape: Convolution, x: [Double], weight: [Double], dy: [Double]
    ) -> (y: [Double], dx: [Double], dWeight: [Double]) {
        let (window, width) = (shape.window, shape.window.pixels)
        let inputs = window.channels * window.height * window.width
        var (y, dx, dWeight) = (dy, x.map { _ in 0.0 }, weight.map { _ in 0.0 })
        var columns = [Double](repeating: 0, count: window.taps * width)
        for image in 0..<shape.images {
            let outputs = image * shape.filters * width
            Plain.windows(window, Array(x[(image * inputs)..<((image + 1) * inputs)]), rowStride: width, &columns)
            let up = Array(dy[outputs..<(outputs + shape.filters * width)])
            var sums = up
            Plain.multiply(
                ProductShape(rows: shape.filters, inner: window.taps, columns: width), weight, columns, beta: 0, &sums)
            y.replaceSubrange(outputs..<(outputs + sums.count), with: sums)
            Plain.multiply(
                ProductShape(rows: shape.filters, inner: width, columns: window.taps, transposeB: true), up, columns,
                beta: 1, &dWeight)
            Plain.multiply(
                ProductShape(rows: window.taps, inner: shape.filters, columns: width, transposeA: true), weight, up,
                beta: 0, &columns)
            var back = [Double](repeating: 0, count: inputs)
            Plain.addWindows(window, columns, rowStride: width, to: &back)
            dx.replaceSubrange((image * inputs)..<((image + 1) * inputs), with: back)
        }
        return (y, dx, dWeight)
    }
}

extension ck_blocks {
    init(_ shape: BlockedShape) {
        self.init(images: shape.images, channels: shape.channels, pixels: shape.pixels, block: shape.block)
    }
}
