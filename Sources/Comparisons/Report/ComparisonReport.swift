/// What a comparison found: a row for every arm and task, and a sentence.
package struct ComparisonReport: Sendable {
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
        /// Mean training time of a run.
        package var seconds: Double?
        /// Training time in units of equal weights'.
        package var relativeCost: Double?
        /// Differences to equal weights over the seeds both have, positive is better; nil for arms that are not tested.
        package var difference: Sample?
        /// Of those differences having mean 0, Holm-corrected over all strategies and tasks.
        package var correctedProbability: Double?
        /// The learning rate chosen on the validation part; nil for the base's own.
        package var learningRate: Double?
        /// The epoch each run was taken at, by seed.
        package var epochs: [UInt64: Int]
    }

    package var rows: [Row]
    package var verdict: String

    /// - Parameter metrics: the tasks in order, with what each is judged by.
    package init(_ outcomes: [RunOutcome], metrics: [ComparedMetric]) {
        let chosen = ChosenRuns(outcomes)
        var rows: [Row] = []
        for arm in chosen.arms {
            let shared = Shared(arm, chosen, metrics)
            for metric in metrics { rows.append(Self.row(arm, metric, chosen, shared)) }
        }
        let corrected = holmCorrected(rows.map { $0.difference?.probabilityOfZeroMean })
        for index in rows.indices { rows[index].correctedProbability = corrected[index] }
        self.rows = rows
        verdict = Verdict(rows, seeds: chosen.seeds.count).sentence
    }

    /// What all rows of an arm have in common.
    private struct Shared {
        let deltaM: Result<Double, DeltaMRefusal>
        let meanRank: Double?
        let seconds: Double?
        let relativeCost: Double?

        init(_ arm: ChosenRuns.Label, _ chosen: ChosenRuns, _ metrics: [ComparedMetric]) {
            deltaM = Comparisons.deltaM(arm, chosen, metrics)
            meanRank = arm.isTested || arm == .equal ? chosen.meanRank(of: arm, metrics) : nil
            seconds = chosen.seconds(of: arm)
            relativeCost = seconds.flatMap { own in
                chosen.seconds(of: .equal).flatMap { $0 > 0 ? own / $0 : nil }
            }
        }
    }

    private static func row(
        _ arm: ChosenRuns.Label, _ metric: ComparedMetric, _ chosen: ChosenRuns, _ shared: Shared
    ) -> Row {
        var row = Row(
            arm: arm.name, task: metric.task, metric: metric.metric, values: chosen.sample(arm, metric),
            meanRank: shared.meanRank, seconds: shared.seconds, relativeCost: shared.relativeCost,
            difference: arm.isTested ? chosen.differencesToEqual(arm, metric) : nil,
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
