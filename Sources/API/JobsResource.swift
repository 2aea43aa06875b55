import Datasets
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Weighting

/// `/v1/jobs`: submit, watch, change and steer.
struct JobsResource: Sendable {
    private let services: Services
    private let idempotency: Idempotency
    private let answers: JobAnswers

    init(_ services: Services, _ idempotency: Idempotency) {
        self.services = services
        self.idempotency = idempotency
        answers = JobAnswers(services.store)
    }

    var routes: [Route] {
        let bytesMax = services.settings.documentBytesMax
        return [
            Route(
                .post, "/v1/jobs", scope: .write, query: ["validate_only"],
                .document(bytesMax: bytesMax, submit)),
            Route(
                .get, "/v1/jobs", scope: .read,
                query: ["state", "label", "dataset", "comparison", "created_from", "created_before", "order_by"]
                    + APIRequest.pageParameters,
                offers: [.json, .csv], .blocking(list)),
            Route(.get, "/v1/jobs/{id}", scope: .read, .recalled(answers.recall, otherwise: show)),
            Route(.patch, "/v1/jobs/{id}", scope: .write, .document(bytesMax: bytesMax, patch)),
            Route(.delete, "/v1/jobs/{id}", scope: .write, .blocking(delete)),
            Route(.post, "/v1/jobs/{id}/cancel", scope: .write, query: ["force"], .blocking(cancel)),
            Route(.post, "/v1/jobs/{id}/stop", scope: .write, .blocking { try command(.stop, $0) }),
            Route(.post, "/v1/jobs/{id}/pause", scope: .write, .blocking { try command(.pause, $0) }),
            Route(.post, "/v1/jobs/{id}/resume", scope: .write, .blocking { try command(.resume, $0) }),
        ]
    }

    // MARK: - Submitting

    private func submit(_ request: APIRequest) throws -> Handled {
        let document = try request.document()
        if try request.query.flag("validate_only") {
            let (spec, memoryBytes) = try accept(document, for: request.principal)
            return .reply(Self.valid(spec, memoryBytes: memoryBytes))
        }
        return .later { [self] replying in
            do {
                try idempotency.answer(request, fingerprint: Digest.sha256(request.body), to: replying) {
                    identity, replying in
                    try insert(document, for: request.principal, identity, replying)
                }
            } catch {
                replying.reply(.failure(error))
            }
        }
    }

    private func insert(
        _ document: JSONValue, for principal: Principal, _ identity: IdempotencyRequest?, _ replying: any Replying
    ) throws {
        let (spec, memoryBytes) = try accept(document, for: principal)
        let new = NewJob(
            id: services.store.makeIdentifier(.job), owner: principal.owner, spec: spec, memoryBytes: memoryBytes)
        let tag = services.store.processEpoch
        let remembered = identity.map { identity in
            Remembered<Job>(request: identity) { Self.accepted($0, processEpoch: tag).stored }
        }
        let write = services.store.insert(new, remembering: remembered)
        replying.reply(afterCreating: write, as: .accepted) { Self.accepted($0, processEpoch: tag) }
    }

    /// A valid spec that fits this server, and the memory it will take.
    private func accept(_ document: JSONValue, for principal: Principal) throws -> (TrainingSpec, memoryBytes: Int) {
        let (spec, memoryBytes) = try services.checking(for: principal) { surroundings in
            let spec = try TrainingSpec(decoding: document, in: surroundings)
            return (spec, try services.memoryBytes(spec, surroundings, pointer: ""))
        }
        try services.checkContents(of: spec, for: principal)
        return (spec, memoryBytes)
    }

    private static func valid(_ spec: TrainingSpec, memoryBytes: Int) -> Reply {
        Reply.json { writer in
            writer.object { writer in
                writer.name("valid")
                writer.value(true)
                writer.name("memory_bytes")
                writer.value(memoryBytes)
                writer.name("spec")
                writer.value(spec.json)
            }
        }
    }

    private static func accepted(_ job: Job, processEpoch: Int) -> Reply {
        reply(job, .accepted, processEpoch: processEpoch).with(.location, "/v1/jobs/\(job.id)")
    }

    // MARK: - Reading

    private static let columns = [
        "id", "name", "state", "attempt", "crashes", "finish_reason", "dataset", "comparison", "model", "best_epoch",
        "priority",
        "labels", "queue_position", "waiting_reason", "memory_bytes", "progress", "created_at", "started_at",
        "finished_at",
    ]

