import Comparisons
import JobStore
import Jobs
import Locks

/// The reports of comparisons, kept for a while: what a run came to never changes, so a report is a matter of how many
/// runs have finished.
final class ComparisonReports: Sendable {
    private struct Kept {
        /// How many runs are over.
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
        let runs = comparison.runs.compactMap(ComparedRun.init)
        let finished = runs.count { !$0.isPending }
        let kept = shelf.withLock { $0.reports[comparison.id] }
        var report: ComparisonReport
        if let kept, kept.finished == finished {
            report = kept.report
        } else {
            report = ComparisonReport(runs, terms: ComparisonTerms(comparison.metrics))
            keep(Kept(finished: finished, report: report), for: comparison.id)
        }
        if finished < runs.count {
            report.verdict = "\(finished) of \(runs.count) runs have finished; the verdict comes with the last."
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

extension ComparedRun {
    /// Nil of a run whose key this program did not write.
    fileprivate init?(_ run: ComparisonRecord.Run) {
        guard let key = RunKey(run.key) else { return nil }
        if let outcome = run.outcome {
            self = .succeeded(RunOutcome(key, outcome, run.end))
        } else if let failure = run.end.failure {
            self = .failed(key, reason: failure)
        } else if let state = run.state, !state.isTerminal {
            self = .pending(key)
        } else {
            // A run that was never begun may go with its comparison's end.
            self = .failed(key, reason: (run.state ?? .cancelled).rawValue)
        }
    }
}

extension RunOutcome {
    fileprivate init(_ key: RunKey, _ outcome: ComparisonRecord.Outcome, _ end: ComparisonRunEnd) {
        self.init(
            key: key, epoch: outcome.epoch, validationLoss: outcome.validationLoss,
            testMetrics: outcome.testMetrics.mapValues { $0.compactMapValues { $0 } }, seconds: outcome.seconds)
        cpuSeconds = end.cpuSeconds
        testRows = end.testRows
        lastEpoch = end.lastEpoch
        isCompleted = end.finishReason == .completed
        weightSum = end.weightSum
    }
}
