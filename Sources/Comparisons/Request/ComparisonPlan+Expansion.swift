import Jobs
import Weighting

extension ComparisonPlan {
    /// Every run, each with its spec read and checked like any job's.
    ///
    /// - Parameter whole: the base with equal weights, which says the tasks' names.
    func expand(_ whole: TrainingSpec, in surroundings: SpecSurroundings?, _ log: RequestLog)
        -> [ComparisonRequest.Run]
    {
        let arms = arms(whole.tasks.map(\.name))
        let rates: [Double?] = learningRates.isEmpty ? [nil] : learningRates
        let count = arms.count * rates.count * seeds.count
        guard count <= ComparisonRequest.runsMax else {
            log.report("", "this would be \(count) runs; at most \(ComparisonRequest.runsMax) are taken")
            return []
        }
        let inputs = inputs(whole, in: surroundings)
        guard fits(runs: count, inputs: inputs, log) else { return [] }
        var runs: [ComparisonRequest.Run] = []
        // Seed by seed: what slows the machine for a while slows every strategy, and the first seed shows early.
        for seed in seeds where !log.isFull {
            for arm in arms {
                for (index, rate) in rates.enumerated() {
                    let key = RunKey(arm: arm.arm, seed: UInt64(seed), learningRate: rate)
                    let document = document(key, arm, inputs: inputs)
                    if let run = run(key, arm, document, rate: index, in: surroundings, log) { runs.append(run) }
                }
            }
        }
        return runs
    }

    /// Every run keeps its spec: a long base must have few runs.
    private func fits(runs count: Int, inputs: JSONValue?, _ log: RequestLog) -> Bool {
        let bytesEach = base.encoded.count + (inputs?.encoded.count ?? 0)
        let (bytes, overflows) = bytesEach.multipliedReportingOverflow(by: count)
        guard overflows || bytes > ComparisonRequest.specBytesMax else { return true }
        log.report(
            "/base",
            "\(count) runs with specs of \(bytesEach) bytes exceed the \(ComparisonRequest.specBytesMax) bytes that all specs of a comparison may have"
        )
        return false
    }

    private struct PlannedArm {
        let arm: Arm
        let weighting: JSONValue
        /// Where the request says this weighting; nil where it comes from a baseline or the grid.
        let pointer: String?
        var taskWeights: [Double]?
        /// The task of a single-task run, by its place.
        var onlyTask: Int?
    }

    /// Baselines first, then the strategies, then the grid; a baseline that is also a strategy stands once. The random
    /// baseline is named `random`, or with its scale where that is the name of a strategy.
    private func arms(_ tasks: [String]) -> [PlannedArm] {
        var arms: [PlannedArm] = []
        if baselines.contains(.singleTask) {
            arms = tasks.enumerated().map { index, name in
                PlannedArm(arm: .singleTask(name), weighting: Self.equal, pointer: nil, onlyTask: index)
            }
        }
        for (index, strategy) in strategies.enumerated() {
            let arm = Arm.strategy(Self.label(strategy))
            arms.append(PlannedArm(arm: arm, weighting: strategy, pointer: pointer("/strategies", index)))
        }
        let asked = arms.filter { $0.onlyTask == nil }.map(\.arm.label)
        for (baseline, weighting) in [(ComparisonRequest.Baseline.random, Self.random), (.equal, Self.equal)] {
            let label = Self.label(weighting)
            guard baselines.contains(baseline), !asked.contains(label) else { continue }
            let position = arms.firstIndex { $0.onlyTask == nil } ?? arms.count
            let short = asked.contains(baseline.rawValue) ? label : baseline.rawValue
            let arm = baseline == .equal ? Arm.equal : .baseline(short)
            arms.insert(PlannedArm(arm: arm, weighting: weighting, pointer: nil), at: position)
        }
        for weights in gridDivisions.map(gridPoints) ?? [] {
            arms.append(PlannedArm(arm: .grid(weights), weighting: Self.fixed, pointer: nil, taskWeights: weights))
        }
        return arms
    }

    private static let equal = JSONValue.object([.init("strategy", .string("equal"))])
    /// Its weights sum to the number of tasks, so that it trains at the same learning rate as equal weights.
    private static let random = JSONValue.object([.init("strategy", .string("random")), .init("scale", .string("n"))])
    private static let fixed = JSONValue.object([.init("strategy", .string("static"))])

    /// The strategy's name and the parameters it was given that are not the defaults: `adaptive(form=softmax)`.
    private static func label(_ weighting: JSONValue) -> String {
        let strategy = weighting["strategy"] ?? .null
        let standard = try? WeightingConfiguration(decoding: .object([.init("strategy", strategy)]), at: "", tasks: [])
        let parameters = (weighting.members ?? []).filter { member in
            guard member.name != "strategy", member.value != .null else { return false }
            let alone = JSONValue.object([.init("strategy", strategy), member])
            return (try? WeightingConfiguration(decoding: alone, at: "", tasks: [])) != standard
        }
        let name = weighting["strategy"]?.text ?? WeightingConfiguration.standard.strategy
        guard !parameters.isEmpty else { return name }
        let given = parameters.map {
            "\($0.name)=\($0.value.text ?? String(decoding: $0.value.encoded, as: UTF8.self))"
        }
        return "\(name)(\(given.joined(separator: ",")))"
    }

