import JobStore
import Jobs
import Locks

extension Services {
    /// What a spec of this principal is checked against. Data sets are looked up once, however many specs are checked.
    func surroundings(of principal: Principal) -> SpecSurroundings {
        let owner = principal.visibleOwner
        let known = Lock<[Identifier: DatasetSchema?]>([:])
        return SpecSurroundings(
            dataset: { [store] id in
                if let schema = known.withLock({ $0[id] }) { return schema }
                let schema = try? store.dataset(id, owner: owner).schema
                known.withLock { $0[id] = schema }
                return schema
            },
            modelExists: { [store] in (try? store.model($0, owner: owner)) != nil },
            threadsMax: settings.threadsMax, now: clock())
    }

    /// The memory that a spec will take.
    ///
    /// - Parameter pointer: where the spec stands in its document.
    /// - Throws: `InvalidSpec` for more than this server gives a job.
    func memoryBytes(_ spec: TrainingSpec, _ surroundings: SpecSurroundings, pointer: String) throws -> Int {
        let bytes = try trainer.memoryBytes(spec, surroundings.dataset)
        guard bytes <= settings.jobMemoryBytesMax else {
            throw InvalidSpec(problems: [
                Problem(
                    pointer: pointer + "/model",
                    detail:
                        "needs \(bytes) bytes of memory; this server takes jobs of at most \(settings.jobMemoryBytesMax) bytes"
                )
            ])
        }
        return bytes
    }
}
