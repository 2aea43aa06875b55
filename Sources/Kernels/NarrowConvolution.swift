/// A convolution of stride 1 with what follows it, as one kernel: bias, rectifier, the largest of squares of four.
///
/// x `[images, channels, height, width]`, W `[filters, channels, kernel, kernel]`, b `[filters]`,
/// y `[images, filters, outHeight, outWidth]`. The fast kernel computes several images side by side, one a lane of its
/// vectors, so that no size wastes lanes and no windows are laid out; what it pays is a sum for every lane of every weight,
/// which is why it is for layers with few of them.
package struct NarrowConvolution: Sendable, Hashable {
    package var window: ImageWindow
    package var filters: Int
    /// Whether y is the largest of squares of four; what is left at the right and the bottom is not read.
    package var pools: Bool
    /// Whether y is max(0, sum).
    package var rectifies: Bool

    /// Weights up to which the lanes' sums stay in the caches (4 MiB at 16 lanes).
    static let weightsMax = 65_536
    /// Numbers in the widest vector of any kernel, and zeros that it keeps between the lines of a gradient: what a plan of
    /// its memory needs to know.
    package static let lanesMax = 16
    package static let gap = 3

    /// - Returns: nil where the kernel has no advantage or cannot compute it.
    package init?(_ window: ImageWindow, filters: Int, activation: ActivationFunction, pools: Bool) {
        guard window.stride == 1, activation == .identity || activation == .relu else { return nil }
        // Factor by factor, so that nothing overflows whatever the sizes are.
        var weights = 1
        for factor in [window.kernel, window.kernel, window.channels, filters] {
            guard factor <= Self.weightsMax else { return nil }
            weights *= factor
            guard weights <= Self.weightsMax else { return nil }
        }
        self.window = window
        self.filters = filters
        self.pools = pools
        rectifies = activation == .relu
    }

    package var outHeight: Int { pools ? window.outHeight / 2 : window.outHeight }
    package var outWidth: Int { pools ? window.outWidth / 2 : window.outWidth }
    /// Values of an image behind the layer.
    package var outputs: Int { filters * outHeight * outWidth }
    /// Values of an image before it.
    package var inputs: Int { window.channels * window.height * window.width }
}

extension Plain {
    /// Calls `body` for every output of one image with its index and the sums it is the largest of.
    private static func forEachOutput(
        _ layer: NarrowConvolution, _ image: Input, _ weight: Input, _ bias: Input?,
        _ body: (_ output: Int, _ sums: [Number]) -> Void
    ) {
        let window = layer.window
        for output in 0..<layer.outputs {
            let (filter, place) = output.quotientAndRemainder(dividingBy: layer.outHeight * layer.outWidth)
            let sums = (0..<(layer.pools ? 4 : 1)).map { square in
                let pixel = position(layer, place, square)
                var sum = bias?[filter] ?? 0
                forEachTap(window, pixel) { tap, input in sum += weight[filter * window.taps + tap] * image[input] }
                return sum
            }
            body(output, sums)
        }
    }

    /// Which position of the window is number `square` of an output's four.
    private static func position(_ layer: NarrowConvolution, _ place: Int, _ square: Int) -> Int {
        guard layer.pools else { return place }
        let (row, column) = place.quotientAndRemainder(dividingBy: layer.outWidth)
        return (2 * row + square / 2) * layer.window.outWidth + 2 * column + square % 2
    }

    /// Calls `body` with the index of every tap that meets the image and of the pixel under it.
    private static func forEachTap(_ window: ImageWindow, _ pixel: Int, _ body: (Int, Int) -> Void) {
        let (row, column) = pixel.quotientAndRemainder(dividingBy: window.outWidth)
        for tap in 0..<window.taps {
            let channel = tap / (window.kernel * window.kernel)
            let y = row * window.stride + tap / window.kernel % window.kernel - window.padding
            let x = column * window.stride + tap % window.kernel - window.padding
            guard y >= 0, y < window.height, x >= 0, x < window.width else { continue }
            body(tap, (channel * window.height + y) * window.width + x)
        }
    }

    /// - Parameter winners: of each output which of its sums was the largest, the first of equals; −1 where the rectifier
    ///   lets nothing through.
    package static func convolve(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, bias: Input?, _ y: Output,
        winners: UnsafeMutablePointer<Int8>
    ) {
        for image in 0..<images {
            forEachOutput(layer, x + image * layer.inputs, weight, bias) { output, sums in
                var winner = 0
                for square in sums.indices.dropFirst() where sums[square] > sums[winner] || sums[square].isNaN {
                    winner = square
                }
                let place = image * layer.outputs + output
                y[place] = layer.rectifies ? value(.relu, sums[winner]) : sums[winner]
                if layer.rectifies || layer.pools {
                    winners[place] = layer.rectifies && !(sums[winner] > 0) ? -1 : Int8(winner)
                }
            }
        }
    }

    package static func convolveGradient(
        _ layer: NarrowConvolution, images: Int, _ x: Input, weight: Input, winners: UnsafePointer<Int8>, dy: Input,
        dx: Output?, dWeight: Output, dBias: Output?
    ) {
        let window = layer.window
        dWeight.clear(count: layer.filters * window.taps)
        dBias?.clear(count: layer.filters)
        dx?.clear(count: images * layer.inputs)
        for place in 0..<(images * layer.outputs) {
            let winner = layer.rectifies || layer.pools ? Int(winners[place]) : 0
            guard winner >= 0 else { continue }
            let (image, output) = place.quotientAndRemainder(dividingBy: layer.outputs)
            let (filter, spot) = output.quotientAndRemainder(dividingBy: layer.outHeight * layer.outWidth)
            dBias?[filter] += dy[place]
            forEachTap(window, position(layer, spot, winner)) { tap, pixel in
                let input = image * layer.inputs + pixel
                dWeight[filter * window.taps + tap] += dy[place] * x[input]
                dx?[input] += dy[place] * weight[filter * window.taps + tap]
            }
        }
    }
}
