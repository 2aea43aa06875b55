package import Jobs

/// One question, "did it help?", as a set of training runs.
package struct ComparisonRequest: Sendable {
    package static let runsMax = 2_000
    /// Of all runs' spec documents together.
    package static let specBytesMax = 64 << 20
    package static let strategiesMax = 64
    package static let seedsMax = 100
    package static let learningRatesMax = 16
    package static let gridDivisionsMax = 20
    /// Beside other jobs a comparison's wait; a base with a lower priority of its own keeps it.
    package static let priority = -10

    package enum Baseline: String, Sendable, CaseIterable {
        case singleTask = "single_task"
        case equal, random
    }

    /// One run: which it is, the spec document of its job, and that document read.
    package struct Run: Sendable {
        package var key: RunKey
        package var document: JSONValue
        package var spec: TrainingSpec
    }

    package let name: String?
    /// The tasks in order, with what each is judged by.
    package let metrics: [ComparedMetric]
    /// Arm by arm, learning rate by learning rate, seed by seed.
    package let runs: [Run]

    /// Reads `{name, base, strategies, seeds, baselines, learning_rates, static_grid}`; every problem is found in one go.
    ///
    /// The base's own `weighting` and `seed` give way to those compared. Task weights in the base are those of strategy
    /// `static`. `surroundings` are those of the base's data set, as for a job.
    package init(decoding json: JSONValue, in surroundings: SpecSurroundings?) throws(InvalidSpec) {
        let log = RequestLog()
        let plan = ComparisonPlan(json, log)
        let whole: TrainingSpec
        do throws(InvalidSpec) {
            whole = try TrainingSpec(decoding: plan.whole, at: "/base", in: surroundings)
        } catch {
            // Without a base to read, its problems say nothing.
            if plan.base != .null { error.problems.forEach(log.report) }
            throw InvalidSpec(problems: log.problems)
        }
        guard log.problems.isEmpty else { throw InvalidSpec(problems: log.problems) }
        runs = plan.expand(whole, in: surroundings, log)
        guard log.problems.isEmpty else { throw InvalidSpec(problems: log.problems) }
        name = plan.name
        metrics = whole.tasks.map(ComparedMetric.init)
    }
}

/// What is wrong with a request, each thing once.
final class RequestLog {
    private var list = ProblemList()

    var problems: [Problem] { list.problems }

    /// Nothing more is kept; whoever looks for problems may stop.
    var isFull: Bool { list.isFull }

    func report(_ pointer: String, _ detail: String) {
        report(Problem(pointer: pointer, detail: detail))
    }

    func report(_ problem: Problem) {
        if !isFull, !list.problems.contains(problem) { list.add(problem) }
    }
}
