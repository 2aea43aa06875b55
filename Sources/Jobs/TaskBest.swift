/// The best value that a task's first metric has had on the validation part, and the first epoch that had it.
package struct TaskBest: Sendable, Hashable {
    package var task: String
    package var metric: String
    package var value: Double
    package var epoch: Int

    package init(task: String, metric: String, value: Double, epoch: Int) {
        self.task = task
        self.metric = metric
        self.value = value
        self.epoch = epoch
    }
}

extension TaskBest {
    /// Reads what `json` wrote; nil where it is something else.
    package init?(json: JSONValue) {
        guard let task = json["task"]?.text, let metric = json["metric"]?.text, let value = json["value"]?.double,
            let epoch = json["epoch"]?.int
        else { return nil }
        self.init(task: task, metric: metric, value: value, epoch: epoch)
    }

    package var json: JSONValue {
        .object([
            .init("task", .string(task)), .init("metric", .string(metric)), .init("value", JSONValue(value)),
            .init("epoch", JSONValue(epoch)),
        ])
    }
}
