/// The direction whose projections onto all gradients are equal (Liu et al. 2021, IMTL-G).
///
/// d = Σαᵢgᵢ with Σα = 1 and d·gᵢ/‖gᵢ‖ the same for all i (IMTL-G). With C the cosines, α ∝ C⁺1/‖g‖: the pseudo-inverse
/// takes gradients that depend on each other, which the paper leaves out. Opposite gradients give the direction 0.
struct ImpartialGradients: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "imtl_g", kind: .gradient, summary: "The direction whose projections onto all gradients are equal.",
        paper: Paper(
            title: "Towards Impartial Multi-task Learning", source: "Liu et al., ICLR 2021",
            equation: "IMTL-G: d·u_i = d·u_j, Σα = 1"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {}

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let cosines = Cosines(step.gramian)
        let impartial = cosines.impartial.map { zip($0, cosines.norms).map { $1 > 0 ? $0 / $1 : 0 } }
        guard let impartial else { return step.losses.map { _ in 0 } }
        let total = impartial.reduce(0, +)
        guard abs(total) > 1e-12 * impartial.reduce(0, { $0 + abs($1) }) else { return impartial.map { _ in 0 } }
        return impartial.map { $0 / total }
    }
}

/// Gradients by their lengths and the cosines between them.
struct Cosines {
    let norms: [Double]
    let matrix: SquareMatrix

    init(_ gramian: SquareMatrix) {
        norms = gramian.diagonal.map { max($0, 0).squareRoot() }
        matrix = gramian.scaled(by: norms.map { $0 > 0 ? 1 / $0 : 0 })
    }

    /// C⁺1: coefficients of the unit gradients whose sum has the same projection onto each; nil where that sum is 0.
    var impartial: [Double]? {
        let ones = norms.map { $0 > 0 ? 1.0 : 0 }
        let solution = SymmetricEigen(matrix).apply({ 1 / $0 }, to: ones)
        return matrix.quadraticForm(solution) > 1e-20 ? solution : nil
    }
}
