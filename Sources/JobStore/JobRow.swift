import Jobs

/// A row of the table of jobs.
struct JobRow: Equatable {
    var number: Int
    var job: Job
    /// Smaller is claimed first; ties go by number.
    var claimRank: Int
    var maxAttempts: Int
    /// Whether an epoch or a checkpoint was recorded since the last claim.
    var progressed: Bool
    var runningMilliseconds: Int
    var maxRuntimeMilliseconds: Int?
    var threads: Int
    /// The number of the text that the row tells the spec against; nil where it holds the spec whole.
    var base: Int?

    var place: QueuePlace { QueuePlace(rank: claimRank, number: number) }

    /// The columns in the order in which `init` reads them.
    static let select = """
        SELECT jobs.number, jobs.id, jobs.owner, jobs.name, jobs.state, jobs.attempt, jobs.crashes, jobs.finish_reason,
            jobs.error_code, jobs.error_detail, jobs.dataset, jobs.model, jobs.best_epoch, \(SQL.json("jobs.spec")), jobs.priority,
            jobs.labels, jobs.deadline, jobs.wants_stop, jobs.memory_bytes, jobs.epochs, jobs.epochs_done,
            jobs.weights_sha256, jobs.created_at, jobs.started_at, jobs.finished_at, jobs.revision, jobs.claim_rank,
            jobs.max_attempts, jobs.progressed, jobs.running_time, jobs.max_runtime, jobs.threads,
            jobs.comparison, jobs.best, jobs.base, (SELECT spec FROM comparison_bases WHERE number = jobs.base),
            (SELECT json_object('from_epoch', from_epoch, 'weighting', json(weighting)) FROM weighting_switches
             WHERE job = jobs.number ORDER BY from_epoch DESC LIMIT 1)
        FROM jobs
        """

    init(_ columns: inout Columns) throws {
        number = try columns.integer()
        let (id, owner, name) = (try columns.identifier(.job), try columns.text(), try columns.optionalText())
        let state = try columns.name(JobState.self)
        let (attempt, crashes) = (try columns.integer(), try columns.integer())
        let finishReason = try columns.optionalName(FinishReason.self)
        let code = try columns.optionalName(JobFailure.Code.self)
        let detail = try columns.optionalText()
        let dataset = try columns.identifier(.dataset)
        let model = try columns.optionalIdentifier(.model)
        let bestEpoch = try columns.optionalInteger()
        let (stored, priority, labels) = (try columns.jsonText(), try columns.integer(), try columns.texts())
        let (deadline, wantsStop) = (try columns.optionalTime(), try columns.flag())
        let memoryBytes = try columns.optionalInteger()
        let (epochs, epochsDone) = (try columns.integer(), try columns.integer())
        let weightsSHA256 = try columns.optionalText()
        let created = try columns.time()
        let (started, finished) = (try columns.optionalTime(), try columns.optionalTime())
        let revision = try columns.integer()
        claimRank = try columns.integer()
        maxAttempts = try columns.integer()
        progressed = try columns.flag()
        runningMilliseconds = try columns.integer()
        maxRuntimeMilliseconds = try columns.optionalInteger()
        threads = try columns.integer()
        let comparison = try columns.optionalIdentifier(.comparison)
        let best = try columns.optionalJSON()?.elements?.compactMap(TaskBest.init(json:)) ?? []
        base = try columns.optionalInteger()
        let spec = try Self.spec(stored, base: base, text: columns.optionalText())
        let weightingSwitch = try columns.optionalJSON().map(WeightingSwitch.init(decoding:))
        let fraction = state == .succeeded ? 1 : epochs > 0 ? min(1, Double(epochsDone) / Double(epochs)) : 0
        job = Job(
            id: id, owner: owner, name: name, state: state, attempt: attempt, crashes: crashes,
            finishReason: finishReason, failure: code.map { JobFailure(code: $0, detail: detail ?? "") },
            dataset: dataset, comparison: comparison, model: model, bestEpoch: bestEpoch, best: best, spec: spec,
            weightingSwitch: weightingSwitch, priority: priority, labels: labels,
            deadline: deadline, wantsStop: wantsStop, queuePosition: nil, waitingReason: nil,
            memoryBytes: memoryBytes,
            progress: JobProgress(epoch: epochsDone, epochs: epochs, fraction: fraction),
            weightsSHA256: weightsSHA256, createdAt: created, startedAt: started, finishedAt: finished,
            revision: revision, tick: 0)
    }

    private static func spec(_ stored: String, base: Int?, text: String?) throws(StoreError) -> String {
        guard base != nil else { return stored }
        guard let text else { throw .corrupt("the base of a comparison's run is missing") }
        let spec = try SpecDifference(text: stored).applied(to: text)
        // A damaged base may still have the places that the difference names.
        guard (try? JSONValue(parsing: Array(spec.utf8))) != nil else {
            throw .corrupt("a spec and the base of its comparison do not fit")
        }
        return spec
    }
}

extension JobRow {
    /// A job that joins the queue, before it has a number.
    init(_ new: NewJob, spec text: String, createdAt: Timestamp) {
        let spec = new.spec
        number = 0
        job = Job(
            id: new.id, owner: new.owner, name: spec.name, state: .queued, attempt: 1, crashes: 0, finishReason: nil,
            failure: nil, dataset: spec.dataset, comparison: new.comparison, model: nil, bestEpoch: nil, spec: text,
            priority: spec.priority, labels: spec.labels, deadline: spec.deadline, wantsStop: false,
            queuePosition: nil, waitingReason: nil, memoryBytes: new.memoryBytes,
            progress: JobProgress(epoch: 0, epochs: spec.epochs, fraction: 0), weightsSHA256: nil,
            createdAt: createdAt, startedAt: nil, finishedAt: nil, revision: 1, tick: 0)
        claimRank = Store.claimRank(priority: spec.priority, createdAt: createdAt)
        maxAttempts = spec.maxAttempts
        progressed = false
        runningMilliseconds = 0
        maxRuntimeMilliseconds = spec.maxRuntimeSeconds.map { $0 * 1_000 }
        threads = spec.threads
    }
}
