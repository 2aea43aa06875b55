package import Jobs

extension ComparisonReport.Row {
    /// The row as the API answers it; the members of the contract first.
    package var json: JSONValue {
        .object([
            .init("strategy", .string(arm)),
            .init("task", .string(task)),
            .init("metric", .string(metric)),
            .init("mean", JSONValue(values.mean)),
            .init("standard_deviation", JSONValue(values.standardDeviation)),
            .init("interval", values.interval.json),
            .init("delta_m", JSONValue(deltaM)),
            .init("delta_m_refusal", JSONValue(deltaMRefusal)),
            .init("mean_rank", JSONValue(meanRank)),
            .init("seconds", JSONValue(seconds)),
            .init("relative_cost", JSONValue(relativeCost)),
            .init("p_value", JSONValue(correctedProbability)),
            .init("difference", JSONValue(difference?.mean)),
            .init("difference_interval", (difference?.interval).json),
            .init("difference_bootstrap_interval", (difference?.bootstrapInterval()).json),
            .init("seeds", JSONValue(values.count)),
            .init("learning_rate", JSONValue(learningRate)),
            .init("epochs", .array(epochs.sorted { $0.key < $1.key }.map { JSONValue($0.value) })),
        ])
    }
}

extension ClosedRange<Double>? {
    fileprivate var json: JSONValue {
        map { .array([JSONValue($0.lowerBound), JSONValue($0.upperBound)]) } ?? .null
    }
}

extension ComparisonReport {
    /// RFC 4180, a line an arm and task; full precision, empty where there is nothing.
    ///
    /// - Parameter isRaw: texts that begin like a formula stay as they are.
    package func csv(isRaw: Bool) -> [UInt8] {
        var writer = CSVWriter(isRaw: isRaw)
        let columns = [
            "strategy", "task", "metric", "mean", "standard_deviation", "interval_low", "interval_high", "delta_m",
            "mean_rank", "seconds", "relative_cost", "p_value", "seeds", "learning_rate",
        ]
        writer.row(columns.map { .text($0) })
        for row in rows {
            let numbers = [
                row.values.mean, row.values.standardDeviation, row.values.interval?.lowerBound,
                row.values.interval?.upperBound, row.deltaM, row.meanRank, row.seconds, row.relativeCost,
                row.correctedProbability, Double(row.values.count), row.learningRate,
            ]
            writer.row([row.arm, row.task, row.metric].map { .text($0) } + numbers.map { .number($0) })
        }
        return writer.bytes
    }

    /// A table with a line for each arm and a column for each task, and the verdict below.
    package var markdown: String {
        var tasks: [ComparedMetric] = []
        for row in rows {
            let metric = ComparedMetric(task: row.task, metric: row.metric)
            if !tasks.contains(metric) { tasks.append(metric) }
        }
        var lines = [
            "| strategy | " + tasks.map { Self.cell("\($0.task) (\($0.metric))") }.joined(separator: " | ")
                + " | Δm % | mean rank | seconds | cost |",
            "|---|" + String(repeating: "---|", count: tasks.count + 4),
        ]
        var arms: [String] = []
        for row in rows where !arms.contains(row.arm) { arms.append(row.arm) }
        for arm in arms {
            let own = rows.filter { $0.arm == arm }
            let cells = tasks.map { metric in own.first { $0.task == metric.task }.map(Self.value) ?? "–" }
            let shared = [own.first?.deltaM, own.first?.meanRank, own.first?.seconds, own.first?.relativeCost]
            let columns = [Self.cell(arm)] + cells + shared.map { $0.map(rounded) ?? "–" }
            lines.append("| " + columns.joined(separator: " | ") + " |")
        }
        return (lines + ["", Self.cell(verdict)]).joined(separator: "\n") + "\n"
    }

    /// `0.93 ± 0.004`, with a star where the difference to equal weights is beyond seed noise.
    private static func value(_ row: Row) -> String {
        guard let mean = row.values.mean else { return "–" }
        let star = (row.correctedProbability ?? 1) < Verdict.significance ? " *" : ""
        return rounded(mean) + (row.values.standardDeviation.map { " ± " + rounded($0) } ?? "") + star
    }

    /// Names come from clients: what would start a cell, a tag or a line is escaped.
    private static func cell(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("<", with: "&lt;")
            .replacing("\n", with: " ").replacing("\r", with: " ")
    }
}