    /// The inner points of the simplex grid, scaled to sum to the number of tasks.
    private func gridPoints(_ divisions: Int) -> [[Double]] {
        let tasks = base["tasks"]?.elements?.count ?? 0
        func parts(_ total: Int, _ count: Int) -> [[Int]] {
            guard count > 1 else { return [[total]] }
            return (1...max(1, total - count + 1)).flatMap { first in
                parts(total - first, count - 1).map { [first] + $0 }
            }
        }
        return parts(divisions, tasks).map { point in
            point.map { Double($0 * tasks) / Double(divisions) }
        }
    }

    private func run(
        _ key: RunKey, _ arm: PlannedArm, _ document: JSONValue, rate: Int, in surroundings: SpecSurroundings?,
        _ log: RequestLog
    ) -> ComparisonRequest.Run? {
        do {
            let spec = try TrainingSpec(decoding: document, at: "/base", in: surroundings)
            return ComparisonRequest.Run(key: key, document: document, spec: spec)
        } catch {
            for problem in error.problems { log.report(relocated(problem, arm, rate: rate)) }
            return nil
        }
    }

    /// A problem with a strategy or a learning rate is the problem of the request's lists of them, not the base's.
    private func relocated(_ problem: Problem, _ arm: PlannedArm, rate: Int) -> Problem {
        var problem = problem
        if !learningRates.isEmpty, problem.pointer == "/base/optimizer/learning_rate" {
            problem.pointer = pointer("/learning_rates", rate)
        }
        let prefix = "/base/weighting"
        if let pointer = arm.pointer, problem.pointer == prefix || problem.pointer.hasPrefix(prefix + "/") {
            problem.pointer = pointer + problem.pointer.dropFirst(prefix.count)
        }
        return problem
    }

    /// The base with this run's weighting, seed, learning rate, tasks and priority.
    private func document(_ key: RunKey, _ arm: PlannedArm, inputs: JSONValue?) -> JSONValue {
        var document = base.setting("weighting", to: arm.weighting).setting(
            "seed", to: JSONValue(Int(exactly: key.seed)))
        document = document.setting("tasks", to: tasks(arm)).setting("name", to: .string(jobName(key)))
        // A priority that is no number stays, to be refused.
        if (base["priority"] ?? .null) == .null || base["priority"]?.int != nil {
            let own = base["priority"]?.int ?? 0
            document = document.setting("priority", to: JSONValue(min(own, ComparisonRequest.priority)))
        }
        if let rate = key.learningRate {
            let optimizer = base["optimizer"].flatMap { $0 == .null ? nil : $0 } ?? .object([])
            document = document.setting("optimizer", to: optimizer.setting("learning_rate", to: .number(rate)))
        }
        guard arm.onlyTask != nil else { return document }
        if let inputs { document = document.setting("inputs", to: inputs) }
        // Another task's metric cannot stop this one; its own validation loss does.
        if let stopping = document["early_stopping"], stopping["monitor"]?["task"] != nil {
            document = document.setting("early_stopping", to: stopping.removing("monitor"))
        }
        return document
    }

    /// The inputs of the whole network, so that a single-task network is not fed the other tasks' targets; nil where the
    /// base names its inputs, or they are no columns.
    private func inputs(_ whole: TrainingSpec, in surroundings: SpecSurroundings?) -> JSONValue? {
        guard whole.inputColumns == nil, let schema = surroundings?.dataset(whole.dataset), schema.format != .npz
        else { return nil }
        if case .text = whole.model.encoder { return nil }
        let targets = Set(whole.tasks.flatMap(\.targets))
        let columns = schema.columns.map(\.name).filter { !targets.contains($0) }
        let own = base["inputs"].flatMap { $0 == .null ? nil : $0 } ?? .object([])
        return own.setting("columns", to: .array(columns.map(JSONValue.string)))
    }

    /// The base with equal weights, as the other runs are made of it.
    var whole: JSONValue {
        let arm = PlannedArm(arm: .equal, weighting: Self.equal, pointer: nil)
        return document(RunKey(arm: .equal, seed: 1, learningRate: nil), arm, inputs: nil)
    }

    /// Task weights are for strategy `static` alone; a single-task run keeps its own task.
    private func tasks(_ arm: PlannedArm) -> JSONValue {
        guard let tasks = base["tasks"]?.elements else { return base["tasks"] ?? .null }
        if let only = arm.onlyTask, tasks.indices.contains(only) {
            return .array([tasks[only].removing("weight")])
        }
        if let weights = arm.taskWeights {
            return .array(zip(tasks, weights).map { $0.setting("weight", to: .number($1)) })
        }
        guard arm.weighting["strategy"]?.text != "static" else { return .array(tasks) }
        return .array(tasks.map { $0.removing("weight") })
    }

    /// `digits: adaptive, seed 2`, cut to what a job's name may have.
    private func jobName(_ key: RunKey) -> String {
        var label = key.arm.label
        if case .singleTask(let task) = key.arm { label += "(\(task))" }
        let rate = key.learningRate.map { ", learning rate \($0)" } ?? ""
        let whole = "\(name ?? "comparison"): \(label), seed \(key.seed)\(rate)"
        return String(whole.unicodeScalars.prefix(TrainingSpec.nameLengthMax))
    }
}

extension JSONValue {
    /// The object with one member replaced, or added at its end.
    fileprivate func setting(_ name: String, to value: JSONValue) -> JSONValue {
        guard var members else { return self }
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].value = value
        } else {
            members.append(.init(name, value))
        }
        return .object(members)
    }

    fileprivate func removing(_ name: String) -> JSONValue {
        members.map { .object($0.filter { $0.name != name }) } ?? self
    }
}
