/// Of each parameter's gradients, keeps the positive or the negative ones by a draw (Chen et al. 2020, GradDrop).
///
/// With P = ½(1 + Σgᵢ/Σ|gᵢ|) and U uniform, gᵢ passes where U < P and gᵢ > 0, or U > P and gᵢ < 0; the rest passes with
/// the factor `leak`. As in torchjd the gradients are those of the shared parameters; the paper's are of activations.
struct GradientSignDropout: GradientStrategy {
    static let descriptor = StrategyDescriptor(
        name: "graddrop", kind: .gradient, summary: "Of each parameter's gradients, keeps one sign by a draw.",
        parameters: [leak.parameter],
        paper: Paper(
            title: "Just Pick a Sign: Optimizing Deep Multitask Models with Gradient Sign Dropout",
            source: "Chen et al., NeurIPS 2020, arXiv 2010.06808",
            equation: "Alg. 1, on the shared parameters' gradients in place of an activation's"),
        cost: .oneBackwardPerTask, gradientInput: .vectors)

    static let leak = ParameterKey.number(
        "leak", default: 0, .from(0, to: 1), "How much of a dropped gradient passes all the same.")

    private let leak: Float

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        leak = Float(configuration[Self.leak])
    }

    func update(
        _ step: GradientStep, gradients: Span<Float>, direction: inout MutableSpan<Float>,
        using random: inout some RandomNumberGenerator
    ) -> StrategyUpdate {
        let width = direction.count
        var passed = Array(repeating: 0.0, count: step.count)
        var squares = passed
        for parameter in 0..<width {
            var sum: Float = 0
            var size: Float = 0
            for task in step.tasks {
                let gradient = gradients[task * width + parameter]
                sum += gradient
                size += abs(gradient)
            }
            let chance = size > 0 ? 0.5 * (1 + sum / size) : 0.5
            let draw = Float(random.uniform())
            var total: Float = 0
            for (index, task) in step.tasks.enumerated() {
                let gradient = gradients[task * width + parameter]
                let kept = gradient > 0 ? draw < chance : draw > chance
                let part = kept ? gradient : leak * gradient
                total += part
                passed[index] += Double(part) * Double(gradient)
                squares[index] += Double(gradient) * Double(gradient)
            }
            direction[parameter] = total
        }
        return .written(effectiveWeights: zip(passed, squares).map { $1 > 0 ? $0 / $1 : 0 })
    }
}
