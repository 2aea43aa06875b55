import Kernels
import Testing

struct ProductTests {
    @Test(arguments: [(false, false), (true, false), (false, true)])
    func productsAgreeWithThePlainKernel(transposeA: Bool, transposeB: Bool) {
        for rows in [0, 1, 5, 64] {
            for inner in [0, 1, 13, 64] {
                for columns in [0, 1, 7, 32] {
                    let shape = ProductShape(
                        rows: rows, inner: inner, columns: columns, transposeA: transposeA, transposeB: transposeB)
                    for beta in [Float(0), 1] { expectAgreement(shape, beta: beta) }
                }
            }
        }
    }

    private func expectAgreement(_ shape: ProductShape, beta: Float) {
        var stream = RandomStream(seed: 1, name: "product", part: UInt64(shape.rows * shape.inner + shape.columns))
        let a = stream.normals(shape.rows * shape.inner)
        let b = stream.normals(shape.inner * shape.columns)
        // With beta 0 the old values, even NaN, must not be read.
        var c =
            beta == 0
            ? [Float](repeating: .nan, count: shape.rows * shape.columns) : stream.normals(shape.rows * shape.columns)
        var expected = doubles(c)
        Float.multiply(shape, a, b, beta: beta, &c)
        Double.multiply(shape, doubles(a), doubles(b), beta: Double(beta), &expected)
        #expect(largestError(c, expected) < 1e-4, "\(shape), beta \(beta)")
    }

    /// Where the machine has none, the layer takes the general product, and there is nothing to agree.
    @Test(.enabled(if: Float.denseKernel(rows: 1, inputs: 1, outputs: 2) != nil, "SKIPPED: no AVX-512 here"))
    func kernelsForDenseLayersAgreeWithProductAndBias() throws {
        for (rows, inputs, outputs) in [
            (1, 1, 2), (3, 7, 5), (17, 101, 61), (40, 64, 130), (5, 300, 2), (64, 513, 20), (2, 2_000, 33),
            (31, 16, 16),
        ] {
            let kernel = try #require(Float.denseKernel(rows: rows, inputs: inputs, outputs: outputs))
            var stream = RandomStream(seed: 1, name: "dense", part: UInt64(rows * inputs + outputs))
            let (x, weight, bias) = (
                stream.normals(rows * inputs), stream.normals(outputs * inputs), stream.normals(outputs)
            )
            // Old values, even NaN, must not be read.
            var y = [Float](repeating: .nan, count: rows * outputs)
            kernel(x, weight, bias, &y)
            var expected = [Double](repeating: .nan, count: rows * outputs)
            Double.multiply(
                ProductShape(rows: rows, inner: inputs, columns: outputs, transposeB: true), doubles(x),
                doubles(weight), beta: 0, &expected)
            var sums = expected
            Plain.biasActivate(
                .identity, rows: rows, columns: outputs, bias: doubles(bias), &sums, &expected)
            #expect(largestError(y, expected) < 1e-4, "\(rows) × \(inputs) × \(outputs)")
        }
    }

    @Test(.enabled(if: Float.denseKernel(rows: 1, inputs: 1, outputs: 2) != nil, "SKIPPED: no AVX-512 here"))
    func whatIsNotANumberStaysSoInKernelsForDenseLayers() throws {
        let kernel = try #require(Float.denseKernel(rows: 2, inputs: 3, outputs: 2))
        var y: [Float] = [0, 0, 0, 0]
        kernel([1, .nan, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0], &y)
        #expect(y[0].isNaN && y[1].isNaN && y[2] == 3 && y[3] == 3)
    }

    @Test func aCombinationLeavesOutWhatHasNoCoefficient() {
        for count in [0, 1, 100, 2_048, 5_000] {
            let parts: [[Float]] = [.init(repeating: 1, count: count), .init(repeating: .nan, count: count)]
            var sum = [Float](repeating: .nan, count: count)
            parts[0].withUnsafeBufferPointer { first in
                parts[1].withUnsafeBufferPointer { second in
                    let pointers = [first, second, first].compactMap(\.baseAddress)
                    Float.combine([2, 0, 0.5], pointers, count: count, &sum)
                }
            }
            #expect(sum == [Float](repeating: 2.5, count: count))
        }
    }

    @Test func moreThanOneThreadIsGrantedOnlyWhereTheSettingIsPerThread() {
        #expect(Threads.use(1) == 1)
        #expect(Threads.use(2) == (Threads.build == .openMP ? 2 : 1))
        #expect(Threads.use(0) == 1)
    }
}
