/// The task whose loss falls slowest gets the largest weight (Liu, Johns & Davison 2019).
///
/// wᵢ = n·softmax(r/T)ᵢ with rᵢ = L̄ᵢ(e−1)/L̄ᵢ(e−2), Eq. 7; w = 1 in the first two epochs.
struct DynamicWeightAverage: LossStrategy {
    static let descriptor = StrategyDescriptor(
        name: "dwa", kind: .loss, summary: "The task whose loss falls slowest gets the largest weight.",
        parameters: [temperature.parameter],
        paper: Paper(
            title: "End-to-End Multi-Task Learning with Attention",
            source: "Liu, Johns & Davison, CVPR 2019, arXiv 1803.10704",
            equation: "Eq. 7: n·softmax(r/T)_i, r_i = L_i(e-1)/L_i(e-2)"),
        requiresPositiveLosses: true)

    static let temperature = ParameterKey.number(
        "temperature", default: 2, .above(0, to: 1e6), "T: the larger, the more equal the weights.")

    private let temperature: Double
    /// The mean losses of the last two epochs in which each task had labels.
    private var last: [Double?]
    private var beforeLast: [Double?]

    init(_ configuration: WeightingConfiguration, tasks: [WeightedTask]) {
        temperature = configuration[Self.temperature]
        last = Array(repeating: nil, count: tasks.count)
        beforeLast = last
    }

    /// A task without two epochs to compare weighs 1, and the others share the rest of n.
    func weights(_ losses: [Double?], using random: inout some RandomNumberGenerator) -> [Double] {
        let rates = zip(last, beforeLast).map(Self.rate)
        return overLabelled(rates, unknown: 1) { rates in
            softmax(rates.map { $0 / temperature }).map { Double(rates.count) * $0 }
        }
    }

    /// A loss that was 0 had no rate; it counts as standing still.
    private static func rate(_ last: Double?, _ beforeLast: Double?) -> Double? {
        guard let last, let beforeLast else { return nil }
        let rate = last / beforeLast
        return beforeLast > 0 && rate.isFinite ? rate : 1
    }

    mutating func finishEpoch(meanLosses: [Double?]) {
        for (task, loss) in meanLosses.enumerated() {
            guard let loss, loss.isFinite else { continue }
            beforeLast[task] = last[task]
            last[task] = loss
        }
    }

    var state: StrategyState {
        StrategyState(numbers: ["last": last.known, "before_last": beforeLast.known])
    }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        last = try state.optionals("last", count: last.count)
        beforeLast = try state.optionals("before_last", count: beforeLast.count)
    }
}
