package import Datasets
package import Jobs
import Kernels
import Weighting

/// The encoded rows of a job and which of them are for what. Shared by all jobs that read the same data.
package struct TrainingData: Sendable {
    package let inputs: EncodedInputs
    /// One a task, in the spec's order.
    package let targets: [EncodedTarget]
    /// Indices of rows.
    package let training: [Int32]
    package let validation: [Int32]
    /// Nil where the spec asks for none.
    package let test: [Int32]?

    package init(
        inputs: EncodedInputs, targets: [EncodedTarget], training: [Int32], validation: [Int32], test: [Int32]?
    ) {
        self.inputs = inputs
        self.targets = targets
        self.training = training
        self.validation = validation
        self.test = test
    }
}

/// Everything a run reads and never changes.
package struct TrainingSetup: Sendable {
    package let spec: TrainingSpec
    package let tasks: [TaskPlan]
    package let plan: NetworkPlan
    package let data: TrainingData

    package init(
        spec: TrainingSpec, tasks: [TaskPlan], plan: NetworkPlan, data: TrainingData
    ) {
        self.spec = spec
        self.tasks = tasks
        self.plan = plan
        self.data = data
    }

    /// Rows of the largest mini-batch.
    var rowsMax: Int { max(1, min(spec.batchSize, data.training.count)) }

    /// Mini-batches an epoch. The short last one counts, unless it is a single row whose batch norm would divide by 0.
    var batches: Int {
        let whole = data.training.count / rowsMax
        let rest = data.training.count % rowsMax
        return whole + (rest > (plan.normalizesOverBatch ? 1 : 0) ? 1 : 0)
    }

    /// The positions in the epoch's order that mini-batch `index` takes.
    func rows(ofBatch index: Int) -> Range<Int> {
        (index * rowsMax)..<min((index + 1) * rowsMax, data.training.count)
    }

    /// Optimiser steps an epoch where each takes some mini-batches; what is left over at the end is not trained.
    func steps(batchesPerStep: Int) -> Int {
        batches == 0 ? 0 : max(1, batches / batchesPerStep)
    }
}
