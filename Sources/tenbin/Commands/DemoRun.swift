import Foundation
import Jobs

/// The demo as a client of the API: upload, submit, follow, sum up.
struct DemoRun {
    let client: APIClient
    let screen: Screen

    static let tasks = ["digit", "parity", "ge5"]

    /// Trains to the end and returns the job's identifier.
    func train(data: String, seed: Int) throws -> String {
        let dataset = try client.upload(data, name: "digits", type: "text/csv")
        let columns = dataset["columns"]?.elements?.count ?? 0
        print("data set  \(dataset.identifier), \(dataset["rows"]?.int ?? 0) rows × \(columns) columns")
        let job = try client.post("/v1/jobs", Self.spec(dataset: dataset.identifier, seed: seed))
        print(
            "job       \(job.identifier): digit (10 classes), parity and ge5 (2 each), adaptive weights\n"
        )
        let table = EpochTable(screen, isBrief: true)
        let patience = Patience(seconds: 0, wait: { _ in }, tell: { _ in })
        let ended = try JobFollower(api: client, patience: patience).follow(job.identifier, showing: table)
        guard ended["state"]?.text == "succeeded" else { throw EndedOtherwise(reasonOf: ended) }
        summarise(table.rows)
        return job.identifier
    }

    /// The job of the README.
    static func spec(dataset: String, seed: Int) -> JSONValue {
        .object([
            .init("name", .string("digits")),
            .init("dataset", .string(dataset)),
            .init(
                "tasks",
                .array(
                    tasks.map { task in
                        .object([
                            .init("name", .string(task)), .init("target", .string(task)),
                            .init("type", .string("classification")),
                        ])
                    })),
            .init(
                "model",
                .object([
                    .init(
                        "encoder",
                        .object([.init("type", .string("mlp")), .init("hidden", JSONValue([256, 128]))]))
                ])),
            .init(
                "weighting",
                .object([
                    .init("strategy", .string("adaptive")), .init("form", .string("ratio")),
                    .init("cadence", .string("epoch")),
                ])),
            .init("epochs", .integer(20)),
            .init("seed", .integer(Int64(seed))),
        ])
    }

    private func summarise(_ rows: [EpochRow]) {
        guard let first = rows.first, let last = rows.last else { return }
        print(
            "\ntask      first weight   last weight   train loss   validation loss   validation accuracy")
        for (before, after) in zip(first.tasks, last.tasks) {
            print(
                after.name.padded(to: 8), before.weight.fixed(4, width: 14),
                after.weight.fixed(4, width: 13),
                after.trainLoss.fixed(4, width: 12), after.validationLoss.fixed(4, width: 17),
                after.metric.fixed(4, width: 21), separator: "")
        }
    }
}
