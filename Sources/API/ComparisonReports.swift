import Comparisons
import JobStore
import Jobs
import Locks

/// The reports of comparisons, kept for a while: what a run came to never changes, so a report is a matter of how many
/// runs have finished.
final class ComparisonReports: Sendable {
    private struct Kept {
        var finished: Int
        var report: ComparisonReport
    }

    private struct Shelf {
        var reports: [Identifier: Kept] = [:]
        /// Oldest first.
        var order: [Identifier] = []
    }

    private static let keptMax = 32

    private let shelf = Lock(Shelf())

    init() {}

    /// What is known by now; the verdict says what is missing.
    func report(of comparison: ComparisonRecord) -> ComparisonReport {
        let outcomes = comparison.runs.compactMap(RunOutcome.init)
        let kept = shelf.withLock { $0.reports[comparison.id] }
        var report: ComparisonReport
        if let kept, kept.finished == outcomes.count {
            report = kept.report
        } else {
            let metrics = (comparison.metrics.elements ?? []).compactMap(ComparedMetric.init)
            report = ComparisonReport(outcomes, metrics: metrics)
            keep(Kept(finished: outcomes.count, report: report), for: comparison.id)
        }
        let runs = comparison.progress.runs
        if !comparison.state.isOver {
            report.verdict = "\(outcomes.count) of \(runs) runs have finished; the verdict comes with the last."
        } else if outcomes.count < runs {
            report.verdict += " Only \(outcomes.count) of \(runs) runs succeeded."
        }
        return report
    }

    private func keep(_ kept: Kept, for id: Identifier) {
        shelf.withLock { shelf in
            shelf.order.removeAll { $0 == id }
            shelf.order.append(id)
            shelf.reports[id] = kept
            if shelf.order.count > Self.keptMax { shelf.reports[shelf.order.removeFirst()] = nil }
        }
    }
}

extension RunOutcome {
    /// Nil of a run that has not succeeded.
    fileprivate init?(_ run: ComparisonRecord.Run) {
        guard let outcome = run.outcome, let key = RunKey(run.key) else { return nil }
        self.init(
            key: key, epoch: outcome.epoch, validationLoss: outcome.validationLoss,
            testMetrics: outcome.testMetrics.mapValues { $0.compactMapValues { $0 } }, seconds: outcome.seconds)
    }
}
