import GRDB
package import Jobs

/// The weights of all tasks over a job's epochs.
package struct TaskWeights: Sendable, Hashable {
    package var tasks: [String]
    package var epochs: [Int]
    /// `[epoch][task]`; nil where a task had no label.
    package var weights: [[Double?]]

    package init(tasks: [String], epochs: [Int], weights: [[Double?]]) {
        self.tasks = tasks
        self.epochs = epochs
        self.weights = weights
    }
}

extension Store {
    /// Epochs behind `since`, in order.
    package func epochs(
        of id: Identifier, owner: String?, since: Int, limit: Int
    ) throws(StoreError) -> [EpochRecord] {
        try read { database in
            try database.snapshot {
                let number = try Self.number(of: id, owner: owner, in: database)
                return try Self.epochs(
                    of: number, from: since == Int.max ? since : since + 1, limit: limit, in: database)
            }
        }
    }

    /// The newest epoch that is recorded; 0 when there is none.
    package func lastEpoch(of id: Identifier, owner: String?) throws(StoreError) -> Int {
        try read { database in
            let number = try Self.number(of: id, owner: owner, in: database)
            return try database.integer("SELECT max(epoch) FROM epochs WHERE job = ?", [number]) ?? 0
        }
    }

    package func taskWeights(of id: Identifier, owner: String?) throws(StoreError) -> TaskWeights {
        try read { database in
            try database.snapshot {
                let number = try Self.number(of: id, owner: owner, in: database)
                var result = TaskWeights(tasks: [], epochs: [], weights: [])
                let rows = try database.rows(
                    "SELECT epoch, name, weight FROM epoch_tasks WHERE job = ? ORDER BY epoch, position", [number]
                ) { (epoch: try $0.integer(), task: try $0.text(), weight: try $0.optionalNumber()) }
                for row in rows {
                    if row.epoch == rows.first?.epoch { result.tasks.append(row.task) }
                    if row.epoch != result.epochs.last {
                        result.epochs.append(row.epoch)
                        result.weights.append([])
                    }
                    result.weights[result.weights.count - 1].append(row.weight)
                }
                return result
            }
        }
    }

    static func epochs(of job: Int, from first: Int, limit: Int, in database: Database) throws -> [EpochRecord] {
        var records = try database.rows(
            """
            SELECT epoch, attempt, learning_rate, seconds, samples_per_second, train_loss, validation_loss,
                gradient_norm, strategy, backward_passes, solver_fallbacks, gradient_cosine
            FROM epochs WHERE job = ? AND epoch >= ? ORDER BY epoch LIMIT ?
            """, [job, first, limit], Self.epoch)
        guard let last = records.last?.epoch else { return [] }
        let tasks = try database.rows(
            """
            SELECT epoch, name, weight, weight_share, train_loss, validation_loss, metrics, gradient_norm,
                best
            FROM epoch_tasks WHERE job = ? AND epoch BETWEEN ? AND ? ORDER BY epoch, position
            """, [job, first, last], Self.epochTask)
        var index = 0
        for (epoch, task) in tasks {
            while index < records.count, records[index].epoch != epoch { index += 1 }
            guard index < records.count else { throw StoreError.corrupt("tasks of an epoch that is not there") }
            records[index].tasks.append(task)
        }
        return records
    }

    private static func epoch(_ columns: inout Columns) throws -> EpochRecord {
        let (epoch, attempt, rate) = (try columns.integer(), try columns.integer(), try columns.number())
        let (seconds, samplesPerSecond) = (try columns.number(), try columns.number())
        let (trainLoss, validationLoss) = (try columns.optionalNumber(), try columns.optionalNumber())
        let (norm, strategy) = (try columns.optionalNumber(), try columns.text())
        let (passes, fallbacks) = (try columns.optionalInteger(), try columns.optionalInteger())
        let cosine = try columns.optionalJSON()?.elements?.map { ($0.elements ?? []).map(\.double) }
        return EpochRecord(
            epoch: epoch, attempt: attempt, learningRate: rate, seconds: seconds, samplesPerSecond: samplesPerSecond,
            trainLoss: trainLoss, validationLoss: validationLoss, gradientNorm: norm, tasks: [], strategy: strategy,
            gradientCosine: cosine, backwardPasses: passes, solverFallbacks: fallbacks)
    }

    private static func epochTask(_ columns: inout Columns) throws -> (epoch: Int, task: EpochRecord.Task) {
        let (epoch, name) = (try columns.integer(), try columns.text())
        let (weight, share) = (try columns.optionalNumber(), try columns.optionalNumber())
        let (trainLoss, validationLoss) = (try columns.optionalNumber(), try columns.optionalNumber())
        let metrics = try columns.json().numbers()
        return (
            epoch,
            EpochRecord.Task(
                name: name, weight: weight, weightShare: share, trainLoss: trainLoss, validationLoss: validationLoss,
                metrics: metrics, gradientNorm: try columns.optionalNumber(),
                best: try columns.optionalJSON().flatMap(TaskBest.init(json:)))
        )
    }
}
