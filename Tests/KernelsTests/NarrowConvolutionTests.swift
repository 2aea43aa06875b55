import CKernels
import Kernels
import Testing

/// The kernel that takes images side by side, in each of its versions, against the plain one.
struct NarrowConvolutionTests {
    /// What a kernel leaves behind.
    struct Outcome {
        var y: [Double] = []
        var dx: [Double] = []
        var dWeight: [Double] = []
        var dBias: [Double] = []
    }

    struct Shape: Sendable {
        var layer: NarrowConvolution
        var images: Int
    }

    /// Sizes around the lanes of vectors and the places of a tile, drawn once and for all.
    static let shapes: [Shape] = {
        var stream = RandomStream(seed: 1, name: "shapes")
        func draw(_ range: ClosedRange<Int>) -> Int {
            range.lowerBound + Int(stream.integer(below: UInt64(range.count)))
        }
        var shapes: [Shape] = []
        while shapes.count < 60 {
            let kernel = draw(1...6)
            let window = ImageWindow(
                channels: draw(1...5), height: draw(1...13), width: draw(1...13), kernel: kernel, padding: draw(0...7))
            guard window.pixels > 0,
                let layer = NarrowConvolution(
                    window, filters: draw(1...13), activation: draw(0...1) == 0 ? .relu : .identity,
                    pools: draw(0...1) == 0)
            else { continue }
            shapes.append(Shape(layer: layer, images: [0, 1, 3, 16, 17, 31][draw(0...5)]))
        }
        return shapes
    }()

    private static func run(_ shape: Shape, biased: Bool, on loops: ck_table?) throws -> Outcome {
        let layer = shape.layer
        var stream = RandomStream(seed: 2, name: "values")
        let x = stream.normals(shape.images * layer.inputs)
        let weight = stream.normals(layer.filters * layer.window.taps)
        let bias: [Float]? = biased ? stream.normals(layer.filters) : nil
        let dy = stream.normals(shape.images * layer.outputs)
        guard let loops else { return try plain(shape, x, weight, bias, dy) }
        var c = ck_narrow(
            window: ck_window(
                channels: layer.window.channels, height: layer.window.height, width: layer.window.width,
                kernel: layer.window.kernel, stride: 1, padding: layer.window.padding,
                out_height: layer.window.outHeight, out_width: layer.window.outWidth),
            filters: layer.filters, pools: layer.pools, rectifies: layer.rectifies)
        let scratch = try AlignedBuffer<Float>(count: loops.narrow_scratch(&c), repeating: .nan)
        let winners = try AlignedBuffer<Int8>(count: loops.narrow_winners(&c, shape.images), repeating: 9)
        var y = dy
        var (dx, dWeight, dBias) = (x, weight, [Float](repeating: .nan, count: layer.filters))
        loops.narrow_convolve(&c, shape.images, x, weight, bias, &y, winners.pointer, scratch.pointer)
        loops.narrow_gradient(
            &c, shape.images, x, weight, winners.pointer, dy, &dx, &dWeight, &dBias, scratch.pointer)
        return Outcome(y: doubles(y), dx: doubles(dx), dWeight: doubles(dWeight), dBias: doubles(dBias))
    }

    private static func plain(
        _ shape: Shape, _ x: [Float], _ weight: [Float], _ bias: [Float]?, _ dy: [Float]
    ) throws -> Outcome {
        let layer = shape.layer
        let winners = try AlignedBuffer<Int8>(count: shape.images * layer.outputs)
        var result = Outcome(
            y: doubles(dy), dx: doubles(x), dWeight: doubles(weight),
            dBias: Array(repeating: .nan, count: layer.filters))
        Plain.convolve(
            layer, images: shape.images, doubles(x), weight: doubles(weight), bias: bias.map(doubles), &result.y,
            winners: winners.pointer)
        Plain.convolveGradient(
            layer, images: shape.images, doubles(x), weight: doubles(weight), winners: winners.pointer, dy: doubles(dy),
            dx: &result.dx, dWeight: &result.dWeight, dBias: &result.dBias)
        return result
    }

    @Test(arguments: tables.indices, shapes.indices)
    func bothPassesAgree(table: Int, index: Int) throws {
        let shape = Self.shapes[index]
        let actual = try Self.run(shape, biased: index % 3 != 0, on: tables[table])
        let expected = try Self.run(shape, biased: index % 3 != 0, on: nil)
        for (part, other) in [
            (actual.y, expected.y), (actual.dx, expected.dx), (actual.dWeight, expected.dWeight),
            (actual.dBias, expected.dBias),
        ] {
            #expect(largestError(part.map(Float.init), other) < 1e-4, "\(shape)")
        }
    }

    /// A sum that is not a number must not disappear behind a rectifier or a comparison.
    @Test(arguments: tables.indices)
    func aValueThatIsNotANumberShows(table: Int) throws {
        let window = ImageWindow(channels: 1, height: 4, width: 4, kernel: 1)
        let layer = try #require(NarrowConvolution(window, filters: 1, activation: .relu, pools: true))
        var c = ck_narrow(
            window: ck_window(
                channels: 1, height: 4, width: 4, kernel: 1, stride: 1, padding: 0, out_height: 4, out_width: 4),
            filters: 1, pools: true, rectifies: true)
        let scratch = try AlignedBuffer<Float>(count: tables[table].narrow_scratch(&c))
        let winners = try AlignedBuffer<Int8>(count: tables[table].narrow_winners(&c, 1), repeating: 0)
        for place in 0..<16 {
            var x = [Float](repeating: 1, count: 16)
            x[place] = .nan
            var y = [Float](repeating: 0, count: layer.outputs)
            tables[table].narrow_convolve(&c, 1, x, [1], nil, &y, winners.pointer, scratch.pointer)
            #expect(y.filter(\.isNaN).count == 1)
            #expect(y[place / 8 * 2 + place % 4 / 2].isNaN)
        }
    }

    @Test func wideAndStridedConvolutionsAreLeftToOthers() {
        let window = ImageWindow(channels: 64, height: 8, width: 8, kernel: 3)
        #expect(NarrowConvolution(window, filters: 64, activation: .relu, pools: false) != nil)
        #expect(NarrowConvolution(window, filters: 128, activation: .relu, pools: false) == nil)
        #expect(NarrowConvolution(window, filters: 8, activation: .tanh, pools: false) == nil)
        let strided = ImageWindow(channels: 1, height: 8, width: 8, kernel: 3, stride: 2)
        #expect(NarrowConvolution(strided, filters: 8, activation: .relu, pools: false) == nil)
        let absurd = ImageWindow(channels: .max, height: 8, width: 8, kernel: 1 << 40)
        #expect(NarrowConvolution(absurd, filters: .max, activation: .relu, pools: false) == nil)
    }
}
