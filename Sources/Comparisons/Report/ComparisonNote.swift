import Glibc

/// A remark that qualifies the judgements of a comparison.
package struct ComparisonNote: Sendable, Hashable {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The last epoch was the best in a quarter of the runs.
        case unfinishedRuns = "unfinished_runs"
        /// The weights do not sum to the number of tasks, so the strategy trains at another learning rate.
        case scaleNotN = "scale_not_n"
        /// Neither equal weights nor the difference to them varies from seed to seed.
        case seedWithoutEffect = "seed_without_effect"
        /// Fewer seeds than the default: only large differences can show.
        case fewSeeds = "few_seeds"
    }

    package let code: Code
    package let detail: String
    /// Nil where it is of all.
    package let strategy: String?
    /// How many of how many, of what the detail says.
    package let count: Int
    package let of: Int

    /// Weights whose sum is within this share of the number of tasks count as that number.
    private static let scaleTolerance = 0.01

    /// That of unfinished runs first.
    static func all(
        _ chosen: ChosenRuns, _ rows: [ComparisonReport.Row], _ terms: ComparisonTerms
    ) -> [ComparisonNote] {
        [unfinishedRuns(chosen)].compactMap { $0 } + scales(chosen, terms) + seedsWithoutEffect(chosen, rows)
            + [fewSeeds(chosen)].compactMap { $0 }
    }

    private static func unfinishedRuns(_ chosen: ChosenRuns) -> ComparisonNote? {
        let outcomes = chosen.arms.flatMap(chosen.outcomes)
        let count = outcomes.count(where: \.isUnfinished)
        guard count > 0, 4 * count >= outcomes.count else { return nil }
        return ComparisonNote(
            code: .unfinishedRuns,
            detail: "In \(count) of \(outcomes.count) runs the last epoch was the best: they were still learning. "
                + "Compare again with more epochs.",
            strategy: nil, count: count, of: outcomes.count)
    }

    private static func scales(_ chosen: ChosenRuns, _ terms: ComparisonTerms) -> [ComparisonNote] {
        guard !terms.isScaleInvariant, !terms.areRatesTuned else { return [] }
        let tasks = Double(terms.metrics.count)
        return chosen.arms.filter { $0 != .singleTask }.compactMap { label in
            let sums = chosen.outcomes(label).compactMap(\.weightSum)
            let off = sums.filter { !(abs($0 / tasks - 1) <= scaleTolerance) }
            guard let mean = Sample(off).mean else { return nil }
            return ComparisonNote(
                code: .scaleNotN,
                detail: "The weights of \(label.name) sum to \(rounded(mean)), not to \(terms.metrics.count), so it in "
                    + "effect trains at \(rounded(mean / tasks)) times the learning rate. Give learning_rates, or use adamw.",
                strategy: label.name, count: off.count, of: sums.count)
        }
    }

    private static func seedsWithoutEffect(
        _ chosen: ChosenRuns, _ rows: [ComparisonReport.Row]
    ) -> [ComparisonNote] {
        chosen.arms.compactMap { label in
            let own = rows.filter { $0.arm == label.name && $0.test != nil }
            let without = own.filter { $0.test?.isWithoutSeedEffect == true }
            guard let first = without.first else { return nil }
            return ComparisonNote(
                code: .seedWithoutEffect,
                detail: "In \(without.count) of \(own.count) tasks, \(first.task) first, equal weights and "
                    + "\(label.name) have the same value for every seed, so the runs count as one and there is no test.",
                strategy: label.name, count: without.count, of: own.count)
        }
    }

    private static func fewSeeds(_ chosen: ChosenRuns) -> ComparisonNote? {
        let (count, standard) = (chosen.seeds.count, ComparisonRequest.seedsDefault)
        guard count < standard else { return nil }
        return ComparisonNote(
            code: .fewSeeds,
            detail: count < PairedTest.pairsMin
                ? "Under \(PairedTest.pairsMin) seeds nothing can be tested; the default is \(standard)."
                : "With \(count) seeds only large differences can show; the default is \(standard).",
            strategy: nil, count: count, of: standard)
    }
}
