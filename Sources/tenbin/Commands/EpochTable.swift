import Foundation
import Jobs

/// A followed job as a table: a line an epoch, a progress bar below on a terminal.
final class EpochTable: WatchOutput {
    private let screen: Screen
    private let isBrief: Bool
    private(set) var rows: [EpochRow] = []

    /// - Parameter isBrief: shows the epochs only.
    init(_ screen: Screen, isBrief: Bool = false) {
        self.screen = screen
        self.isBrief = isBrief
    }

    func state(_ job: JSONValue) throws {
        let state = job["state"]?.text ?? ""
        // The end has lines of its own.
        guard !isBrief, !JobFollower.finalStates.contains(state) else { return }
        try screen.lines(["state  " + Self.words(state, of: job)])
    }

    private static func words(_ state: String, of job: JSONValue) -> String {
        var text = state
        if let attempt = job["attempt"]?.int, attempt > 1 { text += ", attempt \(attempt)" }
        if state == "queued", let place = job["queue_position"]?.int { text += ", number \(place) in the queue" }
        switch job["waiting_reason"]?.text {
        case "workers": text += ": all workers are busy"
        case "threads": text += ": it wants more threads than are free"
        case "isolation": text += ": a job that has crashed the server runs alone"
        case "quota": text += ": its owner's other jobs use up the quota"
        case "disk": text += ": the disk takes no writes"
        case "draining": text += ": the server is going down"
        case let reason?: text += ": \(reason)"
        case nil: break
        }
        return text
    }

    func epoch(_ epoch: JSONValue, secondsLeft: Double?) throws {
        let row = EpochRow(epoch)
        var lines = rows.isEmpty ? row.header : []
        let left = screen.isTerminal || isBrief ? nil : secondsLeft
        lines.append(row.text + (left.map { " " + Self.duration($0) + " left" } ?? ""))
        rows.append(row)
        try screen.lines(lines)
    }

    func progress(_ progress: JSONValue) {
        var note = ""
        if let epoch = progress["epoch"]?.int, let epochs = progress["epochs"]?.int {
            note += "  epoch \(epoch) of \(epochs)"
        }
        if let left = progress["eta_seconds"]?.double { note += ", \(Self.duration(left)) left" }
        screen.progress(progress["fraction"]?.double ?? 0, note: note)
    }

    /// What became of the job, and where its model is.
    func end(_ job: JSONValue) throws {
        screen.finish()
        guard !isBrief else { return }
        let reason = job["finish_reason"]?.text.map { " (\($0))" } ?? ""
        var lines = ["state  \(job["state"]?.text ?? "")\(reason)"]
        if let best = job["best_epoch"]?.int { lines.append("best   epoch \(best)") }
        for best in (job["best"]?.elements ?? []).compactMap(TaskBest.init(json:)) {
            let value = best.value.fitted(width: 8).trimmingCharacters(in: .whitespaces)
            lines.append("       \(best.task): \(best.metric) \(value) on the validation part, in epoch \(best.epoch)")
        }
        if let model = job["model"]?.text {
            lines.append("model  \(model)")
            lines.append("       tenbin models download \(model) model.safetensors")
        }
        try screen.lines(lines)
    }

    /// `45 s`, `3:05 min` or `2:03 h`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        let whole = Int(min(max(seconds, 0), 3_600_000).rounded())
        if whole < 60 { return "\(whole) s" }
        let (large, small, unit) =
            whole < 3_600 ? (whole / 60, whole % 60, "min") : (whole / 3_600, whole % 3_600 / 60, "h")
        return "\(large):\(small < 10 ? "0" : "")\(small) \(unit)"
    }
}

/// One epoch as the table shows it.
struct EpochRow {
    struct Task {
        let name: String
        let weight: Double
        let trainLoss: Double
        let validationLoss: Double
        /// What the task is judged by: `accuracy`, `rmse`, ….
        let metricName: String
        let metric: Double

        /// Wide enough for the title and for a number in any form.
        var metricWidth: Int { max(metricName.count, 8) }
        var width: Int { EpochRow.weightWidth + EpochRow.lossWidth + metricWidth + 3 }
    }

    static let weightWidth = 7
    static let lossWidth = 9

    let epoch: Int
    let tasks: [Task]

    init(_ json: JSONValue) {
        epoch = json["epoch"]?.int ?? 0
        tasks = (json["tasks"]?.elements ?? []).map { task in
            let metrics = task["metrics"]?.members ?? []
            let names = [task["best"]?["metric"]?.text, "accuracy", "rmse", metrics.first?.name].compactMap { $0 }
            let metric = names.compactMap { name in metrics.first { $0.name == name } }.first
            return Task(
                name: task["name"]?.text ?? "", weight: task["weight"]?.double ?? .nan,
                trainLoss: task["train_loss"]?.double ?? .nan, validationLoss: task["validation_loss"]?.double ?? .nan,
                metricName: metric?.name ?? "metric", metric: metric?.value.double ?? .nan)
        }
    }

    /// Two lines of titles, below one that says which part of the data the figures are of.
    var header: [String] {
        let names = tasks.map { ($0.name.count > $0.width ? String($0.name.prefix($0.width - 1)) + "…" : $0.name) }
        return [
            "loss is of the training part, the figure beside it of the validation part",
            "       " + zip(names, tasks).map { $0.padded(to: $1.width) }.joined(separator: "│ "),
            "epoch  "
                + tasks.map {
                    "weight".leftPadded(to: Self.weightWidth) + " " + "loss".leftPadded(to: Self.lossWidth) + " "
                        + $0.metricName.leftPadded(to: $0.metricWidth) + " "
                }.joined(separator: "│ "),
        ]
    }

    var text: String {
        let cells = tasks.map {
            $0.weight.fitted(width: Self.weightWidth) + " " + $0.trainLoss.fitted(width: Self.lossWidth) + " "
                + $0.metric.fitted(width: $0.metricWidth) + " "
        }
        return String(epoch).leftPadded(to: 5) + "  " + cells.joined(separator: "│ ")
    }
}
