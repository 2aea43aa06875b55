import Jobs
import Kernels

/// Where a run stands, apart from its parameters: what a checkpoint keeps beside them.
struct RunState: Sendable {
    /// Epochs finished.
    var epoch = 0
    /// Mini-batches done in the epoch after those.
    var batch = 0
    /// The running epoch, from its training forwards as they ran.
    var losses: [LossSum]
    var gradientNorms = 0.0
    var steps = 0
    var trunkBackwards = 0
    var samples = 0
    var diagnostics: GradientDiagnostics
    var epochSeconds = 0.0
    /// Of the processor.
    var epochCPUSeconds = 0.0
    /// Over all attempts.
    var totalSeconds = 0.0
    var best: Best?
    /// By task, the best value of its first metric and the epoch that had it.
    var bestOfTask: [Best?]
    var epochsSinceBest = 0

    /// An epoch and the monitored value that made it the best.
    struct Best: Sendable, Hashable {
        var epoch: Int
        var value: Double
    }

    init(tasks: Int) {
        losses = Array(repeating: LossSum(), count: tasks)
        diagnostics = GradientDiagnostics(tasks: tasks)
        bestOfTask = Array(repeating: nil, count: tasks)
    }

    mutating func add<Number>(_ report: TrainingStep<Number>.Report, rows: Int, batches: Int) {
        for (task, loss) in report.losses.enumerated() { losses[task] += loss }
        gradientNorms += report.gradientNorm
        trunkBackwards += report.trunkBackwards
        steps += 1
        samples += rows
        batch += batches
        if let gramian = report.gramian {
            diagnostics.add(gramian, labelled: report.losses.map { $0.normaliser > 0 })
        }
    }

    /// Starts the next epoch.
    mutating func finishEpoch() {
        epoch += 1
        batch = 0
        losses = losses.map { _ in LossSum() }
        diagnostics = GradientDiagnostics(tasks: losses.count)
        gradientNorms = 0
        steps = 0
        trunkBackwards = 0
        samples = 0
        epochSeconds = 0
        epochCPUSeconds = 0
    }

    /// The mean training losses of the running epoch; nil for a task without a label.
    var meanLosses: [Double?] {
        losses.map { $0.normaliser > 0 ? $0.mean : nil }
    }
}

/// What decides which epoch is the best.
struct Monitor: Sendable {
    let spec: EarlyStoppingSpec.Monitor

    init(_ spec: EarlyStoppingSpec?) {
        self.spec = spec?.monitor ?? .validationLoss
    }

    /// The monitored value of an evaluation; nil where it is not defined.
    func value(_ evaluation: Evaluation, tasks: [TaskPlan]) -> Double? {
        switch spec {
        case .validationLoss:
            return evaluation.totalLoss
        case .metric(let task, let metric):
            guard let index = tasks.firstIndex(where: { $0.name == task }) else { return nil }
            if metric == "validation_loss" { return evaluation.losses[index].mean }
            return evaluation.metrics[index][metric] ?? nil
        }
    }

    func isBetter(_ value: Double, than best: Double?) -> Bool {
        guard let best else { return true }
        switch spec {
        case .validationLoss: return value < best
        case .metric(_, let metric): return Self.isBetter(metric, value, than: best)
        }
    }

    /// Losses and errors fall, everything else rises.
    static func isBetter(_ metric: String, _ value: Double, than best: Double) -> Bool {
        ["validation_loss", "rmse", "mae"].contains(metric) ? value < best : value > best
    }
}
