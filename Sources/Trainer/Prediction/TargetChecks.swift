package import Datasets
package import Jobs
import Locks

/// Reads the labels of a spec's data sets before the job is accepted, and remembers what it found: many jobs come with the
/// same data and tasks.
package final class TargetChecks: Sendable {
    private struct Key: Hashable {
        var digests: [String]
        var targets: [EncodingRequest.Target]
    }

    /// Answers remembered; beyond, all are forgotten.
    private static let rememberedMax = 1_000

    private let limits: DatasetLimits
    /// Every task's classes, or what is wrong with the labels.
    private let answers = Lock([Key: Result<[[String]], DatasetError>]())

    package init(limits: DatasetLimits) {
        self.limits = limits
    }

    /// - Parameter sources: every data set that the spec names.
    /// - Throws: `InvalidSpec` for a single class, a class that another data set does not share, and a label that is none;
    ///   `DatasetError` for a file that cannot be read or is not the one that was uploaded.
    package func check(_ spec: TrainingSpec, _ sources: [Identifier: DatasetSource]) throws {
        guard let main = sources[spec.dataset] else { return }
        let validation = source(of: spec.validation, sources)
        let test = spec.test.flatMap { source(of: $0, sources) }
        let request = EncodingRequest(spec)
        let key = Key(
            digests: [main.sha256, validation?.sha256 ?? "", test?.sha256 ?? ""], targets: request.targets)
        // What is remembered is not said of a file that has changed since.
        for source in [main, validation, test].compactMap({ $0 }) { try DatasetFile.check(source) }
        if let known = answers.withLock({ $0[key] }) { return try accept(known, spec) }
        let found: Result<[[String]], DatasetError>
        do throws(DatasetError) {
            found = .success(
                try EncodedDataset.checkTargets(
                    main, validation: validation, test: test, request: request, limits: limits))
        } catch {
            guard error.isAboutContent else { throw error }
            found = .failure(error)
        }
        answers.withLock { answers in
            if answers.count >= Self.rememberedMax { answers.removeAll() }
            answers[key] = found
        }
        try accept(found, spec)
    }

    /// Throws what was found, and weights of classes that there are not.
    private func accept(_ found: Result<[[String]], DatasetError>, _ spec: TrainingSpec) throws(InvalidSpec) {
        switch found {
        case .failure(let error): throw InvalidSpec(problems: error.problems)
        case .success(let classes):
            var problems = ProblemList()
            for (index, (task, classes)) in zip(spec.tasks, classes).enumerated() {
                let known = Set(classes)
                for name in task.classWeights.keys.sorted() where !known.contains(name) {
                    let place = pointer(pointer(pointer("/tasks", index), "class_weights"), name)
                    problems.add(Problem(pointer: place, detail: "no such class in \"\(task.targets[0])\""))
                }
            }
            if !problems.isEmpty { throw InvalidSpec(problems) }
        }
    }

    private func source(of holdout: Holdout, _ sources: [Identifier: DatasetSource]) -> DatasetSource? {
        guard case .dataset(let identifier) = holdout else { return nil }
        return sources[identifier]
    }
}
