package import Jobs
import Locks

/// What the specs that came last will take, so that the same network with another seed, rate or label is not planned again.
package final class RecentMemoryPlans: Sendable {
    private static let countMax = 256
    /// Names in a spec that is kept, of tasks and columns.
    private static let namesMax = 256

    private let bytes = Lock<[TrainingSpec: Int]>([:])

    package init() {}

    /// `MemoryPlan.bytes`, and what it throws.
    package func bytes(_ spec: TrainingSpec, schema: (Identifier) -> DatasetSchema?) throws -> Int {
        let names = spec.tasks.count + (spec.inputColumns?.count ?? 0) + spec.inputEncodings.count
        // A data set keeps its schema for life, but not everyone sees it, and it may be gone.
        guard names <= Self.namesMax, spec.datasets.allSatisfy({ schema($0) != nil }) else {
            return try MemoryPlan.bytes(spec, schema: schema)
        }
        let key = spec.planned
        if let known = bytes.withLock({ $0[key] }) { return known }
        let planned = try MemoryPlan.bytes(spec, schema: schema)
        bytes.withLock { bytes in
            if bytes.count >= Self.countMax { bytes.removeAll(keepingCapacity: true) }
            bytes[key] = planned
        }
        return planned
    }
}

extension TrainingSpec {
    /// Without members that a plan does not look at and that often differ.
    fileprivate var planned: TrainingSpec {
        var spec = self
        spec.name = nil
        spec.labels = [:]
        spec.priority = 0
        spec.deadline = nil
        spec.seed = 0
        spec.optimizer.learningRate = 1
        return spec
    }
}
