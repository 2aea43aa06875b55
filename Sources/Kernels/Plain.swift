/// The executable specification: every kernel as the formula reads, one loop a sum, in any precision.
///
/// Slow on purpose. The fast kernels of `Float` are tested against these, and `Double` computes with them.
package enum Plain<Number: Real> {
    package typealias Input = UnsafePointer<Number>
    package typealias Output = UnsafeMutablePointer<Number>

    package static func multiply(
        _ shape: ProductShape, _ a: Input, _ b: Input, beta: Number, _ c: Output
    ) {
        for row in 0..<shape.rows {
            for column in 0..<shape.columns {
                var sum: Number = 0
                for k in 0..<shape.inner {
                    let left = shape.transposeA ? a[k * shape.rows + row] : a[row * shape.inner + k]
                    let right = shape.transposeB ? b[column * shape.strideB + k] : b[k * shape.strideB + column]
                    sum += left * right
                }
                let index = row * shape.columns + column
                c[index] = sum + (beta == 0 ? 0 : beta * c[index])
            }
        }
    }

    package static func gather(
        _ rows: UnsafeBufferPointer<Int32>, width: Int, from matrix: UnsafePointer<Float>, _ to: Output
    ) {
        for (index, row) in rows.enumerated() {
            for column in 0..<width { to[index * width + column] = Number(matrix[Int(row) * width + column]) }
        }
    }

    package static func scale(_ count: Int, by factor: Number, _ x: Output) {
        for i in 0..<count { x[i] *= factor }
    }

    package static func add(_ count: Int, _ x: Input, to y: Output) {
        for i in 0..<count { y[i] += x[i] }
    }

    package static func add(_ count: Int, _ factor: Number, times x: Input, to y: Output) {
        for i in 0..<count { y[i] += factor * x[i] }
    }

    package static func addRectified(_ count: Int, _ x: Input, _ y: Input, _ z: Output) {
        for i in 0..<count { z[i] = value(.relu, x[i] + y[i]) }
    }

    package static func sumOfSquares(_ count: Int, _ x: Input) -> Double {
        var sum = 0.0
        for i in 0..<count { sum += Double(x[i]) * Double(x[i]) }
        return sum
    }

    package static func dot(_ count: Int, _ x: Input, _ y: Input) -> Double {
        var sum = 0.0
        for i in 0..<count { sum += Double(x[i]) * Double(y[i]) }
        return sum
    }

    package static func columnSums(rows: Int, columns: Int, _ matrix: Input, _ sums: Output) {
        for column in 0..<columns {
            sums[column] = 0
            for row in 0..<rows { sums[column] += matrix[row * columns + column] }
        }
    }
}
