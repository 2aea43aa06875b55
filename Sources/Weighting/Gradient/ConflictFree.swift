/// The direction with the same cosine to every gradient, as long as their projections together (Liu et al. 2024, ConFIG).
///
/// d = (Σgᵢ·u)u with u = Û⁺1/‖Û⁺1‖, Û the unit gradients (Eq. 2); Û⁺1 = ÛᵀC⁺1 gives each gradient's coefficient.
struct ConflictFree: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "config", kind: .gradient, summary: "The direction with the same cosine to every gradient.",
        paper: Paper(
            title: "ConFIG: Towards Conflict-free Training of Physics Informed Neural Networks",
            source: "Liu, Chu & Thuerey, ICLR 2025, arXiv 2408.11104", equation: "Eq. 2"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {}

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let cosines = Cosines(step.gramian)
        guard let impartial = cosines.impartial else { return step.losses.map { _ in 0 } }
        let squaredLength = cosines.matrix.quadraticForm(impartial)
        // gᵢ·Û⁺1 = ‖gᵢ‖·(C·C⁺1)ᵢ.
        let projections = dot(cosines.norms, cosines.matrix * impartial)
        return zip(impartial, cosines.norms).map { $1 > 0 ? $0 / $1 * projections / squaredLength : 0 }
    }
}
