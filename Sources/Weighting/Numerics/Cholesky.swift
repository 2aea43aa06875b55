/// The Cholesky factorisation of a symmetric positive definite matrix.
struct Cholesky {
    /// A pivot below this fraction of its diagonal entry counts as 0.
    static let pivotTolerance = 1e-14

    private let lower: SquareMatrix

    /// Nil where the matrix is not positive definite to working precision.
    init?(_ matrix: SquareMatrix) {
        var lower = SquareMatrix(size: matrix.size)
        for column in 0..<matrix.size {
            for row in column..<matrix.size {
                var sum = matrix[row, column]
                for k in 0..<column { sum -= lower[row, k] * lower[column, k] }
                if row > column {
                    lower[row, column] = sum / lower[column, column]
                } else {
                    guard sum > Self.pivotTolerance * matrix[row, row] else { return nil }
                    lower[row, row] = sum.squareRoot()
                }
            }
        }
        self.lower = lower
    }

    /// x with M·x = right.
    func solve(_ right: [Double]) -> [Double] {
        var x = right
        for row in x.indices {
            for k in 0..<row { x[row] -= lower[row, k] * x[k] }
            x[row] /= lower[row, row]
        }
        for row in x.indices.reversed() {
            for k in (row + 1)..<x.count { x[row] -= lower[k, row] * x[k] }
            x[row] /= lower[row, row]
        }
        return x
    }
}
