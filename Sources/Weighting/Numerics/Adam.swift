import Glibc

/// Adam (Kingma & Ba 2015, Alg. 1) on a few numbers, with L2 weight decay as PyTorch has it.
///
/// Each number counts its own steps, because a task may be missing from a batch.
struct Adam: Sendable, Equatable {
    static let firstMomentDecay = 0.9
    static let secondMomentDecay = 0.999
    static let epsilon = 1e-8

    let learningRate: Double
    let weightDecay: Double
    private var first: [Double]
    private var second: [Double]
    private var steps: [Double]

    init(count: Int, learningRate: Double, weightDecay: Double = 0) {
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        first = Array(repeating: 0, count: count)
        second = first
        steps = first
    }

    /// Descends along a gradient; where it is nil, or too large to square, nothing moves.
    mutating func step(_ parameters: inout [Double], gradients: [Double?]) {
        for (index, gradient) in gradients.enumerated() {
            guard let gradient = gradient.map({ $0 + weightDecay * parameters[index] }), (gradient * gradient).isFinite
            else { continue }
            steps[index] += 1
            first[index] += (1 - Self.firstMomentDecay) * (gradient - first[index])
            second[index] += (1 - Self.secondMomentDecay) * (gradient * gradient - second[index])
            let mean = first[index] / (1 - pow(Self.firstMomentDecay, steps[index]))
            let variance = second[index] / (1 - pow(Self.secondMomentDecay, steps[index]))
            parameters[index] -= learningRate * mean / (variance.squareRoot() + Self.epsilon)
        }
    }

    var state: [String: [Double]] {
        ["adam.first": first, "adam.second": second, "adam.steps": steps]
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        first = try state.numbers("adam.first", count: first.count)
        second = try state.numbers("adam.second", count: second.count)
        steps = try state.numbers("adam.steps", count: steps.count)
    }
}
