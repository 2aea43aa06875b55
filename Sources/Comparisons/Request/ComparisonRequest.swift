package import Jobs

/// One question, "did it help?", as a set of training runs.
package struct ComparisonRequest: Sendable {
    package static let runsMax = 2_000
    /// Of all runs' spec documents together.
    package static let specBytesMax = 64 << 20
    package static let strategiesMax = 64
    package static let seedsMax = 100
    /// When the request names none.
    package static let seedsDefault = 5
    package static let learningRatesMax = 16
    package static let minimumEffectsMax = 1_000
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
    /// What the report must know of the request.
    package let terms: ComparisonTerms
    /// Arm by arm, learning rate by learning rate, seed by seed.
    package let runs: [Run]

    /// Reads `{name, base, strategies, seeds, baselines, learning_rates, static_grid, minimum_effect}`; every problem is
    /// found in one go.
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
        let tasks = whole.tasks.map(\.name)
        for task in plan.minimumEffects.keys.sorted() where !tasks.contains(task) {
            let known = tasks.prefix(20).joined(separator: ", ")
            log.report(pointer("/minimum_effect", task), "is no task of the base; its tasks are \(known)")
        }
        guard log.problems.isEmpty else { throw InvalidSpec(problems: log.problems) }
        runs = plan.expand(whole, in: surroundings, log)
        guard log.problems.isEmpty else { throw InvalidSpec(problems: log.problems) }
        name = plan.name
        var terms = ComparisonTerms(metrics: whole.tasks.map(ComparedMetric.init))
        terms.minimumEffects = plan.minimumEffects
        terms.isScaleInvariant = whole.optimizer.isScaleInvariant
        terms.areRatesTuned = plan.learningRates.count > 1
        self.terms = terms
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
