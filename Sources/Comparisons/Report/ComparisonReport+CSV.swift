extension ComparisonReport {
    private static let columns = [
        "strategy", "task", "metric", "mean", "standard_deviation", "interval_low", "interval_high", "delta_m",
        "mean_rank", "seconds", "relative_cost", "p_value", "seeds", "learning_rate", "difference", "difference_low",
        "difference_high", "bootstrap_low", "bootstrap_high", "minimum_effect", "pairs", "same_in_every_seed", "effect",
        "cpu_seconds", "cpu_seconds_deviation", "failed", "judgement", "baseline", "standing", "seeds_needed",
        "succeeded", "failures", "tuned", "notes",
    ]

    /// RFC 4180, a line an arm and task; full precision, empty where there is nothing. What is said of a strategy stands in
    /// each of its lines, and notes on all in every line.
    package var csv: String {
        let lines = rows.map { row in
            (Self.cells(row) + judgementCells(row) + [noteCodes(row)]).map(Self.quoted).joined(separator: ",")
        }
        return ([Self.columns.joined(separator: ",")] + lines).joined(separator: "\r\n") + "\r\n"
    }

    private static func cells(_ row: Row) -> [String] {
        let first = [
            row.values.mean, row.values.standardDeviation, row.values.interval?.lowerBound,
            row.values.interval?.upperBound, row.deltaM, row.meanRank, row.seconds.mean, row.relativeCost,
            row.correctedProbability, Double(row.values.count), row.learningRate,
        ]
        let bootstrap = row.difference?.bootstrapInterval()
        let second = [
            row.difference?.mean, row.difference?.interval?.lowerBound, row.difference?.interval?.upperBound,
            bootstrap?.lowerBound, bootstrap?.upperBound, row.minimumEffect, Double(row.pairs),
        ]
        let costs = [row.cpuSeconds.mean, row.cpuSeconds.standardDeviation, Double(row.failed)]
        func texts(_ numbers: [Double?]) -> [String] { numbers.map { $0.map(plain) ?? "" } }
        let same = row.test.map { $0.sameInEverySeed ? "true" : "false" } ?? ""
        return [row.arm, row.task, row.metric] + texts(first + second) + [same, row.effect?.rawValue ?? ""]
            + texts(costs)
    }

    private func judgementCells(_ row: Row) -> [String] {
        guard let judgement = judgements.first(where: { $0.strategy == row.arm }) else {
            return Array(repeating: "", count: 7)
        }
        let standings: [(String, [String])] = [
            ("better", judgement.better), ("worse", judgement.worse), ("may_harm", judgement.mayHarm),
            ("unclear", judgement.unclear), ("untested", judgement.untested),
        ]
        let failures = judgement.failed.map { failure in
            "\(failure.reason): \(failure.seeds.map(String.init).joined(separator: " "))"
        }
        return [
            judgement.judgement.rawValue, judgement.isBaseline ? "true" : "false",
            standings.first { $0.1.contains(row.task) }?.0 ?? "", judgement.seedsNeeded.map(String.init) ?? "",
            String(judgement.succeeded), failures.joined(separator: "; "), "",
        ]
    }

    private func noteCodes(_ row: Row) -> String {
        notes.filter { $0.strategy == nil || $0.strategy == row.arm }.map(\.code.rawValue).joined(separator: " ")
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\r\n".contains($0) || $0 == "\r\n" }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
