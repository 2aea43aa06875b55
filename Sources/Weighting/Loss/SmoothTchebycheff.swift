import Glibc

/// Descends a smooth maximum of the losses (Lin et al. 2024).
///
/// `form: paper` is μ·log Σ exp(λᵢ(Lᵢ − zᵢ)/μ). `form: log_nadir` is the authors' code for neural networks: the same
/// of log(Lᵢ/nadirᵢ), times n, after warm-up epochs on Σ log Lᵢ whose last gives the nadir, its mean losses.
struct SmoothTchebycheff: LossStrategy {
    enum Form: String, CaseIterable, Sendable {
        case logNadir = "log_nadir"
        case paper
    }

    static let descriptor = StrategyDescriptor(
        name: "stch", kind: .loss, summary: "Descends a smooth maximum of the losses.",
        parameters: [
            form.parameter, smoothing.parameter, warmupEpochs.parameter, preference.parameter, ideal.parameter,
        ],
        paper: Paper(
            title: "Smooth Tchebycheff Scalarization for Multi-Objective Optimization",
            source: "Lin et al., ICML 2024, arXiv 2402.19078",
            equation:
                "μ·log Σ exp(λ_i(L_i - z_i)/μ); the authors' code for form log_nadir: n·softmax(log(L/nadir)/μ)_i/L_i"),
        requiresPositiveLosses: true)

    static let form = ParameterKey<Form>.choice(
        "form", default: .logNadir, "The authors' code (logarithms over the nadir), or the paper's formula.")
    static let smoothing = ParameterKey.number(
        "mu", default: 1, .above(0, to: 1e6), "μ: the smaller, the closer to the largest loss alone.")
    static let warmupEpochs = ParameterKey.integer(
        "warmup_epochs", default: 4, 1...10_000, "Epochs on the sum of log losses, for form log_nadir.")
    static let preference = ParameterKey.perTask(
        "preference", .from(0, to: 1e6), "λ of form paper; 1/n for every task if empty.")
    static let ideal = ParameterKey.perTask(
        "ideal", .from(-1e12, to: 1e12), "z of form paper, the best loss thinkable; 0 if empty.")

    private let form: Form
    private let smoothing: Double
    private let warmupEpochs: Int
    private let preference: [Double]
    private let ideal: [Double]
    private var epochsFinished = 0
    /// The mean losses of the last warm-up epoch in which each task had labels.
    private var nadir: [Double?]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        form = configuration[Self.form]
        smoothing = configuration[Self.smoothing]
        warmupEpochs = configuration[Self.warmupEpochs]
        preference = configuration[Self.preference]
        ideal = configuration[Self.ideal]
        nadir = Array(repeating: nil, count: tasks.count)
    }

    func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        switch form {
        case .paper:
            return paperWeights(losses)
        case .logNadir where epochsFinished < warmupEpochs:
            return losses.map { loss in loss.map { $0 > 0 ? 1 / $0 : 0 } ?? 0 }
        case .logNadir:
            return logNadirWeights(losses)
        }
    }

    /// λᵢ·softmax(λ(L − z)/μ)ᵢ.
    private func paperWeights(_ losses: [Double?]) -> [Double] {
        let preference = preference.isEmpty ? losses.map { _ in 1 / Double(losses.count) } : preference
        let exponents = losses.indices.map { task in
            losses[task].map { preference[task] * ($0 - (ideal.isEmpty ? 0 : ideal[task])) / smoothing }
        }
        return zip(preference, overLabelled(exponents, softmax)).map { $0 * $1 }
    }

    /// n·softmax(log(L/nadir)/μ)ᵢ / Lᵢ over the losses above 0; a loss of 0 has nothing left to learn.
    ///
    /// A task whose first label comes after the warm-up has this batch's loss for its nadir.
    private func logNadirWeights(_ losses: [Double?]) -> [Double] {
        let exponents = zip(losses, nadir).map { loss, nadir -> Double? in
            guard let loss, loss > 0 else { return nil }
            return nadir.map { $0 > 0 ? (log(loss) - log($0)) / smoothing : 0 } ?? 0
        }
        let shares = overLabelled(exponents, softmax)
        let count = Double(losses.count { $0 != nil })
        return zip(shares, losses).map { share, loss in share > 0 ? count * share / (loss ?? 1) : 0 }
    }

    mutating func finishEpoch(meanLosses: [Double?]) {
        if epochsFinished < warmupEpochs {
            for (task, loss) in meanLosses.enumerated() {
                if let loss, loss.isFinite { nadir[task] = loss }
            }
        }
        epochsFinished += 1
    }

    var state: StrategyState {
        StrategyState(numbers: ["nadir": nadir.known, "epochs_finished": [Double(epochsFinished)]])
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        nadir = try state.optionals("nadir", count: nadir.count)
        epochsFinished = try state.count("epochs_finished")
    }
}
