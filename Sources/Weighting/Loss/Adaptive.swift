/// The task with the larger loss gets the larger weight, and the weights always sum to the number of tasks.
///
/// Ratio form: wᵢ = n·Lᵢ / ΣLⱼ. Softmax form: wᵢ = n·softmax(L)ᵢ. L is the mean loss of the epoch before, or the loss of
/// this batch. Weights are constants to the gradient. The paper's exact normalisation is our reading of it.
struct Adaptive: LossStrategy {
    enum Form: String, CaseIterable, Sendable { case ratio, softmax }
    enum Cadence: String, CaseIterable, Sendable { case epoch, batch }
    enum Normalize: String, CaseIterable, Sendable { case none, initial }

    static let descriptor = StrategyDescriptor(
        name: "adaptive", kind: .loss,
        summary: "Weights follow the losses last observed: the larger loss gets the larger weight.",
        parameters: [form.parameter, cadence.parameter, normalize.parameter],
        paper: Paper(
            title: "Adaptive Weight Assignment Scheme For Multi-task Learning",
            source: "Huq & Pervin, 2023, arXiv 2303.07278",
            equation: "ratio: n·L_i/ΣL_j; softmax: n·softmax(L)_i (our reading of the text)"),
        requiresPositiveLosses: true)

    static let form = ParameterKey<Form>.choice(
        "form", default: .ratio, "Weights in proportion to the losses, or to their exponentials.")
    static let cadence = ParameterKey<Cadence>.choice(
        "cadence", default: .epoch, "Weigh by the mean losses of the epoch before, or by this batch's losses.")
    static let normalize = ParameterKey<Normalize>.choice(
        "normalize", default: .none, "Divide each loss by its first one, in the formula only.")

    private let form: Form
    private let cadence: Cadence
    private let normalize: Normalize
    /// Each task's loss as last observed, normalised if asked for; nil before it had a label.
    private var observed: [Double?]
    /// Each task's first loss above 0, the unit of `normalize: initial`.
    private var initial: [Double?]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        form = configuration[Self.form]
        cadence = configuration[Self.cadence]
        normalize = configuration[Self.normalize]
        observed = Array(repeating: nil, count: tasks.count)
        initial = observed
    }

    mutating func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        guard cadence == .batch else { return sharedWeights(observed, unknown: 1) }
        return sharedWeights(inUnitsOfTheFirst(losses), unknown: 0)
    }

    /// A task without labels in an epoch keeps its last mean.
    mutating func finishEpoch(meanLosses: [Double?]) {
        guard cadence == .epoch else { return }
        for (task, loss) in inUnitsOfTheFirst(meanLosses).enumerated() {
            if let loss, loss.isFinite { observed[task] = loss }
        }
    }

    /// The weights of the tasks with a loss share what is left of their number; the others get `unknown`.
    ///
    /// In cadence epoch an unknown task weighs 1, and in cadence batch it leaves n: either way m known ones share m.
    private func sharedWeights(_ losses: [Double?], unknown: Double) -> [Double] {
        overLabelled(losses, unknown: unknown) { losses in
            Self.shares(losses, form: form).map { Double(losses.count) * $0 }
        }
    }

    private mutating func inUnitsOfTheFirst(_ losses: [Double?]) -> [Double?] {
        guard normalize == .initial else { return losses }
        for (task, loss) in losses.enumerated() where initial[task] == nil {
            if let loss, loss > 0, loss.isFinite { initial[task] = loss }
        }
        return zip(losses, initial).map { loss, unit in loss.map { $0 / (unit ?? 1) } }
    }

    /// Fractions that sum to 1; equal ones where every loss is 0. A loss below 0 counts as 0.
    static func shares(_ losses: [Double], form: Form) -> [Double] {
        switch form {
        case .softmax:
            return softmax(losses)
        case .ratio:
            // Dividing by the largest first keeps the sum of huge losses finite.
            let largest = losses.max() ?? 0
            guard largest > 0 else { return losses.map { _ in 1 / Double(losses.count) } }
            let scaled = losses.map { max($0, 0) / largest }
            let total = scaled.reduce(0, +)
            return scaled.map { $0 / total }
        }
    }

    var state: StrategyState {
        StrategyState(numbers: ["observed": observed.known, "initial": initial.known])
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        observed = try state.optionals("observed", count: observed.count)
        initial = try state.optionals("initial", count: initial.count)
    }
}
