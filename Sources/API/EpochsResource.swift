import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// What a run shows epoch by epoch: `/epochs`, `/task-weights`.
struct EpochsResource: Sendable {
    private let services: Services

    /// Epochs read for one answer that is thinned out to `max_points`.
    private static let epochsReadMax = 20_000
    private static let pointsMax = 10_000
    private static let namesLengthMax = 500

    init(_ services: Services) {
        self.services = services
    }

    var routes: [Route] {
        [
            Route(
                .get, "/v1/jobs/{id}/epochs", scope: .read,
                query: APIRequest.tailParameters + ["max_points", "names"], offers: [.json, .csv], .blocking(epochs)),
            Route(
                .get, "/v1/jobs/{id}/task-weights", scope: .read, query: ["since", "max_points", "names"],
                offers: [.json, .csv], .blocking(taskWeights)),
        ]
    }

    // MARK: - Epochs

    private func epochs(_ request: APIRequest) throws -> Handled {
        let type = try request.negotiated()
        let (tail, points) = (try request.tail(), try maxPoints(request))
        let isRaw = try request.wantsRaw()
        let limit = points == nil ? tail.limit : Self.epochsReadMax + 1
        let reply = try request.whileUnchanged(services, type) { job, owner in
            try tail.check(newest: services.store.lastEpoch(of: job, owner: owner))
            let records = try services.store.epochs(of: job, owner: owner, since: tail.after, limit: limit)
            var page = tail.page(records, size: limit - 1, position: \.epoch)
            page.items = try Self.select(request.query["names"], from: page.items)
            if let points { page.items = Self.thinned(page.items, to: points) }
            return type == .csv
                ? Reply(bytes: Self.csv(page.items, isRaw: isRaw), type: .csv) : request.items(page) { $1.value($0) }
        }
        return .reply(reply)
    }

    private func maxPoints(_ request: APIRequest) throws(APIError) -> Int? {
        try request.query.integer("max_points", in: 2...1_000_000_000).map { min($0, Self.pointsMax) }
    }

    /// Only the tasks of those names, separated by commas.
    private static func select(_ names: String?, from records: [EpochRecord]) throws(APIError) -> [EpochRecord] {
        guard let names, let known = records.last?.tasks.map(\.name) else { return records }
        let wanted = try wantedNames(names, known: known)
        return records.map { record in
            var record = record
            record.tasks = record.tasks.filter { wanted.contains($0.name) }
            return record
        }
    }

    private static func wantedNames(_ names: String, known: [String]) throws(APIError) -> Set<String> {
        guard names.unicodeScalars.count <= namesLengthMax else {
            throw APIError(.malformedRequest, "names may have at most \(namesLengthMax) characters")
        }
        let wanted = Set(names.unicodeScalars.split(separator: ",").map(String.init))
        guard wanted.isSubset(of: known) else {
            let list = known.joined(separator: ", ")
            throw APIError(.malformedRequest, "names must be among the job's tasks, \(list)")
        }
        return wanted
    }

    private static func thinned(_ records: [EpochRecord], to most: Int) -> [EpochRecord] {
        let tasks = records.last?.tasks.count ?? 0
        var series = [records.map(\.trainLoss), records.map(\.validationLoss)]
        for task in 0..<tasks {
            let values = records.map { task < $0.tasks.count ? $0.tasks[task] : nil }
            series += [values.map { $0?.weight }, values.map { $0?.trainLoss }, values.map { $0?.validationLoss }]
        }
        return Downsampling.rows(of: series, count: records.count, most: most).map { records[$0] }
    }

    /// One row per epoch and task.
    private static func csv(_ records: [EpochRecord], isRaw: Bool) -> [UInt8] {
        let metrics = Set(records.flatMap { $0.tasks.flatMap(\.metrics.keys) }).sorted()
        let columns = [
            "epoch", "attempt", "learning_rate", "seconds", "task", "weight", "weight_share", "train_loss",
            "validation_loss",
        ]
        var writer = CSVWriter(isRaw: isRaw)
        writer.row((columns + metrics).map { .text($0) })
        for record in records {
            for task in record.tasks {
                let numbers =
                    [task.weight, task.weightShare, task.trainLoss, task.validationLoss]
                    + metrics.map { task.metrics[$0] ?? nil }
                writer.row(
                    [
                        .integer(record.epoch), .integer(record.attempt), .number(record.learningRate),
                        .number(record.seconds), .text(task.name),
                    ] + numbers.map { .number($0) })
            }
        }
        return writer.bytes
    }

    // MARK: - Task weights

    private func taskWeights(_ request: APIRequest) throws -> Handled {
        let type = try request.negotiated()
        let tail = try request.tail()
        let points = try maxPoints(request) ?? Self.pointsMax
        let isRaw = try request.wantsRaw()
        let reply = try request.whileUnchanged(services, type) { job, owner in
            var weights = try services.store.taskWeights(of: job, owner: owner)
            if weights.tasks.isEmpty {
                // Nothing is recorded yet, but which tasks there will be is known.
                weights.tasks = try services.store.job(job, owner: owner).decodedSpec().tasks.map(\.name)
            }
            try tail.check(newest: weights.epochs.last ?? 0)
            weights.drop(through: tail.after)
            if let names = request.query["names"] {
                weights.keep(tasks: try Self.wantedNames(names, known: weights.tasks))
            }
            weights.thin(to: points)
            return type == .csv ? Reply(bytes: Self.csv(weights, isRaw: isRaw), type: .csv) : Self.json(weights)
        }
        return .reply(reply)
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

    private static func csv(_ weights: TaskWeights, isRaw: Bool) -> [UInt8] {
        var writer = CSVWriter(isRaw: isRaw)
        writer.row((["epoch"] + weights.tasks).map { .text($0) })
        for (epoch, row) in zip(weights.epochs, weights.weights) {
            writer.row([.integer(epoch)] + row.map { .number($0) })
        }
        return writer.bytes
    }
}

extension TaskWeights {
    fileprivate mutating func drop(through since: Int) {
        let first = epochs.firstIndex { $0 > since } ?? epochs.count
        epochs.removeFirst(first)
        weights.removeFirst(first)
    }

    fileprivate mutating func keep(tasks wanted: Set<String>) {
        let columns = tasks.indices.filter { wanted.contains(tasks[$0]) }
        tasks = columns.map { tasks[$0] }
        weights = weights.map { row in columns.map { $0 < row.count ? row[$0] : nil } }
    }

    fileprivate mutating func thin(to most: Int) {
        let series = tasks.indices.map { task in weights.map { task < $0.count ? $0[task] : nil } }
        let rows = Downsampling.rows(of: series, count: epochs.count, most: most)
        epochs = rows.map { epochs[$0] }
        weights = rows.map { weights[$0] }
    }
}
