/// One plain sentence on whether a strategy helped, of at most three clauses.
///
/// It speaks of the strategies that were asked for; of the baselines only where there are no others.
struct Verdict {
    static let clausesMax = 3
    /// So many strategies are named in one clause.
    private static let namesMax = 3

    private let report: ComparisonReport
    private let chosen: ChosenRuns

    init(_ report: ComparisonReport, _ chosen: ChosenRuns) {
        self.report = report
        self.chosen = chosen
    }

    var sentence: String {
        let text = clauses.joined(separator: "; ")
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }

    private var clauses: [String] {
        var clauses: [String] = []
        if let note = report.notes.first(where: { $0.code == .unfinishedRuns }) {
            clauses.append("in \(note.count) of \(note.of) runs the last epoch was the best, so train for longer")
        }
        if let reason = withoutVerdict { return clauses + reason }
        let groups = judgedGroups
        let room = Self.clausesMax - clauses.count
        guard groups.count > room else { return clauses + groups.map(clause) }
        let rest = groups.dropFirst(room - 1).flatMap(\.strategies)
        return clauses + groups.prefix(room - 1).map(clause)
            + ["see the judgements of the other \(rest.count) strategies"]
    }

    /// Why there is no verdict on any strategy.
    private var withoutVerdict: [String]? {
        let seeds = chosen.seeds.count
        let failures = StrategyJudgement.failures(chosen.failures(.equal))
        if chosen.outcomes(.equal).isEmpty {
            guard !failures.isEmpty else {
                return ["there is no verdict, because no run with equal weights has finished"]
            }
            return ["there is no verdict, because all runs with equal weights failed \(Self.reasons(failures))"]
        }
        guard seeds < PairedTest.pairsMin else { return nil }
        return [
            "there is no verdict, because \(seeds) seed\(seeds == 1 ? "" : "s") cannot show the noise between seeds",
            "at least \(PairedTest.pairsMin) are needed",
        ]
    }

    // MARK: - Clauses

    private struct Group {
        let judgement: Judgement
        let strategies: [StrategyJudgement]
    }

    /// In the order in which they are told: what may be acted on first.
    private static let order: [Judgement] = [
        .better, .mixed, .failed, .worse, .tooFewPairs, .equivalent, .inconclusive,
    ]

    private var judgedGroups: [Group] {
        let asked = report.judgements.filter { !$0.isBaseline }
        let judged = asked.isEmpty ? report.judgements : asked
        return Self.order.compactMap { judgement in
            let strategies = judged.filter { $0.judgement == judgement }
            return strategies.isEmpty ? nil : Group(judgement: judgement, strategies: strategies)
        }
    }

    private func clause(_ group: Group) -> String {
        let (names, are) = (Self.list(group.strategies.map(\.strategy)), group.strategies.count == 1 ? "is" : "are")
        let only = group.strategies.count == 1 ? group.strategies.first : nil
        switch group.judgement {
        case .better:
            return "\(names) \(are) better than equal weights" + (only.map { on($0.better, $0) } ?? "")
        case .worse:
            return "\(names) \(are) worse than equal weights" + (only.map { on($0.worse, $0) } ?? "")
        case .mixed: return mixed(group.strategies)
        case .failed:
            let failures = StrategyJudgement.failures(
                group.strategies.flatMap(\.failed).reduce(into: [:]) { reasons, failure in
                    for seed in failure.seeds { reasons[seed] = failure.reason }
                })
            return "every run of \(names) failed \(Self.reasons(failures))"
        case .tooFewPairs: return "\(names) cannot be tested, because \(blame(group.strategies))"
        case .equivalent: return "\(names) \(are) equivalent to equal weights"
        case .inconclusive:
            return "\(names) \(group.strategies.count == 1 ? "shows" : "show") no difference beyond seed noise"
                + (only.map(advice) ?? "")
        }
    }

