/// The projection onto the cone of directions that raise no loss, to first order.
enum DualCone {
    /// v ≥ u that minimises vᵀGv: Jᵀv is the projection of Jᵀu (Quinton & Rey 2024, Prop. 1).
    static func project(_ weights: [Double], _ gramian: SquareMatrix) -> [Double]? {
        NonNegativeProgram.solve(gramian, gramian * weights).map { zip(weights, $0).map { $0 + $1 } }
    }

    /// The Gramian over its trace, with a multiple of the identity that torchjd adds against rounding; the paper has none.
    static func regularised(_ gramian: SquareMatrix, _ regularisation: Double) -> SquareMatrix {
        guard regularisation > 0, gramian.trace > 0 else { return gramian }
        var matrix = gramian / gramian.trace
        for i in 0..<matrix.size { matrix[i, i] += regularisation }
        return matrix
    }

    static let preference = ParameterKey.perTask(
        "preference", .from(0, to: 1e6), "Weights of the combination projected; 1/n for every task if empty.")
    static let regularisation = ParameterKey.number(
        "regularization", default: 0, .from(0, to: 1), "Added to the diagonal of the Gramian over its trace.")
}
