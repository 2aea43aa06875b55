import Datasets
package import Jobs
import Weighting

/// What training a spec will take, from the schemas alone. Nothing is allocated, however large the sizes are.
package enum MemoryPlan {
    /// What any job takes beside what can be counted: pieces of files, buffers of the libraries, code.
    package static let baseBytes = 16 << 20

    /// Bytes at the peak of a run; `Int.max` where they cannot be counted. The peak is that of the largest phase: reading and
    /// encoding, training, evaluation, a checkpoint to go on from, the model.
    ///
    /// - Parameter schema: of a data set by its identifier; nil where there is none.
    /// - Throws: `DatasetError` with every column the encoding cannot use, here or in another data set, or for a network that the inputs do not fit.
    package static func bytes(_ spec: TrainingSpec, schema: (Identifier) -> DatasetSchema?) throws -> Int {
        guard let main = schema(spec.dataset) else { return 0 }
        let encoding = try EncodingPlan(EncodingRequest(spec), schema: main)
        for (name, holdout) in [("validation", Optional(spec.validation)), ("test", spec.test)] {
            guard case .dataset(let identifier) = holdout, let other = schema(identifier) else { continue }
            try encoding.check(holdout: other, pointer: "/\(name)/dataset")
        }
        let holdouts = spec.datasets.subtracting([spec.dataset]).compactMap(schema)
        let estimate = EncodingEstimate(encoding, holdouts: holdouts)
        let evaluated = [Optional(spec.validation), spec.test].compactMap { $0 }.map { rows(of: $0, main, schema) }
        do {
            let network = try NetworkBytes(spec, estimate, evaluatedRows: evaluated.max() ?? 0)
            let training = try sum(estimate.bytes, network.training, max(network.scores, network.model))
            return try sum(baseBytes, network.checkpoint, max(estimate.peakBytes, training))
        } catch {
            guard case .tooLarge = error else { throw DatasetError("\(error)", pointer: "/model/encoder") }
            return .max
        }
    }

    /// Rows that a holdout has.
    private static func rows(
        of holdout: Holdout, _ main: DatasetSchema, _ schema: (Identifier) -> DatasetSchema?
    ) -> Int {
        switch holdout {
        case .fraction(let fraction, _, let column):
            // One more for each class that the rows are drawn from.
            min(
                main.rows,
                Int(clamping: Int64((Double(main.rows) * fraction).rounded(.up)))
                    + (column.map { main.column(named: $0)?.distinct ?? ColumnProfile.distinctMax } ?? 1))
        case .dataset(let identifier): schema(identifier)?.rows ?? 0
        }
    }
}

/// Bytes that the network of a job takes in the phases of a run.
private struct NetworkBytes {
    /// From the first step on.
    let training: Int
    /// What an evaluation adds.
    let scores: Int
    /// What the making of the model adds.
    let model: Int
    /// The checkpoint that a run goes on from, or the model that it starts from, in memory beside all else.
    let checkpoint: Int

    init(_ spec: TrainingSpec, _ estimate: EncodingEstimate, evaluatedRows: Int) throws(PlanError) {
        let heads = zip(spec.tasks, estimate.outputs).map { task, outputs in
            NetworkPlan.HeadPlan(task: task.name, outputs: outputs, hidden: task.headHidden)
        }
        let plan = try NetworkPlan(spec.model, input: try SignalShape(estimate.inputs), heads: heads)
        let rows = max(1, min(spec.batchSize, estimate.rows))
        let numbers = try sum(plan.parameters.count, plan.statistics.count)
        let slots = Optimizer<Float>.numbersPerParameter(spec.optimizer)
        // Parameters, gradients, moments and the best epoch.
        let state = try product(numbers, 3 + slots)
        let outputs = try Self.total(heads.map(\.outputs))
        // Inputs twice, for training and evaluation; of every output the gradient, the targets and probabilities.
        // Of tokens a third time, for the rows of the table that a gradient touches.
        let tokensPerRow = try product(3, plan.input.indices)
        let inputsPerRow = try sum(try product(2, try plan.input.count()), tokensPerRow, 2)
        let outputsPerRow = try product(6, outputs)
        let activations = try plan.activationsPerRow()
        let batch = try product(rows, try Self.total([activations, inputsPerRow, outputsPerRow]))
        let weighting = try Self.weightingNumbers(spec, plan, rows: rows)
        training = try product(4, try Self.total([state, batch, weighting, try plan.scratch(rows: rows)]))
        // Predictions in double; then the rows of one output in order.
        scores = try sum(try product(8, evaluatedRows, outputs), try product(40, evaluatedRows))
        // The parameters, then the file without and with its digest.
        model = try product(4, 3, numbers)
        let kept = try product(numbers, 2 + slots)
        checkpoint = try product(4, try sum(kept, spec.initialModel == nil ? 0 : try product(2, numbers)))
    }

    /// What gradient strategies keep: the tasks' gradients, and vectors of their own.
    private static func weightingNumbers(
        _ spec: TrainingSpec, _ plan: NetworkPlan, rows: Int
    ) throws(PlanError) -> Int {
        guard let strategy = WeightingStrategies.named(spec.weighting.strategy),
            strategy.kind == .gradient || spec.diagnostics
        else { return 0 }
        let kept = try product(2, strategy.cost.vectorsKeptPerTask)
        // Two mini-batches are compared where a step takes several.
        let vectors = try sum(strategy.cost.batchesPerStep > 1 ? 2 : 1, kept)
        // Where the strategy decides before the trunk runs backwards, what it will run backwards on.
        let signals = strategy.gradientInput == .lastSharedLayer ? try product(rows, try plan.trunk.output.count()) : 0
        return try product(spec.tasks.count, try sum(try product(plan.sharedCount, vectors), signals))
    }

    private static func total(_ terms: [Int]) throws(PlanError) -> Int {
        var result = 0
        for term in terms { result = try sum(result, term) }
        return result
    }
}
