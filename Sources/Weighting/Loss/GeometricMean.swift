import Glibc

/// Descends the geometric mean of the losses (Chennupati et al. 2019).
///
/// The gradient of GLS = (∏Lⱼ)^{1/n} weighs task i by GLS/(n·Lᵢ). LibMTL reports 1 for these weights; ours are the true ones.
struct GeometricMean: LossStrategy {
    static let descriptor = StrategyDescriptor(
        name: "geometric", kind: .loss, summary: "Descends the geometric mean of the losses.",
        paper: Paper(
            title: "MultiNet++: Multi-Stream Feature Aggregation and Geometric Loss Strategy for Multi-Task Learning",
            source: "Chennupati et al., CVPR Workshops 2019, arXiv 1904.08492",
            equation: "the geometric mean of the losses; its derivative, weights GLS/(n·L_i), GLS = (∏L_j)^(1/n)"),
        requiresPositiveLosses: true)

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {}

    func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        overLabelled(losses, Self.weights)
    }

    /// In logarithms, so that ten losses of 1e±3 neither overflow nor vanish.
    ///
    /// A loss of 0 has nothing left to learn: it leaves the mean with weight 0 and the others go on.
    static func weights(_ losses: [Double]) -> [Double] {
        let logarithms = losses.filter { $0 > 0 }.map { log($0) }
        let count = Double(logarithms.count)
        let mean = logarithms.reduce(0, +) / count
        return losses.map { $0 > 0 ? exp(mean - log($0)) / count : 0 }
    }
}
