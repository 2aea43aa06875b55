/// Aligns the gradients' principal components to one length (Senushkin et al. 2023, Aligned-MTL).
///
/// α = √σ·VΛ^{−1/2}Vᵀ·w with G = VΛVᵀ, Alg. 1: the condition number of the combined gradients becomes 1. σ is the smallest
/// eigenvalue that is not 0 in the paper; torchjd also offers the median and the mean. LibMTL has w = 1, torchjd w = 1/n.
struct AlignedComponents: CombinationStrategy {
    enum Scale: String, CaseIterable, Sendable { case min, median, rmse }

    static let descriptor = StrategyDescriptor(
        name: "aligned_mtl", kind: .gradient, summary: "Aligns the gradients' principal components to one length.",
        parameters: [scale.parameter, preference.parameter],
        paper: Paper(
            title: "Independent Component Alignment for Multi-Task Learning",
            source: "Senushkin et al., CVPR 2023, arXiv 2305.19000", equation: "Alg. 1: √σ·V·Λ^(-1/2)·Vᵀ·w"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    static let scale = ParameterKey<Scale>.choice(
        "scale", default: .min, "σ: the smallest, the median or the mean of the eigenvalues that are not 0.")
    static let preference = ParameterKey.perTask("preference", .from(0, to: 1e6), "w; 1/n for every task if empty.")

    private let scale: Scale
    private let preference: [Double]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        scale = configuration[Self.scale]
        preference = configuration[Self.preference]
    }

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        let eigen = SymmetricEigen(step.gramian)
        let size = scaleOf(eigen.significant.map { eigen.values[$0] }.sorted())
        return eigen.apply({ (size / $0).squareRoot() }, to: step.preference(preference))
    }

    private func scaleOf(_ values: [Double]) -> Double {
        guard let smallest = values.first else { return 0 }
        switch scale {
        case .min: return smallest
        // The lower of the two middle ones, as torchjd has it.
        case .median: return values[(values.count - 1) / 2]
        case .rmse: return values.reduce(0, +) / Double(values.count)
        }
    }
}
