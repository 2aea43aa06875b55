/// The point of smallest norm in the convex hull of some vectors, from their inner products.
enum MinimumNorm {
    /// The weights of that point: they are at least 0 and sum to 1. Nil where no tolerable solution was found.
    ///
    /// With G the Gramian, x = argmin ½xᵀ(G/τ + 11ᵀ)x − 1ᵀx over x ≥ 0 has x/Σx for these weights: both have the same
    /// optimality conditions, which is how the simplex becomes a cone.
    static func weights(_ gramian: SquareMatrix) -> [Double]? {
        let smallest = gramian.diagonal.min() ?? 0
        guard smallest > 0 else { return hullHoldsZero(gramian) }
        var matrix = gramian / smallest
        for i in 0..<matrix.size {
            for j in 0..<matrix.size { matrix[i, j] += 1 }
        }
        guard let x = NonNegativeProgram.solve(matrix, gramian.diagonal.map { _ in -1 }) else { return nil }
        let total = x.reduce(0, +)
        return total > 0 ? x.map { $0 / total } : nil
    }

    /// A vector that is zero is the point sought; several share the weight.
    private static func hullHoldsZero(_ gramian: SquareMatrix) -> [Double] {
        let zeros = gramian.diagonal.count { $0 <= 0 }
        return gramian.diagonal.map { $0 <= 0 ? 1 / Double(zeros) : 0 }
    }
}
