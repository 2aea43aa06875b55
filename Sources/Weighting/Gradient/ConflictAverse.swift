import Glibc

/// The direction near the mean gradient that helps the worst-off task most (Liu et al. 2021, CAGrad).
///
/// d = g₀ + λg_w with λ = c‖g₀‖/‖g_w‖, where w minimises g_w·g₀ + c‖g₀‖‖g_w‖ over the simplex (Alg. 1). LibMTL divides d
/// by 1 + c² unless told otherwise, which is `rescale: square`.
struct ConflictAverse: CombinationStrategy {
    enum Rescale: String, CaseIterable, Sendable { case none, square, linear }

    static let descriptor = StrategyDescriptor(
        name: "cagrad", kind: .gradient, summary: "Near the mean gradient, the direction best for the worst-off task.",
        parameters: [radius.parameter, rescale.parameter],
        paper: Paper(
            title: "Conflict-Averse Gradient Descent for Multi-task Learning",
            source: "Liu, Liu, Jin, Stone & Liu, NeurIPS 2021, arXiv 2110.14048", equation: "Alg. 1"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    static let radius = ParameterKey.number(
        "c", default: 0.5, .from(0, below: 1), "How far from the mean gradient, in units of its length.")
    static let rescale = ParameterKey<Rescale>.choice(
        "rescale", default: .none, "Divide the direction by nothing, by 1 + c², or by 1 + c.")

    /// Below this fraction of the gradients' size g_w counts as 0: the tasks stand on the Pareto front.
    private static let stationary = 1e-9
    private static let bisections = 200

    private let radius: Double
    private let rescale: Rescale

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        radius = configuration[Self.radius]
        rescale = configuration[Self.rescale]
    }

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let mean = Simplex.uniform(step.count)
        let trace = step.gramian.trace
        guard trace > 0 else { return mean }
        let gramian = step.gramian / trace
        let bound = radius * max(gramian.quadraticForm(mean), 0).squareRoot()
        guard let weights = bound > 0 ? Self.weights(gramian, bound: bound) : mean else { return nil }
        let length = max(gramian.quadraticForm(weights), 0).squareRoot()
        guard length > Self.stationary else { return mean.map { _ in 0 } }
        let pull = bound / length
        return zip(mean, weights).map { average, weight in (average + pull * weight) / divisor }
    }

    private var divisor: Double {
        switch rescale {
        case .none: 1
        case .square: 1 + radius * radius
        case .linear: 1 + radius
        }
    }

    /// The minimiser over the simplex of F(w) = g_w·g₀ + b‖g_w‖, b the bound.
    ///
    /// Since b‖g‖ = min over ν of ‖g‖²/2ν + b²ν/2, F is minimised by the point of smallest norm among the gᵢ + νg₀ for the
    /// ν with ‖g_w‖ = νb. ‖g_w‖/ν falls as ν grows, so ν is found by bisection.
    private static func weights(_ gramian: SquareMatrix, bound: Double) -> [Double]? {
        var low = -40.0
        var high = 40.0
        var weights: [Double]?
        for _ in 0..<bisections where high - low > 1e-15 {
            let middle = (low + high) / 2
            let ratio = exp2(middle)
            weights = MinimumNorm.weights(shifted(gramian, by: ratio))
            guard let weights else { return nil }
            let length = max(gramian.quadraticForm(weights), 0).squareRoot()
            if length > ratio * bound { low = middle } else { high = middle }
        }
        return weights
    }

    /// The Gramian of gᵢ + νg₀.
    private static func shifted(_ gramian: SquareMatrix, by ratio: Double) -> SquareMatrix {
        let mean = Simplex.uniform(gramian.size)
        let products = gramian * mean
        let square = dot(mean, products)
        var shifted = gramian
        for i in 0..<gramian.size {
            for j in 0..<gramian.size { shifted[i, j] += ratio * (products[i] + products[j]) + ratio * ratio * square }
        }
        return shifted
    }
}
