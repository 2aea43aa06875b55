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
        // Drawn apart from the arithmetic, which then knows all its types.
        var draws = Array(repeating: Float(0), count: direction.count)
        for parameter in draws.indices { draws[parameter] = Float(random.uniform()) }
        return .written(effectiveWeights: keepSigns(step, gradients, draws, into: &direction))
    }

    /// Writes the direction, and answers with ⟨mᵢ∘gᵢ, gᵢ⟩/‖gᵢ‖² for each task.
    private func keepSigns(
        _ step: GradientStep, _ gradients: Span<Float>, _ draws: [Float], into direction: inout MutableSpan<Float>
    ) -> [Double] {
        let width = direction.count
        var sums = Array(repeating: Float(0), count: width)
        var sizes = sums
        for task in step.tasks {
            for parameter in 0..<width {
                let gradient = gradients[task * width + parameter]
                sums[parameter] += gradient
                sizes[parameter] += abs(gradient)
            }
        }
        for parameter in 0..<width {
            sums[parameter] = sizes[parameter] > 0 ? 0.5 * (1 + sums[parameter] / sizes[parameter]) : 0.5
            direction[parameter] = 0
        }
        return step.tasks.map { task in
            var (passed, squares) = (0.0, 0.0)
            for parameter in 0..<width {
                let gradient = gradients[task * width + parameter]
                let isKept = gradient > 0 ? draws[parameter] < sums[parameter] : draws[parameter] > sums[parameter]
                let part = isKept ? gradient : leak * gradient
                direction[parameter] += part
                passed += Double(part) * Double(gradient)
                squares += Double(gradient) * Double(gradient)
            }
            return squares > 0 ? passed / squares : 0
        }
    }
}
