import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// What a run shows epoch by epoch: `/epochs`, `/task-weights`.
struct EpochsResource: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    var routes: [Route] {
        [
            Route(
                .get, "/v1/jobs/{id}/epochs", scope: .read, query: APIRequest.tailParameters,
                .blocking(epochs)),
            Route(.get, "/v1/jobs/{id}/task-weights", scope: .read, .blocking(taskWeights)),
        ]
    }

    private func epochs(_ request: APIRequest) throws -> Handled {
        let (job, tail) = (try request.identifier(.job), try request.tail())
        let records = try services.store.epochs(
            of: job, owner: request.principal.visibleOwner, since: tail.after, limit: tail.limit)
        let page = tail.page(records, position: \.epoch)
        switch try request.negotiate([.json, .csv]) {
        case .csv: return .reply(Reply(bytes: Self.csv(page.items), type: .csv))
        default: return .reply(request.list(page) { $1.value($0) })
        }
    }

    /// One row per epoch and task.
    private static func csv(_ records: [EpochRecord]) -> [UInt8] {
        let metrics = Set(records.flatMap { $0.tasks.flatMap(\.metrics.keys) }).sorted()
        var writer = CSVWriter()
        writer.row(
            [
                "epoch", "attempt", "learning_rate", "seconds", "task", "weight", "weight_share", "train_loss",
                "validation_loss",
            ]
                + metrics)
        for record in records {
            for task in record.tasks {
                let numbers =
                    [task.weight, task.weightShare, task.trainLoss, task.validationLoss]
                    + metrics.map { task.metrics[$0] ?? nil }
                writer.row(
                    [
                        String(record.epoch), String(record.attempt), CSVWriter.text(record.learningRate),
                        CSVWriter.text(record.seconds), task.name,
                    ] + numbers.map(CSVWriter.text))
            }
        }
        return writer.bytes
    }

    private func taskWeights(_ request: APIRequest) throws -> Handled {
        let job = try request.identifier(.job)
        var weights = try services.store.taskWeights(of: job, owner: request.principal.visibleOwner)
        if weights.tasks.isEmpty {
            // Nothing is recorded yet, but which tasks there will be is known.
            let spec = try services.store.job(job, owner: request.principal.visibleOwner).decodedSpec()
            weights.tasks = spec.tasks.map(\.name)
        }
        switch try request.negotiate([.json, .csv]) {
        case .csv: return .reply(Reply(bytes: Self.csv(weights), type: .csv))
        default: return .reply(Self.json(weights))
        }
    }

    private static func json(_ weights: TaskWeights) -> Reply {
        Reply.json { writer in
            writer.object { writer in
                writer.name("tasks")
                writer.value(JSONValue(weights.tasks))
                writer.name("epochs")
                writer.value(JSONValue(weights.epochs))
                writer.name("weights")
                writer.value(matrix: weights.weights)
            }
        }
    }

    private static func csv(_ weights: TaskWeights) -> [UInt8] {
        var writer = CSVWriter()
        writer.row(["epoch"] + weights.tasks)
        for (epoch, row) in zip(weights.epochs, weights.weights) {
            writer.row([String(epoch)] + row.map(CSVWriter.text))
        }
        return writer.bytes
    }
}
