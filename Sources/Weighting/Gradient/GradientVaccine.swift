/// Turns each gradient until its cosines with the others reach their running means (Wang et al. 2021).
///
/// Where φᵢⱼ < φ̂ᵢⱼ, gᵢ gains the multiple of gⱼ that takes the cosine there (Alg. 1); then φ̂ ← (1−β)φ̂ + βφ for every
/// pair, as in the paper and torchjd. LibMTL moves φ̂ for the corrected pairs only (`average: corrected_pairs`) and has β = 0.5.
struct GradientVaccine: CombinationStrategy {
    enum Average: String, CaseIterable, Sendable {
        case everyPair = "every_pair"
        case correctedPairs = "corrected_pairs"
    }

    static let descriptor = StrategyDescriptor(
        name: "gradvac", kind: .gradient, summary: "Turns gradients until their cosines reach their running means.",
        parameters: [decay.parameter, average.parameter],
        paper: Paper(
            title:
                "Gradient Vaccine: Investigating and Improving Multi-task Optimization in Massively Multilingual Models",
            source: "Wang, Tsvetkov, Firat & Cao, ICLR 2021, arXiv 2010.05874", equation: "Alg. 1"),
        cost: .oneBackwardPerTask, gradientInput: .gramian)

    static let decay = ParameterKey.number("beta", default: 0.01, .from(0, to: 1), "β: how fast the means follow.")
    static let average = ParameterKey<Average>.choice(
        "average", default: .everyPair, "Which pairs' means follow their cosines.")

    private let decay: Double
    private let average: Average
    private let tasks: Int
    /// φ̂, the running mean of each ordered pair's cosine, row-major; 0 at first.
    private var targets: [Double]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        decay = configuration[Self.decay]
        average = configuration[Self.average]
        self.tasks = tasks.count
        targets = Array(repeating: 0, count: tasks.count * tasks.count)
    }

    mutating func coefficients(_ step: GradientStep, using random: inout some RandomNumberGenerator) -> [Double]? {
        coefficients(step, orders: (0..<step.count).map { _ in random.permutation(of: step.count) })
    }

    /// - Parameter orders: for each task of the step, the order in which it meets the others.
    mutating func coefficients(_ step: GradientStep, orders: [[Int]]) -> [Double] {
        var sums = Array(repeating: 0.0, count: step.count)
        for (index, order) in orders.enumerated() {
            var row = Array(repeating: 0.0, count: step.count)
            row[index] = 1
            for other in order where other != index { turn(&row, index, towards: other, step) }
            for k in sums.indices { sums[k] += row[k] }
        }
        return sums
    }

    private mutating func turn(_ row: inout [Double], _ index: Int, towards other: Int, _ step: GradientStep) {
        let pair = step.tasks[index] * tasks + step.tasks[other]
        let products = step.gramian * row
        let norm = max(dot(row, products), 0).squareRoot()
        let otherNorm = step.gramian[other, other].squareRoot()
        // A gradient of zero has no cosine and nothing to turn towards.
        guard norm > 0, otherNorm > 0 else { return }
        let cosine = min(max(products[other] / (norm * otherNorm), -1), 1)
        let target = targets[pair]
        let sine = (1 - cosine * cosine).squareRoot()
        let targetSine = (1 - target * target).squareRoot()
        let corrected = cosine < target && targetSine > 0
        if corrected {
            row[other] += norm * (target * sine - cosine * targetSine) / (otherNorm * targetSine)
        }
        if corrected || average == .everyPair { targets[pair] += decay * (cosine - target) }
    }

    var state: StrategyState { StrategyState(numbers: ["targets": targets]) }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        targets = try state.numbers("targets", count: targets.count)
    }
}
