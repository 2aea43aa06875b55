/// The runs that count: for every arm, those with the learning rate that did best on the validation part.
struct ChosenRuns {
    /// An arm as the report names it; the single-task networks of all tasks are one.
    struct Label: Hashable {
        let name: String
        /// Whether it is held against equal weights: every strategy but equal itself.
        let isTested: Bool

        static let equal = Label(name: Arm.equal.label, isTested: false)
        static let singleTask = Label(name: "single_task", isTested: false)

        init(name: String, isTested: Bool) {
            self.name = name
            self.isTested = isTested
        }

        init(_ arm: Arm) {
            if case .strategy = arm, arm != .equal {
                self.init(name: arm.label, isTested: true)
            } else {
                self.init(name: arm.label, isTested: false)
            }
        }
    }

    /// In the order of their first run.
    let arms: [Label]
    let seeds: Set<UInt64>
    private let runs: [Label: [RunOutcome]]

    init(_ outcomes: [RunOutcome]) {
        var arms: [Label] = []
        var runs: [Label: [RunOutcome]] = [:]
        var seen: Set<Arm> = []
        for outcome in outcomes where seen.insert(outcome.key.arm).inserted {
            let label = Label(outcome.key.arm)
            if !arms.contains(label) { arms.append(label) }
            runs[label, default: []] += Self.best(outcomes.filter { $0.key.arm == outcome.key.arm })
        }
        self.arms = arms
        self.runs = runs
        seeds = Set(outcomes.map(\.key.seed))
    }

    /// Of an arm's runs, those with the learning rate whose mean validation loss is lowest among the rates that finished
    /// the most seeds.
    private static func best(_ outcomes: [RunOutcome]) -> [RunOutcome] {
        let byRate = Dictionary(grouping: outcomes) { $0.key.learningRate }
        let most = byRate.values.map(\.count).max() ?? 0
        func loss(_ runs: [RunOutcome]) -> Double {
            Sample(runs.compactMap(\.validationLoss).filter(\.isFinite)).mean ?? .infinity
        }
        let candidates = byRate.filter { $0.value.count == most }
        let best = candidates.min { a, b in
            (loss(a.value), a.key ?? 0) < (loss(b.value), b.key ?? 0)
        }
        return best?.value ?? []
    }

    /// An arm's run of one seed that trained a task.
    private func run(_ arm: Label, _ seed: UInt64, _ metric: ComparedMetric) -> RunOutcome? {
        runs[arm]?.first { $0.key.seed == seed && $0.testMetrics[metric.task] != nil }
    }

    private func value(_ arm: Label, _ seed: UInt64, _ metric: ComparedMetric) -> Double? {
        run(arm, seed, metric)?.testMetrics[metric.task]?[metric.metric].flatMap { $0.isFinite ? $0 : nil }
    }

    /// The metric over seeds.
    func sample(_ arm: Label, _ metric: ComparedMetric) -> Sample {
        Sample(seeds.sorted().compactMap { value(arm, $0, metric) })
    }

    /// Over the seeds that both have, positive where the arm is better.
    func differencesToEqual(_ arm: Label, _ metric: ComparedMetric) -> Sample {
        Sample(
            seeds.sorted().compactMap { seed in
                guard let own = value(arm, seed, metric), let equal = value(.equal, seed, metric) else { return nil }
                return metric.score(own) - metric.score(equal)
            })
    }

    func epochs(_ arm: Label, _ metric: ComparedMetric) -> [UInt64: Int] {
        let epochs = seeds.compactMap { seed in run(arm, seed, metric).map { (seed, $0.epoch) } }
        return Dictionary(uniqueKeysWithValues: epochs)
    }

    func learningRate(_ arm: Label, _ metric: ComparedMetric) -> Double? {
        seeds.sorted().lazy.compactMap { run(arm, $0, metric) }.first?.key.learningRate
    }

    /// The mean training time for one seed: the tasks' networks together for single-task ones.
    func seconds(of arm: Label) -> Double? {
        guard let own = runs[arm], !own.isEmpty else { return nil }
        let bySeed = Dictionary(grouping: own) { $0.key.seed }
        return Sample(bySeed.values.map { $0.reduce(0) { $0 + $1.seconds } }).mean
    }

    /// The mean place among the strategies and equal weights, over the seeds and tasks for which all have a value.
    func meanRank(of arm: Label, _ metrics: [ComparedMetric]) -> Double? {
        let ranked = arms.filter { $0.isTested || $0 == .equal }
        guard let position = ranked.firstIndex(of: arm) else { return nil }
        var places: [Double] = []
        for metric in metrics {
            for seed in seeds {
                let scores = ranked.compactMap { value($0, seed, metric).map(metric.score) }
                if scores.count == ranked.count { places.append(ranks(scores)[position]) }
            }
        }
        return Sample(places).mean
    }
}
