/// A small square matrix in double precision, row-major.
package struct SquareMatrix: Sendable, Equatable {
    package let size: Int
    package private(set) var values: [Double]

    package init(size: Int) {
        self.size = size
        values = Array(repeating: 0, count: size * size)
    }

    /// - Parameter rows: `size` rows of `size` numbers; nil if they are not.
    package init?(rows: [[Double]]) {
        guard rows.allSatisfy({ $0.count == rows.count }) else { return nil }
        size = rows.count
        values = rows.flatMap { $0 }
    }

    package subscript(row: Int, column: Int) -> Double {
        get { values[row * size + column] }
        set { values[row * size + column] = newValue }
    }

    var diagonal: [Double] { (0..<size).map { self[$0, $0] } }
    var trace: Double { diagonal.reduce(0, +) }
    var isFinite: Bool { values.allSatisfy(\.isFinite) }

    /// The rows and columns of some indices.
    func restricted(to indices: [Int]) -> SquareMatrix {
        var matrix = SquareMatrix(size: indices.count)
        for (row, i) in indices.enumerated() {
            for (column, j) in indices.enumerated() { matrix[row, column] = self[i, j] }
        }
        return matrix
    }

    /// D·M·D for the diagonal matrix D of these factors.
    func scaled(by factors: [Double]) -> SquareMatrix {
        var matrix = self
        for i in 0..<size {
            for j in 0..<size { matrix[i, j] *= factors[i] * factors[j] }
        }
        return matrix
    }

    /// Each entry divided by one number.
    static func / (matrix: SquareMatrix, divisor: Double) -> SquareMatrix {
        var matrix = matrix
        for index in matrix.values.indices { matrix.values[index] /= divisor }
        return matrix
    }

    static func * (matrix: SquareMatrix, vector: [Double]) -> [Double] {
        (0..<matrix.size).map { row in
            vector.indices.reduce(0) { $0 + matrix[row, $1] * vector[$1] }
        }
    }

    /// xᵀMx.
    func quadraticForm(_ vector: [Double]) -> Double {
        dot(vector, self * vector)
    }
}

func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

func norm(_ vector: [Double]) -> Double {
    dot(vector, vector).squareRoot()
}
