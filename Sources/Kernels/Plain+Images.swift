extension Plain {
    /// Calls `body` with the index into the matrix of windows and the index into the image, −1 for padding.
    private static func forEachTap(_ window: ImageWindow, rowStride: Int, _ body: (Int, Int) -> Void) {
        for tap in 0..<window.taps {
            let channel = tap / (window.kernel * window.kernel)
            let (tapY, tapX) = (tap / window.kernel % window.kernel, tap % window.kernel)
            for pixel in 0..<window.pixels {
                let y = pixel / window.outWidth * window.stride + tapY - window.padding
                let x = pixel % window.outWidth * window.stride + tapX - window.padding
                let isInside = y >= 0 && y < window.height && x >= 0 && x < window.width
                body(
                    tap * rowStride + pixel, isInside ? (channel * window.height + y) * window.width + x : -1)
            }
        }
    }

    package static func windows(_ window: ImageWindow, _ image: Input, rowStride: Int, _ columns: Output) {
        forEachTap(window, rowStride: rowStride) { column, pixel in columns[column] = pixel < 0 ? 0 : image[pixel] }
    }

    package static func addWindows(_ window: ImageWindow, _ columns: Input, rowStride: Int, to image: Output) {
        forEachTap(window, rowStride: rowStride) { column, pixel in
            if pixel >= 0 { image[pixel] += columns[column] }
        }
    }

    package static func biasActivate(
        _ activation: ActivationFunction, _ shape: PlaneShape, bias: Input?, _ z: Output, _ y: Output
    ) {
        for index in 0..<(shape.images * shape.channels * shape.pixels) {
            let sum = z[index] + (bias?[index / shape.pixels % shape.channels] ?? 0)
            if activation.needsInput { z[index] = sum }
            y[index] = value(activation, sum)
        }
    }

    package static func planeSums(_ shape: PlaneShape, _ x: Input, _ sums: Output) {
        for channel in 0..<shape.channels {
            var total = 0.0
            for index in indices(shape, channel) { total += Double(x[index]) }
            sums[channel] = Number(total)
        }
    }

    /// Where the values of a channel stand.
    private static func indices(_ shape: PlaneShape, _ channel: Int) -> some Sequence<Int> {
        (0..<(shape.images * shape.pixels)).lazy.map { index in
            (index / shape.pixels * shape.channels + channel) * shape.pixels + index % shape.pixels
        }
    }

    /// Calls `body` with the index of an output and those of the inputs it is made from.
    private static func forEachSquare(_ shape: PoolShape, _ body: (Int, Int, [Int]) -> Void) {
        for plane in 0..<shape.planes {
            for output in 0..<(shape.outHeight * shape.outWidth) {
                let corner =
                    output / shape.outWidth * shape.size * shape.width + output % shape.outWidth * shape.size
                let square = (0..<(shape.size * shape.size)).map {
                    corner + $0 / shape.size * shape.width + $0 % shape.size
                }
                body(plane * shape.outHeight * shape.outWidth + output, plane * shape.height * shape.width, square)
            }
        }
    }

    /// - Parameter winners: of each output, where in its plane the largest value stood; the first of equals.
    package static func poolLargest(_ shape: PoolShape, _ x: Input, _ y: Output, winners: UnsafeMutablePointer<Int32>) {
        forEachSquare(shape) { output, plane, square in
            var winner = square[0]
            for place in square.dropFirst() where x[plane + place] > x[plane + winner] || x[plane + place].isNaN {
                winner = place
            }
            y[output] = x[plane + winner]
            winners[output] = Int32(winner)
        }
    }

    package static func unpoolLargest(_ shape: PoolShape, winners: UnsafePointer<Int32>, dy: Input, dx: Output) {
        dx.clear(count: shape.planes * shape.height * shape.width)
        forEachSquare(shape) { output, plane, _ in dx[plane + Int(winners[output])] = dy[output] }
    }

    package static func poolMean(_ shape: PoolShape, _ x: Input, _ y: Output) {
        let share = 1 / Number(shape.size * shape.size)
        for plane in 0..<shape.planes {
            for output in 0..<(shape.outHeight * shape.outWidth) {
                let (row, column) = (output / shape.outWidth, output % shape.outWidth)
                var sum: Number = 0
                for y in (row * shape.size)..<((row + 1) * shape.size) {
                    for x_ in (column * shape.size)..<((column + 1) * shape.size) {
                        sum += x[(plane * shape.height + y) * shape.width + x_]
                    }
                }
                y[plane * shape.outHeight * shape.outWidth + output] = sum * share
            }
        }
    }

    package static func unpoolMean(_ shape: PoolShape, dy: Input, dx: Output) {
        let share = 1 / Number(shape.size * shape.size)
        for plane in 0..<shape.planes {
            for y in 0..<shape.height {
                for x in 0..<shape.width {
                    let (row, column) = (y / shape.size, x / shape.size)
                    let isRead = row < shape.outHeight && column < shape.outWidth
                    dx[(plane * shape.height + y) * shape.width + x] =
                        isRead ? dy[(plane * shape.outHeight + row) * shape.outWidth + column] * share : 0
                }
            }
        }
    }

    package static func batchNorm(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, epsilon: Double, mean: Output,
        inverseDeviation: Output, _ y: Output
    ) {
        let count = Double(shape.images * shape.pixels)
        guard count > 0 else { return }
        for c in 0..<shape.channels {
            let places = indices(shape, c)
            let average = places.reduce(0.0) { $0 + Double(x[$1]) } / count
            let squares = places.reduce(0.0) { sum, place in
                let difference = Double(x[place]) - average
                return sum + difference * difference
            }
            mean[c] = Number(average)
            inverseDeviation[c] = Number(1 / (squares / count + epsilon).squareRoot())
            for place in places { y[place] = (x[place] - mean[c]) * inverseDeviation[c] * weight[c] + bias[c] }
        }
    }

    package static func normalize(
        _ shape: PlaneShape, _ x: Input, weight: Input, bias: Input, mean: Input, variance: Input, epsilon: Double,
        _ y: Output
    ) {
        for c in 0..<shape.channels {
            let factor = weight[c] * Number(1 / (Double(variance[c]) + epsilon).squareRoot())
            for place in indices(shape, c) { y[place] = (x[place] - mean[c]) * factor + bias[c] }
        }
    }

    package static func batchNormGradient(
        _ shape: PlaneShape, _ x: Input, weight: Input, mean: Input, inverseDeviation: Input, dy: Input, dx: Output,
        dWeight: Output, dBias: Output
    ) {
        let count = Double(max(1, shape.images * shape.pixels))
        for c in 0..<shape.channels {
            let places = indices(shape, c)
            var (sum, product) = (0.0, 0.0)
            for place in places {
                sum += Double(dy[place])
                product += Double(dy[place]) * Double((x[place] - mean[c]) * inverseDeviation[c])
            }
            dBias[c] = Number(sum)
            dWeight[c] = Number(product)
            for place in places {
                let normal = (x[place] - mean[c]) * inverseDeviation[c]
                let inner = dy[place] - Number(sum / count) - normal * Number(product / count)
                dx[place] = weight[c] * inverseDeviation[c] * inner
            }
        }
    }

    package static func gatherPlanes<Pixel: PixelValue>(
        _ rows: UnsafeBufferPointer<Int32>, area: Int, from pixels: UnsafePointer<Pixel>, factors: [Float],
        offsets: [Float], _ to: Output
    ) {
        let channels = factors.count
        for (index, row) in rows.enumerated() {
            let image = pixels + Int(row) * area * channels
            for channel in 0..<channels {
                let plane = to + (index * channels + channel) * area
                let (factor, offset) = (factors[channel], offsets[channel])
                for pixel in 0..<area {
                    plane[pixel] = Number(image[pixel * channels + channel].float * factor - offset)
                }
            }
        }
    }
}
