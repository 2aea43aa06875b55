/// What a comparison found: a row for every arm and task, a judgement a strategy, notes, and a sentence.
package struct ComparisonReport: Sendable {
    /// A claim: the corrected p and the size of the difference both say so.
    package enum Effect: String, Sendable, Hashable { case better, worse }

    package struct Row: Sendable {
        package var arm: String
        package var task: String
        package var metric: String
        /// Over seeds, on the test part.
        package var values: Sample
        /// The change of the mean against single-task networks, mean over tasks, in percent; positive is better.
        package var deltaM: Double?
        /// Why there is no Δm.
        package var deltaMRefusal: String?
        /// The mean place among the strategies, over seeds and tasks; 1 is best.
        package var meanRank: Double?
        /// Training time for one seed, over seeds.
        package var seconds: Sample
        /// The same of the processor's time.
        package var cpuSeconds: Sample
        /// The processor's time in units of equal weights'.
        package var relativeCost: Double?
        /// Against equal weights, over the seeds both have; nil for arms that are not tested.
        package var test: PairedTest?
        /// Seeds that both this arm and equal weights have.
        package var pairs: Int
        /// The smallest difference that matters.
        package var minimumEffect: Double?
        /// Of the differences having mean 0, Holm-corrected over all strategies and tasks, baselines apart.
        package var correctedProbability: Double?
        package var effect: Effect?
        /// Seeds that failed.
        package var failed: Int
        /// The learning rate chosen on the validation part; nil for the base's own.
        package var learningRate: Double?
        /// The epoch each run was taken at, by seed.
        package var epochs: [UInt64: Int]

        /// Positive where the arm is better.
        package var difference: Sample? { test?.differences }
    }

    package var rows: [Row]
    /// By task; nil while equal weights have no value that it would be a part of.
    package let minimumEffects: [(task: String, effect: Double?)]
    /// Strategies first, then baselines; empty until all runs are over, as are the notes.
    package let judgements: [StrategyJudgement]
    package let notes: [ComparisonNote]
    package var verdict: String

    /// A corrected p below it counts as a difference.
    static let significance = 0.05

    /// - Parameter runs: all that were asked for. While one is pending nothing is claimed, for tests that are looked at again
    ///   and again find what is not there.
    package init(_ runs: [ComparedRun], terms: ComparisonTerms) {
        let chosen = ChosenRuns(runs)
        let isOver = !runs.contains(where: \.isPending)
        let effects = terms.metrics.map { metric in
            terms.minimumEffects[metric.task]
                ?? metric.standardEffect(equalMean: chosen.sample(.equal, metric).mean)
        }
        var rows: [Row] = []
        var labels: [ChosenRuns.Label] = []
        for arm in chosen.arms {
            let shared = Shared(arm, chosen, terms.metrics)
            for (metric, effect) in zip(terms.metrics, effects) {
                rows.append(Self.row(arm, metric, chosen, shared, effect))
                labels.append(arm)
            }
        }
        for family in [ChosenRuns.Label.Family.strategies, .baselines] {
            let members = rows.indices.filter { labels[$0].family == family }
            let corrected = holmCorrected(members.map { rows[$0].test?.probability }, family: members.count)
            for (index, probability) in zip(members, corrected) {
                rows[index].correctedProbability = probability
                if isOver { rows[index].effect = Self.effect(rows[index]) }
            }
        }
        self.rows = rows
        minimumEffects = zip(terms.metrics, effects).map { ($0.task, $1) }
        let tested = chosen.arms.filter { $0.family == .strategies } + chosen.arms.filter { $0.family == .baselines }
        judgements =
            isOver
            ? tested.map { label in StrategyJudgement(label, rows.filter { $0.arm == label.name }, chosen) } : []
        notes = isOver ? ComparisonNote.all(chosen, rows, terms) : []
        verdict = ""
        verdict = Verdict(self, chosen).sentence
    }

    private static func effect(_ row: Row) -> Effect? {
        guard let test = row.test, let mean = test.differences.mean, let least = row.minimumEffect,
            let probability = row.correctedProbability, probability < significance, mean != 0, test.reaches(least)
        else { return nil }
        return mean > 0 ? .better : .worse
    }

    /// What all rows of an arm have in common.
    private struct Shared {
        let deltaM: Result<Double, DeltaMRefusal>
        let meanRank: Double?
        let seconds: Sample
        let cpuSeconds: Sample
        let relativeCost: Double?
        let failed: Int

        init(_ arm: ChosenRuns.Label, _ chosen: ChosenRuns, _ metrics: [ComparedMetric]) {
            deltaM = Comparisons.deltaM(arm, chosen, metrics)
            meanRank = arm.isRanked ? chosen.meanRank(of: arm, metrics) : nil
            seconds = chosen.seconds(of: arm)
            cpuSeconds = chosen.cpuSeconds(of: arm)
            relativeCost = cpuSeconds.mean.flatMap { own in
                chosen.cpuSeconds(of: .equal).mean.flatMap { $0 > 0 ? own / $0 : nil }
            }
            failed = chosen.failures(arm).count
        }
    }

    private static func row(
        _ arm: ChosenRuns.Label, _ metric: ComparedMetric, _ chosen: ChosenRuns, _ shared: Shared, _ effect: Double?
    ) -> Row {
        var row = Row(
            arm: arm.name, task: metric.task, metric: metric.metric, values: chosen.sample(arm, metric),
            meanRank: shared.meanRank, seconds: shared.seconds, cpuSeconds: shared.cpuSeconds,
            relativeCost: shared.relativeCost, test: arm.family == nil ? nil : chosen.test(arm, metric),
            pairs: chosen.differencesToEqual(arm, metric).count, minimumEffect: effect, failed: shared.failed,
            learningRate: chosen.learningRate(arm, metric), epochs: chosen.epochs(arm, metric))
        switch shared.deltaM {
        case .success(let value): row.deltaM = value
        case .failure(let refusal): row.deltaMRefusal = refusal.reason
        }
        return row
    }
}

/// Why Δm cannot be said.
struct DeltaMRefusal: Error {
    let reason: String
}

/// Δm = (100/T) Σ ±(M − B)/|B| over the tasks' mean metrics, B that of the single-task networks; positive is better.
func deltaM(
    _ arm: ChosenRuns.Label, _ chosen: ChosenRuns, _ metrics: [ComparedMetric]
) -> Result<Double, DeltaMRefusal> {
    var sum = 0.0
    for metric in metrics {
        guard let baseline = chosen.sample(.singleTask, metric).mean else {
            return .failure(DeltaMRefusal(reason: "no single-task baseline for \(metric.task)"))
        }
        guard baseline != 0 else {
            return .failure(DeltaMRefusal(reason: "the single-task \(metric.metric) of \(metric.task) is 0"))
        }
        guard let mean = chosen.sample(arm, metric).mean else {
            return .failure(DeltaMRefusal(reason: "no finished run has \(metric.metric) of \(metric.task)"))
        }
        sum += (metric.score(mean) - metric.score(baseline)) / abs(baseline)
    }
    return metrics.isEmpty
        ? .failure(DeltaMRefusal(reason: "there are no tasks")) : .success(100 * sum / Double(metrics.count))
}
