import Datasets
import JobStore
import Jobs
import Locks

extension Services {
    /// Runs what checks a spec against what this principal can see. Data sets are looked up once, however many specs are
    /// checked.
    ///
    /// - Throws: what `body` does; but where something could not be read, the store's error, as a spec is not wrong for
    ///   naming what a failing disk hides.
    func checking<Value>(for principal: Principal, _ body: (SpecSurroundings) throws -> Value) throws -> Value {
        let owner = principal.visibleOwner
        let lookups = Lock(Lookups())
        let surroundings = SpecSurroundings(
            dataset: { [store] id in
                if let schema = lookups.withLock({ $0.schemas[id] }) { return schema }
                let schema = Self.lookUp(lookups) { () throws(StoreError) in try store.dataset(id, owner: owner).schema
                }
                lookups.withLock { $0.schemas[id] = schema }
                return schema
            },
            modelExists: { [store] id in
                Self.lookUp(lookups) { () throws(StoreError) in try store.model(id, owner: owner) } != nil
            },
            threadsMax: settings.threadsMax, now: clock())
        let result = Result { try body(surroundings) }
        if let failure = lookups.withLock({ $0.failure }) { throw failure }
        return try result.get()
    }

    private struct Lookups {
        var schemas: [Identifier: DatasetSchema?] = [:]
        var failure: StoreError?
    }

    /// - Returns: nil for what does not exist, and for what cannot be read.
    private static func lookUp<Value>(_ lookups: Lock<Lookups>, _ read: () throws(StoreError) -> Value) -> Value? {
        do {
            return try read()
        } catch {
            if error != .notFound { lookups.withLock { $0.failure = error } }
            return nil
        }
    }

    /// The memory that a spec will take.
    ///
    /// - Parameter pointer: where the spec stands in its document.
    /// - Throws: `InvalidSpec` for more than this server gives a job.
    func memoryBytes(_ spec: TrainingSpec, _ surroundings: SpecSurroundings, pointer: String) throws -> Int {
        let bytes = try Self.pointing(below: pointer) { try trainer.memoryBytes(spec, surroundings.dataset) }
        let most = min(settings.jobMemoryBytesMax, settings.memoryBytesMax)
        guard bytes <= most else {
            throw InvalidSpec(problems: [
                Problem(
                    pointer: pointer + "/model",
                    detail:
                        "needs \(bytes) bytes of memory; this server takes jobs of at most \(most) bytes"
                )
            ])
        }
        return bytes
    }

    /// Reads what the spec names as far as it can be wrong before the first batch: labels that cannot be trained on, and
    /// an initial model that does not fit. Of files too large to read here the job tells at its start.
    ///
    /// - Parameter pointer: where the spec stands in its document.
    /// - Throws: `InvalidSpec`, or what the store and its files say.
    func checkContents(of spec: TrainingSpec, for principal: Principal, pointer: String = "") throws {
        try Self.pointing(below: pointer) {
            try checkLabels(of: spec, owner: principal.visibleOwner)
            try checkInitialModel(of: spec, owner: principal.visibleOwner)
        }
    }

    /// What `body` says of a spec, said of the document that the spec stands in. What the spec asks of its data sets is
    /// the spec's problem.
    private static func pointing<Value>(below pointer: String, _ body: () throws -> Value) throws -> Value {
        let problems: [Problem]
        do {
            return try body()
        } catch let error as InvalidSpec {
            problems = error.problems
        } catch let error as DatasetError where error.kind == .invalid {
            problems = error.problems
        }
        throw InvalidSpec(
            problems: problems.map { problem in
                var problem = problem
                problem.pointer = pointer + problem.pointer
                return problem
            })
    }

    private func checkInitialModel(of spec: TrainingSpec, owner: String?) throws {
        guard let identifier = spec.initialModel else { return }
        let record = try store.model(identifier, owner: owner)
        let model = ModelSource(sha256: record.sha256) { [store] in try store.modelBytes(record) }
        try trainer.checkInitialModel(spec, model, try store.dataset(spec.dataset, owner: owner).schema)
    }

    private func checkLabels(of spec: TrainingSpec, owner: String?) throws {
        var sources: [Identifier: DatasetSource] = [:]
        var bytes = 0
        for identifier in spec.datasets {
            let record = try store.dataset(identifier, owner: owner)
            bytes += record.bytes
            sources[identifier] = DatasetSource(
                path: store.datasetPath(identifier), sha256: record.sha256, schema: record.schema)
        }
        guard bytes <= settings.checkedDatasetBytesMax else { return }
        try trainer.checkTargets(spec, sources)
    }
}
