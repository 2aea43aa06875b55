import Jobs

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
    ///
    /// - Parameter isRaw: texts that begin like a formula stay as they are.
    package func csv(isRaw: Bool) -> [UInt8] {
        var writer = CSVWriter(isRaw: isRaw)
        writer.row(Self.columns.map { .text($0) })
        for row in rows { writer.row(Self.cells(row) + judgementCells(row) + [.text(noteCodes(row))]) }
        return writer.bytes
    }

    private static func cells(_ row: Row) -> [CSVWriter.Cell] {
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
        func numbers(_ values: [Double?]) -> [CSVWriter.Cell] { values.map { .number($0) } }
        let same = row.test.map { $0.sameInEverySeed ? "true" : "false" } ?? ""
        return [.text(row.arm), .text(row.task), .text(row.metric)] + numbers(first + second)
            + [.plain(same), .plain(row.effect?.rawValue ?? "")] + numbers(costs)
    }

    private func judgementCells(_ row: Row) -> [CSVWriter.Cell] {
        guard let judgement = judgements.first(where: { $0.strategy == row.arm }) else {
            return Array(repeating: .number(nil), count: 7)
        }
        let standings: [(String, [String])] = [
            ("better", judgement.better), ("worse", judgement.worse), ("may_harm", judgement.mayHarm),
            ("unclear", judgement.unclear), ("untested", judgement.untested),
        ]
        let failures = judgement.failed.map { failure in
            "\(failure.reason): \(failure.seeds.map(String.init).joined(separator: " "))"
        }
        return [
            .plain(judgement.judgement.rawValue), .plain(judgement.isBaseline ? "true" : "false"),
            .plain(standings.first { $0.1.contains(row.task) }?.0 ?? ""),
            .number(judgement.seedsNeeded.map(Double.init)), .integer(judgement.succeeded),
            .text(failures.joined(separator: "; ")), .number(nil),
        ]
    }

    private func noteCodes(_ row: Row) -> String {
        notes.filter { $0.strategy == nil || $0.strategy == row.arm }.map(\.code.rawValue).joined(separator: " ")
    }
}
