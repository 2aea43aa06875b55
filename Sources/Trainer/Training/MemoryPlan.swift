import Datasets
package import Jobs
import Weighting

/// What training a spec will take, from the schemas alone. Nothing is allocated, however large the sizes are.
package enum MemoryPlan {
    /// Bytes at the peak of a run; `Int.max` where they cannot be counted.
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
        do {
            let network = try networkBytes(spec, estimate)
            return try sum(estimate.peakBytes, network)
        } catch {
            guard case .tooLarge = error else { throw DatasetError("\(error)", pointer: "/model/encoder") }
            return .max
        }
    }

    private static func networkBytes(_ spec: TrainingSpec, _ estimate: EncodingEstimate) throws(PlanError) -> Int {
        let heads = zip(spec.tasks, estimate.outputs).map { task, outputs in
            NetworkPlan.HeadPlan(task: task.name, outputs: outputs, hidden: task.headHidden)
        }
        let plan = try NetworkPlan(spec.model, input: try SignalShape(estimate.inputs), heads: heads)
        let rows = max(1, min(spec.batchSize, estimate.rows))
        // Parameters, gradients, moments and the best epoch; then as much for the checkpoint that the run goes on from, and for
        // the model it makes.
        let slots = Optimizer<Float>.numbersPerParameter(spec.optimizer)
        let state = try product(plan.parameters.count, 3 + slots)
        let statistics = try product(plan.statistics.count, 2)
        let kept = try product(try sum(state, statistics), 3)
        let outputs = try total(heads.map(\.outputs))
        // Inputs twice, for training and evaluation; of every output the gradient, the targets and probabilities.
        // Of tokens a third time, for the rows of the table that a gradient touches.
        let tokensPerRow = try product(3, plan.input.indices)
        let inputsPerRow = try sum(try product(2, try plan.input.count()), tokensPerRow, 2)
        let outputsPerRow = try product(6, outputs)
        let activations = try plan.activationsPerRow()
        let batch = try product(rows, try total([activations, inputsPerRow, outputsPerRow]))
        let weighting = try weightingNumbers(spec, plan, rows: rows)
        // Predictions of every validation row, in double.
        let scores = try product(estimate.rows, outputs, 2)
        return try product(4, try total([kept, batch, weighting, scores, try plan.scratch(rows: rows)]))
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
