package import Jobs

/// The metric a task is judged by.
package struct ComparedMetric: Sendable, Hashable {
    package let task: String
    package let metric: String

    package init(task: String, metric: String) {
        self.task = task
        self.metric = metric
    }

    /// The metric of a kind of task: accuracy for one label a row, macro F1 for several, root mean squared error for numbers.
    package init(_ task: TaskSpec) {
        self.init(task: task.name, metric: Self.standard(task.kind))
    }

    private static func standard(_ kind: TaskSpec.Kind) -> String {
        switch kind {
        case .classification, .binary: "accuracy"
        case .multilabel: "macro_f1"
        case .regression: "rmse"
        }
    }

    private static let lowerIsBetterMetrics: Set = ["rmse", "mae", "loss"]

    /// Errors and losses are better when lower, all other metrics when higher.
    package var lowerIsBetter: Bool { Self.lowerIsBetterMetrics.contains(metric) }

    /// The value with its sign such that larger is better.
    func score(_ value: Double) -> Double { lowerIsBetter ? -value : value }
}
