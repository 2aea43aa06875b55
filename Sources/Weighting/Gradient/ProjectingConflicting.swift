/// Each gradient loses its part against every gradient it conflicts with, in random order (Yu et al. 2020, Alg. 1).
///
/// The projections are onto the original gradients, never a task's own, and the direction is the sum of what is left.
struct ProjectingConflicting: CombinationStrategy {
    static let descriptor = StrategyDescriptor(
        name: "pcgrad", kind: .gradient, summary: "Each gradient loses its part against those it conflicts with.",
        paper: Paper(
            title: "Gradient Surgery for Multi-Task Learning", source: "Yu et al., NeurIPS 2020, arXiv 2001.06782",
            equation: "Alg. 1"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {}

    func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        Self.coefficients(step.gramian, orders: (0..<step.count).map { _ in random.permutation(of: step.count) })
    }

    /// - Parameter orders: for each task, the order in which it meets the others; its own number in it is passed over.
    static func coefficients(_ gramian: SquareMatrix, orders: [[Int]]) -> [Double] {
        var sums = Array(repeating: 0.0, count: gramian.size)
        for (task, order) in orders.enumerated() {
            var row = Array(repeating: 0.0, count: gramian.size)
            row[task] = 1
            for other in order where other != task {
                let product = row.indices.reduce(0) { $0 + gramian[other, $1] * row[$1] }
                if product < 0 { row[other] -= product / gramian[other, other] }
            }
            for index in sums.indices { sums[index] += row[index] }
        }
        return sums
    }
}
