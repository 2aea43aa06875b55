/// One plain sentence on whether a strategy helped.
struct Verdict {
    /// Fewer seeds say nothing about noise.
    static let seedsMin = 3
    /// A corrected p below it counts as a difference.
    static let significance = 0.05

    let sentence: String

    init(_ rows: [ComparisonReport.Row], seeds: Int) {
        guard rows.contains(where: { $0.arm == Arm.equal.label && $0.values.count > 0 }) else {
            sentence = "There is no verdict, because no run with equal weights has finished."
            return
        }
        guard seeds >= Self.seedsMin else {
            sentence =
                "There is no verdict, because \(seeds) seed\(seeds == 1 ? "" : "s") cannot show the noise between seeds; at least \(Self.seedsMin) are needed."
            return
        }
        let differing = rows.filter { ($0.correctedProbability ?? 1) < Self.significance }
        let better = differing.filter { ($0.difference?.mean ?? 0) > 0 }.map(Self.phrase)
        let worse = differing.filter { ($0.difference?.mean ?? 0) < 0 }.map(Self.phrase)
        switch (better.isEmpty, worse.isEmpty) {
        case (true, true):
            sentence = "No strategy beats equal weights beyond seed noise on this data, and none is worse."
        case (true, false):
            sentence = "No strategy beats equal weights beyond seed noise on this data; worse are \(Self.list(worse))."
        case (false, true): sentence = "Better than equal weights beyond seed noise: \(Self.list(better))."
        case (false, false):
            sentence = "Better than equal weights beyond seed noise: \(Self.list(better)); worse: \(Self.list(worse))."
        }
    }

    /// `adaptive on digit (accuracy +0.012, p = 0.003)`.
    private static func phrase(_ row: ComparisonReport.Row) -> String {
        let metric = ComparedMetric(task: row.task, metric: row.metric)
        let change = metric.score(row.difference?.mean ?? 0)
        let sign = change < 0 ? "−" : "+"
        return
            "\(row.arm) on \(row.task) (\(row.metric) \(sign)\(rounded(abs(change))), p = \(rounded(row.correctedProbability ?? 1)))"
    }

    private static func list(_ phrases: [String]) -> String {
        guard let last = phrases.last, phrases.count > 1 else { return phrases.first ?? "" }
        return phrases.dropLast().joined(separator: ", ") + " and " + last
    }
}
