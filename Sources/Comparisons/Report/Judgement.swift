/// What is to be thought of a strategy, by rules of which the first that matches counts.
package enum Judgement: String, Sendable, Hashable, CaseIterable {
    /// No run succeeded.
    case failed
    /// No task has three pairs of runs.
    case tooFewPairs = "too_few_pairs"
    /// Better in one task, and worse in another or perhaps so.
    case mixed
    case better
    case worse
    /// In every task the difference lies within the smallest one that matters.
    case equivalent
    case inconclusive
}

/// A strategy's judgement, with what it rests on.
package struct StrategyJudgement: Sendable, Hashable {
    /// Seeds that failed for one reason.
    package struct Failure: Sendable, Hashable {
        package let reason: String
        package let seeds: [UInt64]
    }

    package let strategy: String
    package let isBaseline: Bool
    package let judgement: Judgement
    /// Tasks in which it is better, by a claim.
    package let better: [String]
    package let worse: [String]
    /// Tasks without a claim whose mean is worse by more than the smallest difference that matters, of a mixed judgement.
    package let mayHarm: [String]
    /// Tasks that show neither a difference nor that there is none.
    package let unclear: [String]
    /// Tasks with under three pairs.
    package let untested: [String]
    /// So many seeds would decide every task, if the differences stay as they are; nil beyond 1,000.
    package let seedsNeeded: Int?
    /// Seeds for which everything succeeded.
    package let succeeded: Int
    package let failed: [Failure]

    /// - Parameter rows: the strategy's, one a task.
    init(_ label: ChosenRuns.Label, _ rows: [ComparisonReport.Row], _ chosen: ChosenRuns) {
        strategy = label.name
        isBaseline = label.family == .baselines
        succeeded = chosen.succeededSeeds(label).count
        failed = Self.failures(chosen.failures(label))
        let standings = Standings(rows)
        if chosen.outcomes(label).isEmpty {
            judgement = .failed
        } else if standings.tested.isEmpty {
            judgement = .tooFewPairs
        } else if standings.isMixed {
            judgement = .mixed
        } else if !standings.up.isEmpty {
            judgement = .better
        } else if !standings.down.isEmpty {
            judgement = .worse
        } else {
            judgement = standings.tested.allSatisfy(\.isEquivalent) ? .equivalent : .inconclusive
        }
        let harmed = judgement == .mixed ? standings.beyondDown : []
        better = standings.up.map(\.task)
        worse = standings.down.map(\.task)
        mayHarm = harmed.map(\.task)
        unclear = standings.unclaimed.map(\.task).filter { task in
            !harmed.contains { $0.task == task } && !standings.equivalent.contains { $0.task == task }
        }
        untested = standings.untested.map(\.task)
        seedsNeeded = Self.seedsNeeded(standings.tested)
    }

    /// The largest over tasks; nil where one of them has none.
    private static func seedsNeeded(_ rows: [ComparisonReport.Row]) -> Int? {
        var largest: Int?
        for row in rows {
            guard let effect = row.minimumEffect, let seeds = row.test?.seedsNeeded(effect: effect) else { return nil }
            largest = max(largest ?? 0, seeds)
        }
        return largest
    }

    /// Grouped by reason, that with the smallest seed first.
    static func failures(_ reasons: [UInt64: String]) -> [Failure] {
        Dictionary(grouping: reasons.keys) { reasons[$0] ?? "" }
            .map { Failure(reason: $0.key, seeds: $0.value.sorted()) }
            .sorted { ($0.seeds.first ?? 0) < ($1.seeds.first ?? 0) }
    }

    /// A strategy's tasks by how they came out.
    private struct Standings {
        let tested: [ComparisonReport.Row]
        let untested: [ComparisonReport.Row]
        let up: [ComparisonReport.Row]
        let down: [ComparisonReport.Row]
        let unclaimed: [ComparisonReport.Row]
        let equivalent: [ComparisonReport.Row]
        /// Without a claim, but the mean is beyond the smallest difference that matters.
        let beyondUp: [ComparisonReport.Row]
        let beyondDown: [ComparisonReport.Row]

        init(_ rows: [ComparisonReport.Row]) {
            tested = rows.filter { ($0.test?.pairs ?? 0) >= PairedTest.pairsMin }
            untested = rows.filter { ($0.test?.pairs ?? 0) < PairedTest.pairsMin }
            up = tested.filter { $0.effect == .better }
            down = tested.filter { $0.effect == .worse }
            unclaimed = tested.filter { $0.effect == nil }
            equivalent = unclaimed.filter(\.isEquivalent)
            beyondUp = unclaimed.filter { $0.isBeyond(1) }
            beyondDown = unclaimed.filter { $0.isBeyond(-1) }
        }

        var isMixed: Bool {
            (!up.isEmpty && !(down.isEmpty && beyondDown.isEmpty)) || (!down.isEmpty && !beyondUp.isEmpty)
        }
    }
}

extension ComparisonReport.Row {
    /// Whether the interval of the difference lies within the smallest one that matters.
    fileprivate var isEquivalent: Bool {
        guard let test, let minimumEffect else { return false }
        return test.isEquivalent(within: minimumEffect)
    }

    /// Whether the mean difference is larger than the smallest one that matters, on the side of `sign`.
    fileprivate func isBeyond(_ sign: Double) -> Bool {
        guard let mean = difference?.mean, let minimumEffect else { return false }
        return sign * mean > minimumEffect * (1 + 1e-9)
    }
}
