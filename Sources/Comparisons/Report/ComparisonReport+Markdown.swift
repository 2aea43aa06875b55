extension ComparisonReport {
    /// A table with a line for each arm and a column for each task, the verdict below, the notes, and a table of judgements.
    package var markdown: String {
        var lines = figures + ["", Self.cell(verdict)]
        if !notes.isEmpty { lines += [""] + notes.map { "- " + Self.cell($0.detail) } }
        if !judgements.isEmpty { lines += [""] + judgementTable }
        return lines.joined(separator: "\n") + "\n"
    }

    private var figures: [String] {
        var tasks: [ComparedMetric] = []
        var arms: [String] = []
        for row in rows {
            let metric = ComparedMetric(task: row.task, metric: row.metric)
            if !tasks.contains(metric) { tasks.append(metric) }
            if arms.last != row.arm { arms.append(row.arm) }
        }
        var lines = [
            "| strategy | " + tasks.map { Self.cell("\($0.task) (\($0.metric))") }.joined(separator: " | ")
                + " | Δm % | mean rank | seconds | cost |",
            "|---|" + String(repeating: "---|", count: tasks.count + 4),
        ]
        for arm in arms {
            let own = rows.filter { $0.arm == arm }
            let cells = tasks.map { metric in own.first { $0.task == metric.task }.map(Self.value) ?? "–" }
            let first = own.first
            let shared = [
                first?.deltaM.map(rounded), first?.meanRank.map(rounded), (first?.seconds).flatMap(Self.value),
                first?.relativeCost.map(rounded),
            ]
            let columns = [Self.cell(arm)] + cells + shared.map { $0 ?? "–" }
            lines.append("| " + columns.joined(separator: " | ") + " |")
        }
        return lines
    }

    private var judgementTable: [String] {
        let header = [
            "strategy", "judgement", "better", "worse", "may harm", "unclear", "untested", "seeds needed", "failed",
        ]
        let lines = judgements.map { judgement in
            let tasks = [judgement.better, judgement.worse, judgement.mayHarm, judgement.unclear, judgement.untested]
            let failures = judgement.failed.map { failure in
                "\(failure.reason): \(failure.seeds.map(String.init).joined(separator: ", "))"
            }
            return [Self.cell(judgement.strategy), judgement.judgement.rawValue.replacing("_", with: " ")]
                + tasks.map { $0.isEmpty ? "–" : Self.cell($0.joined(separator: ", ")) }
                + [
                    judgement.seedsNeeded.map(String.init) ?? "–",
                    failures.isEmpty ? "–" : Self.cell(failures.joined(separator: "; ")),
                ]
        }
        return ["| " + header.joined(separator: " | ") + " |", "|" + String(repeating: "---|", count: header.count)]
            + lines.map { "| " + $0.joined(separator: " | ") + " |" }
    }

    /// `0.9300 ± 0.0041`, with a star where the difference to equal weights is a claim.
    private static func value(_ row: Row) -> String {
        value(row.values).map { $0 + (row.effect == nil ? "" : " *") } ?? "–"
    }

    private static func value(_ sample: Sample) -> String? {
        sample.mean.map { rounded($0, deviation: sample.standardDeviation) }
    }

    /// Names come from clients: what would start a cell, a tag or a line is escaped.
    private static func cell(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("<", with: "&lt;")
            .replacing("\n", with: " ").replacing("\r", with: " ")
    }
}
