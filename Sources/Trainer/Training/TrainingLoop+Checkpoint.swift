import Jobs
import Kernels
import Weighting

extension TrainingLoop {
    /// The run's complete state. What follows from the setup (orders, random streams) is not in it: those are functions
    /// of the seed and of where the run stands.
    func checkpoint(_ kind: Checkpoint.Kind) -> Checkpoint {
        var writer = ArchiveWriter(
            .checkpoint,
            metadata: .object([
                .init("parameters", step.network.plan.json),
                .init("weighting", step.weighting.configuration.json),
                .init("best", bestEvaluation.map { .array($0.metrics.map(JSONValue.init(metrics:))) } ?? .null),
            ]))
        writer.add("parameters", lent: UnsafeBufferPointer(step.network.parameters.span))
        writer.add("statistics", lent: UnsafeBufferPointer(step.network.statistics.span))
        writer.add("optimizer.first", lent: UnsafeBufferPointer(step.optimizer.first.span))
        writer.add("optimizer.second", lent: UnsafeBufferPointer(step.optimizer.second.span))
        if let bestEvaluation {
            writer.add("best.parameters", lent: UnsafeBufferPointer(bestParameters.span))
            writer.add("best.statistics", lent: UnsafeBufferPointer(bestStatistics.span))
            writer.add("best.losses", doubles: bestEvaluation.losses.flatMap { [$0.sum, $0.normaliser] })
        }
        let weighting = step.weighting.state
        for (name, numbers) in weighting.numbers.sorted(by: { $0.key < $1.key }) {
            writer.add("weighting.numbers.\(name)", doubles: numbers)
        }
        for (name, vectors) in weighting.vectors.sorted(by: { $0.key < $1.key }) {
            writer.add("weighting.vectors.\(name)", floats: vectors)
        }
        writer.add("run.integers", integers: state.integers + [Int64(step.optimizer.steps)])
        writer.add("run.doubles", doubles: state.doubles)
        writer.add("run.processor", doubles: [state.epochCPUSeconds])
        writer.add("run.diagnostics", doubles: state.diagnostics.sums + state.diagnostics.counts)
        return Checkpoint(
            kind: kind, epoch: state.epoch, batch: state.batch, step: step.optimizer.steps, content: writer.content())
    }

    /// Sets the parameters and all else to what a checkpoint of the same job holds.
    ///
    /// - Throws: `ArchiveError` or what the weighting throws; the run is then not to be used.
    func restore(_ bytes: [UInt8]) throws {
        let archive = try Archive(bytes, kind: .checkpoint)
        guard archive.metadata["parameters"] == step.network.plan.json else {
            throw ArchiveError.damaged("it was made for another network")
        }
        try archive.copy("parameters", to: step.network.parameters.span)
        try archive.copy("statistics", to: step.network.statistics.span)
        try archive.copy("optimizer.first", to: step.optimizer.first.span)
        try archive.copy("optimizer.second", to: step.optimizer.second.span)
        try restoreBest(from: archive)
        try restoreWeighting(from: archive)
        var integers = try archive.integers("run.integers", count: state.integers.count + 1)
        step.optimizer.resume(atStep: Int(integers.removeLast()))
        let cells = state.diagnostics.sums.count
        let diagnostics = try archive.doubles("run.diagnostics", count: 2 * cells)
        state.diagnostics.restore(sums: Array(diagnostics[..<cells]), counts: Array(diagnostics[cells...]))
        // Earlier versions did not measure it.
        if archive.names.contains("run.processor") {
            state.epochCPUSeconds = try archive.doubles("run.processor", count: 1)[0]
        }
        try state.restore(integers: integers, doubles: archive.doubles("run.doubles", count: state.doubles.count))
    }

    private func restoreBest(from archive: Archive) throws(ArchiveError) {
        guard let metrics = archive.metadata["best"]?.elements else { return }
        guard metrics.count == setup.tasks.count else { throw .damaged("its best epoch has other tasks") }
        try archive.copy("best.parameters", to: bestParameters.span)
        try archive.copy("best.statistics", to: bestStatistics.span)
        let losses = try archive.doubles("best.losses", count: 2 * setup.tasks.count)
        bestEvaluation = Evaluation(
            losses: setup.tasks.indices.map { LossSum(sum: losses[2 * $0], normaliser: losses[2 * $0 + 1]) },
            metrics: metrics.map(\.metrics))
    }

    private func restoreWeighting(from archive: Archive) throws {
        guard let json = archive.metadata["weighting"] else { throw ArchiveError.damaged("it has no weighting") }
        let configuration = try WeightingConfiguration(decoding: json, at: "", tasks: setup.spec.tasks)
        var saved = StrategyState()
        for name in archive.names {
            if let key = name.suffix(after: "weighting.numbers.") { saved.numbers[key] = try archive.doubles(name) }
            if let key = name.suffix(after: "weighting.vectors.") { saved.vectors[key] = try archive.floats(name) }
        }
        var weighting = try TaskWeighting(configuration, tasks: setup.tasks.map(\.weighted))
        try weighting.restore(saved)
        step.replaceWeighting(weighting)
    }
}

extension RunState {
    /// Everything whole, in a fixed order; −1 stands for "none".
    fileprivate var integers: [Int64] {
        ([epoch, batch, steps, trunkBackwards, samples, epochsSinceBest, best?.epoch ?? -1]
            + bestOfTask.map { $0?.epoch ?? -1 }).map(Int64.init)
    }

    /// Everything else, in a fixed order.
    fileprivate var doubles: [Double] {
        [gradientNorms, epochSeconds, totalSeconds, best?.value ?? .nan] + bestOfTask.map { $0?.value ?? .nan }
            + losses.flatMap { [$0.sum, $0.normaliser] }
    }

    fileprivate mutating func restore(integers: [Int64], doubles: [Double]) throws(ArchiveError) {
        let tasks = losses.count
        let whole = integers.map { Int(truncatingIfNeeded: $0) }
        guard whole[0...5].allSatisfy({ $0 >= 0 }) else { throw .damaged("it counts below 0") }
        (epoch, batch, steps) = (whole[0], whole[1], whole[2])
        (trunkBackwards, samples, epochsSinceBest) = (whole[3], whole[4], whole[5])
        (gradientNorms, epochSeconds, totalSeconds) = (doubles[0], doubles[1], doubles[2])
        best = whole[6] < 0 ? nil : Best(epoch: whole[6], value: doubles[3])
        for task in 0..<tasks {
            bestOfTask[task] = whole[7 + task] < 0 ? nil : Best(epoch: whole[7 + task], value: doubles[4 + task])
            losses[task] = LossSum(sum: doubles[4 + tasks + 2 * task], normaliser: doubles[5 + tasks + 2 * task])
        }
    }
}

extension NetworkPlan {
    /// Names and shapes of the parameters, in their order: what two networks must share to share a checkpoint.
    var json: JSONValue {
        .array(
            (parameters.entries + statistics.entries).map { entry in
                .object([.init("name", .string(entry.plan.name)), .init("shape", JSONValue(entry.plan.shape))])
            })
    }
}

extension JSONValue {
    init(metrics: [String: Double?]) {
        self = .object(metrics.sorted { $0.key < $1.key }.map { Member($0.key, JSONValue($0.value)) })
    }

    /// Names with numbers or null.
    var metrics: [String: Double?] {
        Dictionary((members ?? []).map { ($0.name, $0.value.double) }) { first, _ in first }
    }
}

extension String {
    fileprivate func suffix(after prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
