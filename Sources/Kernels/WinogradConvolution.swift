package import CKernels

/// A 3×3 convolution of stride 1 and padding 1 by Winograd's algorithm F(4×4, 3×3) (Lavin & Gray 2016), on images in blocks
/// of channels, W `[filters, channels, 3, 3]`.
///
/// It multiplies a quarter as often as the direct way. The images of a batch go through it some at a time, so that what is
/// transformed stays in the caches and every product is still a large one.
package struct WinogradConvolution {
    /// Each of them is a product of its own.
    private static let products = 36
    /// Tiles that make a product large enough; with twice as many the second-level cache no longer holds them.
    private static let tilesWanted = 128
    /// Numbers that transformed images take at most, as a multiple of the images: where more of the tiles would be empty,
    /// little is saved.
    package static let roomForImages = 3
    /// Numbers that transformed weights and their gradient take, gaps included, as a multiple of the weights.
    package static let roomForWeights = 10
    /// Between the matrices, so that neighbours do not compete for one place in the caches.
    private static let gap = 16

    private let window: ImageWindow
    private let filters: Int
    private let block: Int
    private let imagesAtOnce: Int
    private let table: ck_table

    /// - Parameter images: as many as a batch has at most.
    /// - Returns: nil for a convolution of another kind, for images that its tiles hardly fill, or for channels that the
    ///   loops cannot take.
    package init?(_ window: ImageWindow, filters: Int, images: Int, block: Int) {
        self.init(window, filters: filters, images: images, block: block, table: loops)
    }

    package init?(_ window: ImageWindow, filters: Int, images: Int, block: Int, table: ck_table) {
        guard window.kernel == 3, window.stride == 1, window.padding == 1, window.channels.isMultiple(of: block),
            filters.isMultiple(of: block), block.isMultiple(of: table.lanes),
            Self.products * Self.tiles(window) <= Self.roomForImages * window.height * window.width
        else { return nil }
        self.window = window
        self.filters = filters
        self.block = block
        self.table = table
        let tiles = Self.tiles(window)
        imagesAtOnce = max(1, min(images, (Self.tilesWanted + tiles - 1) / tiles))
    }

    private static func tiles(_ window: ImageWindow) -> Int {
        max(1, (window.height + 3) / 4 * ((window.width + 3) / 4))
    }

    /// Numbers that a pass works in, on a 64-byte boundary.
    package var scratchCount: Int {
        let tiles = imagesAtOnce * Self.tiles(window)
        return weightScratch + Self.products * (tiles * (window.channels + filters) + 2 * Self.gap)
    }

    /// Those of them for the transformed weights and their gradient.
    private var weightScratch: Int { 2 * Self.products * (filters * window.channels + Self.gap) }

    package func forward(
        images: Int, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        let weights = transformed(weight, scratch)
        for part in parts(of: images, behind: scratch + weightScratch) {
            var (pixels, outputs) = (part.pixels, part.outputs)
            table.winograd_pixels(&pixels, x + part.firstInput, part.pixelMatrices)
            for product in 0..<Self.products {
                multiply(
                    ProductShape(rows: part.tiles, inner: window.channels, columns: filters, transposeB: true),
                    part.pixelMatrices + product * pixels.stride, weights.start + product * weights.stride, beta: 0,
                    part.outputMatrices + product * outputs.stride)
            }
            table.winograd_outputs(&outputs, part.outputMatrices, y + part.firstOutput)
        }
    }

    /// - Parameter dx: nil where nobody reads it.
    package func gradient(
        images: Int, _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, dy: UnsafePointer<Float>,
        dx: UnsafeMutablePointer<Float>?, dWeight: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        guard images > 0 else { return dWeight.clear(count: filters * window.taps) }
        let weights = dx == nil ? nil : transformed(weight, scratch)
        let gradient = weightMatrices(scratch + weightScratch / 2)
        for part in parts(of: images, behind: scratch + weightScratch) {
            var (pixels, outputs) = (part.pixels, part.outputs)
            table.winograd_pixels(&pixels, x + part.firstInput, part.pixelMatrices)
            table.winograd_outputs_gradient(&outputs, dy + part.firstOutput, part.outputMatrices)
            for product in 0..<Self.products {
                let pixelMatrix = part.pixelMatrices + product * pixels.stride
                let outputMatrix = part.outputMatrices + product * outputs.stride
                multiply(
                    ProductShape(rows: filters, inner: part.tiles, columns: window.channels, transposeA: true),
                    outputMatrix, pixelMatrix, beta: part.isFirst ? 0 : 1, gradient.start + product * gradient.stride)
                // The pixels have been read, so their gradient takes their place.
                guard let weights else { continue }
                multiply(
                    ProductShape(rows: part.tiles, inner: filters, columns: window.channels), outputMatrix,
                    weights.start + product * weights.stride, beta: 0, pixelMatrix)
            }
            if let dx { table.winograd_pixels_gradient(&pixels, part.pixelMatrices, dx + part.firstInput) }
        }
        table.winograd_weights_gradient(filters, window.channels, gradient.start, gradient.stride, dWeight)
    }

    /// By oneDNN, which wants none of the packing that costs the other library more here than its larger tiles gain.
    private func multiply(
        _ shape: ProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, beta: Float,
        _ c: UnsafeMutablePointer<Float>
    ) {
        Float.multiply(shape, a, b, beta: beta, c, by: .oneDNN)
    }

    private typealias Matrices = (start: UnsafeMutablePointer<Float>, stride: Int)

    private func weightMatrices(_ start: UnsafeMutablePointer<Float>) -> Matrices {
        (start, filters * window.channels + Self.gap)
    }

    private func transformed(_ weight: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>) -> Matrices {
        let matrices = weightMatrices(scratch)
        table.winograd_weights(filters, window.channels, weight, matrices.stride, matrices.start)
        return matrices
    }

    /// Images that go through together, and the matrices they are transformed into.
    private struct Part {
        var isFirst: Bool
        var tiles: Int
        var firstInput: Int
        var firstOutput: Int
        var pixels: ck_winograd
        var outputs: ck_winograd
        var pixelMatrices: UnsafeMutablePointer<Float>
        var outputMatrices: UnsafeMutablePointer<Float>
    }

    private func parts(
        of images: Int, behind scratch: UnsafeMutablePointer<Float>
    ) -> some Sequence<Part> {
        stride(from: 0, to: images, by: imagesAtOnce).lazy.map { first in
            let count = min(imagesAtOnce, images - first)
            let tiles = count * Self.tiles(window)
            let (pixels, outputs) = (shape(window.channels, count, tiles), shape(filters, count, tiles))
            let area = window.height * window.width
            return Part(
                isFirst: first == 0, tiles: tiles, firstInput: first * window.channels * area,
                firstOutput: first * filters * area, pixels: pixels, outputs: outputs, pixelMatrices: scratch,
                outputMatrices: scratch + Self.products * pixels.stride)
        }
    }

    private func shape(_ channels: Int, _ images: Int, _ tiles: Int) -> ck_winograd {
        ck_winograd(
            images: images, channels: channels, height: window.height, width: window.width, block: block,
            stride: tiles * channels + Self.gap)
    }
}