    /// ` on digit (accuracy +0.012 ± 0.004) and 2 more tasks`, the surest first.
    private func on(_ tasks: [String], _ judgement: StrategyJudgement) -> String {
        let rows = report.rows.filter { $0.arm == judgement.strategy && tasks.contains($0.task) }
        let surest = rows.min { ($0.correctedProbability ?? 1) < ($1.correctedProbability ?? 1) }
        guard let surest else { return "" }
        let rest = tasks.count - 1
        return " on \(Self.name(surest.task)) (\(Self.change(surest)))"
            + (rest == 0 ? "" : rest == 1 ? " and 1 more task" : " and \(rest) more tasks")
    }

    /// `adaptive helps digit but may harm ink`.
    private func mixed(_ strategies: [StrategyJudgement]) -> String {
        guard let first = strategies.first else { return "" }
        let clause: String
        if let better = first.better.first {
            let harm =
                first.worse.first.map { "harms \(Self.name($0))" }
                ?? "may harm \(first.mayHarm.first.map(Self.name) ?? "others")"
            clause = "\(first.strategy) helps \(Self.name(better)) but \(harm)"
        } else {
            let up = report.rows.filter { $0.arm == first.strategy && first.unclear.contains($0.task) }
                .max { Self.sizes($0) < Self.sizes($1) }
            clause =
                "\(first.strategy) harms \(first.worse.first.map(Self.name) ?? "a task") but may help "
                + (up.map { Self.name($0.task) } ?? "others")
        }
        let rest = strategies.count - 1
        return clause + (rest == 0 ? "" : " and \(rest) more \(rest == 1 ? "is" : "are") mixed too")
    }

    /// The mean difference in units of the smallest that matters.
    private static func sizes(_ row: ComparisonReport.Row) -> Double {
        (row.difference?.mean ?? 0) / max(row.minimumEffect ?? 1, .leastNormalMagnitude)
    }

    /// Whose runs failed, so that there are too few pairs.
    private func blame(_ strategies: [StrategyJudgement]) -> String {
        let equal = StrategyJudgement.failures(chosen.failures(.equal))
        let own = strategies.filter { !$0.failed.isEmpty }
        var failed: [String] = equal.isEmpty ? [] : ["equal weights failed \(Self.reasons(equal))"]
        if let first = own.first {
            let more = own.count > 1 ? " as did \(own.count - 1) more" : ""
            failed.append("\(first.strategy) failed \(Self.reasons(first.failed))\(more)")
        }
        if failed.isEmpty { return "under \(PairedTest.pairsMin) seeds have a value of both" }
        return failed.joined(separator: " and ")
    }

    private func advice(_ judgement: StrategyJudgement) -> String {
        let pairs = report.rows.filter { $0.arm == judgement.strategy }.map(\.pairs).max() ?? 0
        guard let seeds = judgement.seedsNeeded, seeds > pairs else { return "" }
        return " (about \(seeds) seeds may decide it)"
    }

    // MARK: - Words

    /// `accuracy +0.012 ± 0.004`.
    private static func change(_ row: ComparisonReport.Row) -> String {
        let metric = ComparedMetric(task: row.task, metric: row.metric)
        let change = metric.score(row.difference?.mean ?? 0)
        return "\(row.metric) \(change < 0 ? "−" : "+")"
            + rounded(abs(change), deviation: row.difference?.standardDeviation)
    }

    /// `(diverged for seeds 1, 2, 3)`.
    private static func reasons(_ failures: [StrategyJudgement.Failure]) -> String {
        let phrases = failures.map { failure in
            let seeds = failure.seeds.prefix(10).map(String.init).joined(separator: ", ")
            let more = failure.seeds.count > 10 ? " …" : ""
            return "\(failure.reason) for seed\(failure.seeds.count == 1 ? "" : "s") \(seeds)\(more)"
        }
        return "(" + phrases.joined(separator: ", ") + ")"
    }

    /// A task's name comes from a client; only so much of it enters a sentence.
    private static func name(_ task: String) -> String {
        task.count > 60 ? task.prefix(60) + "…" : task
    }

    /// `a, b and c`, or `a, b and 4 more`.
    private static func list(_ names: [String]) -> String {
        guard names.count > 1 else { return names.first ?? "" }
        guard names.count > namesMax else {
            return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
        }
        return names.prefix(namesMax - 1).joined(separator: ", ") + " and \(names.count - namesMax + 1) more"
    }
}
