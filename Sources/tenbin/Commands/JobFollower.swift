import Foundation
import Jobs

/// Follows a job through the API: a row per epoch as it comes, a progress bar below.
struct JobFollower {
    let api: APIClient
    let screen: Screen

    private static let pollMicroseconds: UInt32 = 50_000

    /// Returns the rows when the job has succeeded.
    ///
    /// - Throws: `APIFailure` with the server's reason when the job ends in any other way.
    func follow(_ job: String) throws -> [EpochRow] {
        let path = "/v1/jobs/\(job.escapedForPath)"
        var rows: [EpochRow] = []
        while true {
            // In this order: what is recorded before a job is over is in the page that is asked for afterwards.
            let state = try api.get(path)
            let page: JSONValue
            do {
                page = try api.get("\(path)/epochs?since=\(rows.last?.epoch ?? 0)")
            } catch let failure as APIFailure where failure.code == "malformed-request" && !rows.isEmpty {
                // The server has fewer epochs than are shown: it was restored from a backup. They come once more.
                rows = []
                continue
            }
            for item in page["items"]?.elements ?? [] {
                let row = EpochRow(item)
                if rows.isEmpty { screen.header(row.header) }
                rows.append(row)
                screen.row(row.text)
            }
            let isComplete = page["next_page_token"] == .null
            switch state["state"]?.text {
            case "succeeded" where isComplete:
                screen.finish()
                return rows
            case "failed", "cancelled", "expired":
                screen.finish()
                throw APIFailure(reasonOf: state)
            default:
                screen.progress(state["progress"]?["fraction"]?.double ?? 0)
                if isComplete { usleep(Self.pollMicroseconds) }
            }
        }
    }
}

/// One epoch as the table shows it.
struct EpochRow {
    struct Task {
        let name: String
        let weight: Double
        let trainLoss: Double
        let validationLoss: Double
        /// `accuracy`, or `rmse` for a regression.
        let metricName: String
        let metric: Double
    }

    let epoch: Int
    let tasks: [Task]

    init(_ json: JSONValue) {
        epoch = json["epoch"]?.int ?? 0
        tasks = (json["tasks"]?.elements ?? []).map { task in
            let metrics = task["metrics"]
            let metricName = metrics?["accuracy"] == nil ? "rmse" : "accuracy"
            return Task(
                name: task["name"]?.text ?? "", weight: task["weight"]?.double ?? .nan,
                trainLoss: task["train_loss"]?.double ?? .nan, validationLoss: task["validation_loss"]?.double ?? .nan,
                metricName: metricName, metric: metrics?[metricName]?.double ?? .nan)
        }
    }

    var header: [String] {
        [
            "       " + tasks.map { $0.name.padded(to: 26) }.joined(separator: "│ "),
            "epoch  "
                + tasks.map { "weight    loss" + $0.metricName.leftPadded(to: 10) + "  " }.joined(separator: "│ "),
        ]
    }

    var text: String {
        let cells = tasks.map {
            $0.weight.fixed(3, width: 6) + $0.trainLoss.fixed(4, width: 8) + $0.metric.fixed(4, width: 10) + "  "
        }
        return String(epoch).leftPadded(to: 5) + "  " + cells.joined(separator: "│ ")
    }
}
