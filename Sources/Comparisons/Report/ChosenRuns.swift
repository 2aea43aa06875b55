/// The runs that count: for every arm, those with the learning rate that did best on the validation part.
struct ChosenRuns {
    /// An arm as the report names it; the single-task networks of all tasks are one.
    struct Label: Hashable {
        /// Tests of one family are corrected together.
        enum Family: Hashable { case strategies, baselines }

        let name: String
        /// What it is tested with against equal weights; nil for equal weights themselves and points of the grid.
        let family: Family?
        /// Whether it has a place among the strategies.
        let isRanked: Bool

        static let equal = Label(.equal)
        static let singleTask = Label(name: "single_task", family: .baselines, isRanked: false)

        private init(name: String, family: Family?, isRanked: Bool) {
            self.name = name
            self.family = family
            self.isRanked = isRanked
        }

        init(_ arm: Arm) {
            switch arm {
            case .equal: self.init(name: arm.label, family: nil, isRanked: true)
            case .strategy: self.init(name: arm.label, family: .strategies, isRanked: true)
            case .baseline: self.init(name: arm.label, family: .baselines, isRanked: true)
            case .singleTask: self = .singleTask
            case .grid: self.init(name: arm.label, family: nil, isRanked: false)
            }
        }
    }

    /// In the order of their first run.
    let arms: [Label]
    let seeds: Set<UInt64>
    /// Those that succeeded.
    private let runs: [Label: [RunOutcome]]
    /// Why runs failed, by arm and seed; of an arm whose tasks train apart, the first reason.
    private let failures: [Label: [UInt64: String]]

    init(_ all: [ComparedRun]) {
        var arms: [Label] = []
        var runs: [Label: [RunOutcome]] = [:]
        var failures: [Label: [UInt64: String]] = [:]
        let byArm = Dictionary(grouping: all, by: \.key.arm)
        var seen: Set<Arm> = []
        for arm in all.map(\.key.arm) where seen.insert(arm).inserted {
            let label = Label(arm)
            if !arms.contains(label) { arms.append(label) }
            for run in Self.best(byArm[arm] ?? []) {
                switch run {
                case .pending: break
                case .succeeded(let outcome): runs[label, default: []].append(outcome)
                case .failed(let key, let reason):
                    failures[label, default: [:]][key.seed] = failures[label]?[key.seed] ?? reason
                }
            }
        }
        self.arms = arms
        self.runs = runs
        self.failures = failures
        seeds = Set(all.map(\.key.seed))
    }

    /// Of an arm's runs, those with the learning rate whose mean validation loss is lowest among the rates that finished
    /// the most seeds; all of them where none has succeeded.
    private static func best(_ runs: [ComparedRun]) -> [ComparedRun] {
        let byRate = Dictionary(grouping: runs) { $0.key.learningRate }
        let most = byRate.values.map { $0.count { $0.outcome != nil } }.max() ?? 0
        guard most > 0 else { return runs }
        func loss(_ runs: [ComparedRun]) -> Double {
            Sample(runs.compactMap { $0.outcome?.validationLoss }.filter(\.isFinite)).mean ?? .infinity
        }
        let candidates = byRate.filter { $0.value.count { $0.outcome != nil } == most }
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

    func test(_ arm: Label, _ metric: ComparedMetric) -> PairedTest {
        PairedTest(
            differencesToEqual(arm, metric), baseline: sample(.equal, metric),
            rows: metric.countsRows ? testRows(metric.task) : nil)
    }

    /// The labelled rows of the test part, which all runs share.
    private func testRows(_ task: String) -> Int? {
        (runs[.equal] ?? []).lazy.compactMap { $0.testRows[task] }.first
    }

    /// Those that succeeded.
    func outcomes(_ arm: Label) -> [RunOutcome] { runs[arm] ?? [] }

    /// Why runs failed, by seed.
    func failures(_ arm: Label) -> [UInt64: String] { failures[arm] ?? [:] }

    /// The seeds for which everything succeeded.
    func succeededSeeds(_ arm: Label) -> Set<UInt64> {
        Set(outcomes(arm).map(\.key.seed)).subtracting(failures(arm).keys)
    }

    func epochs(_ arm: Label, _ metric: ComparedMetric) -> [UInt64: Int] {
        let epochs = seeds.compactMap { seed in run(arm, seed, metric).map { (seed, $0.epoch) } }
        return Dictionary(uniqueKeysWithValues: epochs)
    }

    func learningRate(_ arm: Label, _ metric: ComparedMetric) -> Double? {
        seeds.sorted().lazy.compactMap { run(arm, $0, metric) }.first?.key.learningRate
    }

    /// The training time for one seed, over seeds: the tasks' networks together for single-task ones, and only where
    /// none of them is missing.
    func seconds(of arm: Label) -> Sample {
        Sample(sums(of: arm, \.seconds))
    }

    /// The same of the processor's time.
    func cpuSeconds(of arm: Label) -> Sample {
        Sample(sums(of: arm) { $0.cpuSeconds })
    }

    private func sums(of arm: Label, _ seconds: (RunOutcome) -> Double?) -> [Double] {
        let bySeed = Dictionary(grouping: outcomes(arm)) { $0.key.seed }
        let most = bySeed.values.map(\.count).max() ?? 0
        return bySeed.sorted { $0.key < $1.key }.compactMap { _, runs in
            let known = runs.compactMap(seconds)
            return known.count == most ? known.reduce(0, +) : nil
        }
    }

    /// The mean place among the strategies and equal weights, over the seeds and tasks for which all have a value; those
    /// without a single value have no place.
    func meanRank(of arm: Label, _ metrics: [ComparedMetric]) -> Double? {
        let ranked = arms.filter { $0.isRanked && !outcomes($0).isEmpty }
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
