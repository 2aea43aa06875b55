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

    @Test func moreThanOneThreadIsGrantedOnlyWhereTheSettingIsPerThread() {
        #expect(Threads.use(1) == 1)
        #expect(Threads.use(2) == (Threads.build == .openMP ? 2 : 1))
        #expect(Threads.use(0) == 1)
    }
}

struct AlignedBufferTests {
    @Test(arguments: [0, 1, 1000])
    func aBufferIsZeroedAndStartsOnACacheLine(count: Int) {
        let buffer = AlignedBuffer<Float>(count: count)
        #expect(buffer.elements == [Float](repeating: 0, count: count))
        #expect(UInt(bitPattern: buffer.pointer) % UInt(AlignedBuffer<Float>.alignmentBytes) == 0)
    }

    @Test func aBufferTakesTheElementsItIsGiven() {
        let buffer = AlignedBuffer([1.0, 2, 3])
        buffer[1] = 5
        buffer.copy(from: [4.0])
        #expect(buffer.elements == [4, 5, 3])
    }
}
