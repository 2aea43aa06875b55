/// Eigenvalues and eigenvectors of a small symmetric matrix, by cyclic Jacobi rotations (Golub & Van Loan, §8.5).
struct SymmetricEigen {
    /// Below this fraction of the largest, an eigenvalue counts as 0; just above the rounding of a double Gramian.
    static let rankTolerance = 1e-13
    /// Jacobi converges quadratically; ten sweeps are plenty for 100 tasks.
    static let sweepsMax = 60

    /// In no particular order.
    let values: [Double]
    /// Column k is the unit eigenvector of `values[k]`.
    let vectors: SquareMatrix

    init(_ matrix: SquareMatrix) {
        var matrix = matrix
        var vectors = SquareMatrix(size: matrix.size)
        for i in 0..<matrix.size { vectors[i, i] = 1 }
        for _ in 0..<Self.sweepsMax {
            var rotated = false
            for p in 0..<matrix.size {
                for q in (p + 1)..<matrix.size where Self.isSignificant(matrix, p, q) {
                    Self.rotate(&matrix, &vectors, p, q)
                    rotated = true
                }
            }
            if !rotated { break }
        }
        values = matrix.diagonal
        self.vectors = vectors
    }

    private static func isSignificant(_ matrix: SquareMatrix, _ p: Int, _ q: Int) -> Bool {
        let scale = (abs(matrix[p, p]) * abs(matrix[q, q])).squareRoot()
        return abs(matrix[p, q]) > max(1e-17 * scale, .leastNormalMagnitude)
    }

    /// The rotation in the plane of p and q that makes their off-diagonal entry 0.
    private static func rotate(_ matrix: inout SquareMatrix, _ vectors: inout SquareMatrix, _ p: Int, _ q: Int) {
        let theta = (matrix[q, q] - matrix[p, p]) / (2 * matrix[p, q])
        let tangent = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
        let cosine = 1 / (tangent * tangent + 1).squareRoot()
        let sine = tangent * cosine
        for k in 0..<matrix.size {
            (matrix[k, p], matrix[k, q]) = turn(matrix[k, p], matrix[k, q], cosine, sine)
            (vectors[k, p], vectors[k, q]) = turn(vectors[k, p], vectors[k, q], cosine, sine)
        }
        for k in 0..<matrix.size {
            (matrix[p, k], matrix[q, k]) = turn(matrix[p, k], matrix[q, k], cosine, sine)
        }
        matrix[p, q] = 0
        matrix[q, p] = 0
    }

    private static func turn(_ a: Double, _ b: Double, _ cosine: Double, _ sine: Double) -> (Double, Double) {
        (cosine * a - sine * b, sine * a + cosine * b)
    }

    /// The eigenvalues that count, as indices, and none at all for a matrix of zeros.
    var significant: [Int] {
        let largest = values.max() ?? 0
        return values.indices.filter { values[$0] > Self.rankTolerance * largest }
    }

    /// V·f(Λ)·Vᵀ·x over the eigenvalues that count: with f(λ) = 1/λ, the pseudo-inverse's product.
    func apply(_ function: (Double) -> Double, to vector: [Double]) -> [Double] {
        var result = Array(repeating: 0.0, count: vector.count)
        for k in significant {
            let component = vector.indices.reduce(0) { $0 + vectors[$1, k] * vector[$1] } * function(values[k])
            for i in result.indices { result[i] += component * vectors[i, k] }
        }
        return result
    }
}