    private func list(_ request: APIRequest) throws -> Handled {
        let query = request.query
        let filter = JobFilter(
            owner: request.principal.visibleOwner, state: try query.choice("state", as: JobState.self),
            label: try query.label(), dataset: try query.identifier("dataset", .dataset),
            comparison: try query.identifier("comparison", .comparison), createdFrom: try query.time("created_from"),
            createdBefore: try query.time("created_before"))
        let page = try services.store.jobs(filter, by: request.order(by: JobField.self), request.page())
        return .reply(try request.list(page, columns: Self.columns) { $1.value($0) })
    }

    private func show(_ request: APIRequest) throws -> Handled {
        let commits = answers.commits
        let job = try services.store.job(request.identifier(.job), owner: request.principal.visibleOwner)
        let processEpoch = services.store.processEpoch
        let makeWhole: @Sendable (Job) -> (Reply, EntityTag) = { job in
            var reply = Self.reply(job, .ok, processEpoch: processEpoch)
            if !job.state.isTerminal { reply.fields[.retryAfter] = String(Self.pollSeconds) }
            return (reply, Self.tag(job, processEpoch: processEpoch))
        }
        let mayWait = !job.state.isTerminal && (request.revisionKnown ?? job.revision) == job.revision
        if mayWait, let seconds = Waiting.seconds(request) {
            return .later { [services] replying in
                Waiting(services, request, job: job, seconds: seconds, replying: replying) { job in
                    let (reply, tag) = makeWhole(job)
                    return try JobAnswers.fit(reply, tag, request)
                }.start()
            }
        }
        let (reply, tag) = makeWhole(job)
        answers.remember(job, tag, reply, commits: commits)
        return .reply(try JobAnswers.fit(reply, tag, request))
    }

    /// When looking again at a job that is not over is worth it.
    private static let pollSeconds = 1

    // MARK: - Changing

    private func patch(_ request: APIRequest) throws -> Handled {
        let document = try request.document(types: ["application/merge-patch+json", "application/json"])
        let id = try request.identifier(.job)
        let owner = request.principal.visibleOwner
        let job = try services.store.job(id, owner: owner)
        let revision = try request.checkPreconditions(Self.tag(job, processEpoch: services.store.processEpoch))
        let spec = try job.decodedSpec()
        let patch = try JobPatch(decoding: document, of: job, spec: spec, now: services.clock())
        let write = services.store.patch(
            patch, job: id, owner: owner, actor: request.principal.owner, ifRevision: revision)
        let processEpoch = services.store.processEpoch
        return .later { replying in
            replying.reply(after: write, as: { _ in .ok }) { patched in
                Reply.json { $0.value(patched.job, switchedFrom: patched.weightingFromEpoch) }
                    .with(.eTag, Self.tag(patched.job, processEpoch: processEpoch).text)
            }
        }
    }

    private func delete(_ request: APIRequest) throws -> Handled {
        let (id, owner) = (try request.identifier(.job), request.principal.visibleOwner)
        let job = try services.store.job(id, owner: owner)
        let revision = try request.checkPreconditions(Self.tag(job, processEpoch: services.store.processEpoch))
        let write = services.store.deleteJob(id, owner: owner, ifRevision: revision)
        return .later { $0.reply(after: write, as: { .noContent }) { Reply.noContent } }
    }

    private func cancel(_ request: APIRequest) throws -> Handled {
        try command(request.query.flag("force") ? .forceCancel : .cancel, request)
    }

    private func command(_ command: JobCommand, _ request: APIRequest) throws -> Handled {
        let (id, owner) = (try request.identifier(.job), request.principal.visibleOwner)
        let processEpoch = services.store.processEpoch
        var revision: Int?
        if request.isConditional {
            let job = try services.store.job(id, owner: owner)
            revision = try request.checkPreconditions(Self.tag(job, processEpoch: processEpoch))
        }
        let write = services.store.command(
            command, job: id, owner: owner, actor: request.principal.owner, ifRevision: revision)
        return .later { replying in
            replying.reply(after: write, as: Self.status) {
                Self.reply($0.job, Self.status(of: $0), processEpoch: processEpoch)
            }
        }
    }

    @Sendable private static func status(of result: CommandResult) -> HTTPResponse.Status {
        result.mustWait ? .accepted : .ok
    }

    private static func reply(_ job: Job, _ status: HTTPResponse.Status, processEpoch: Int) -> Reply {
        Reply.json(status) { $0.value(job) }.with(.eTag, tag(job, processEpoch: processEpoch).text)
    }

    private static func tag(_ job: Job, processEpoch: Int) -> EntityTag {
        EntityTag(revision: job.revision, live: [job.tick, processEpoch], type: .json)
    }
}

extension Job {
    /// The spec as a value; the store keeps it as text.
    func decodedSpec() throws -> TrainingSpec {
        try TrainingSpec(decoding: JSONValue(parsing: Array(spec.utf8)), in: nil)
    }
}
