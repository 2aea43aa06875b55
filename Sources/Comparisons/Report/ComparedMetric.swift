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

    private static let lowerIsBetterMetrics: Set = ["rmse", "mae", "loss", "log_loss"]
    private static let rowCountingMetrics: Set = [
        "accuracy", "balanced_accuracy", "top5_accuracy", "macro_f1", "micro_f1", "f1", "precision", "recall",
    ]

    /// Errors and losses are better when lower, all other metrics when higher.
    package var lowerIsBetter: Bool { Self.lowerIsBetterMetrics.contains(metric) }

    /// Whether the metric is made of how many rows were right and wrong, so that it moves in steps.
    package var countsRows: Bool { Self.rowCountingMetrics.contains(metric) }

    /// The value with its sign such that larger is better.
    func score(_ value: Double) -> Double { lowerIsBetter ? -value : value }

    /// The smallest difference that matters where the request names none: .005 for metrics between 0 and 1, 1 % of the mean
    /// of equal weights for errors; nil while equal weights have no value.
    func standardEffect(equalMean: Double?) -> Double? {
        lowerIsBetter ? equalMean.map { abs($0) / 100 } : 0.005
    }
}
