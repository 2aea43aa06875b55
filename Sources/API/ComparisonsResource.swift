import Comparisons
import Dispatch
import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/v1/comparisons`: did it help?
struct ComparisonsResource: Sendable {
    private let services: Services
    private let idempotency: Idempotency
    private let reports = ComparisonReports()

    /// When looking again at a comparison that is not over is worth it.
    private static let pollSeconds = 1

    init(_ services: Services, _ idempotency: Idempotency) {
        self.services = services
        self.idempotency = idempotency
    }

    var routes: [Route] {
        [
            Route(
                .post, "/v1/comparisons", scope: .write, query: ["validate_only"],
                .document(bytesMax: services.settings.documentBytesMax, submit)),
            Route(
                .get, "/v1/comparisons", scope: .read,
                query: ["state", "label", "dataset", "created_from", "created_before"] + APIRequest.pageParameters,
                offers: [.json, .csv], .blocking(list)),
            Route(
                .get, "/v1/comparisons/{id}", scope: .read, offers: [.json, .csv, .markdown], .blocking(show)),
            Route(.delete, "/v1/comparisons/{id}", scope: .write, .blocking(cancel)),
        ]
    }

    // MARK: - Submitting

    private func submit(_ request: APIRequest) throws -> Handled {
        let document = try request.document()
        if try request.query.flag("validate_only") {
            let new = try accept(document, for: request.principal)
            return .reply(Self.valid(new))
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
        let new = try accept(document, for: principal)
        let reports = self.reports
        let remembered = identity.map { identity in
            Remembered<ComparisonRecord>(request: identity) { Self.accepted($0, reports).stored }
        }
        let write = services.store.insert(new, remembering: remembered)
        replying.reply(afterCreating: write, as: .accepted) { Self.accepted($0, reports) }
    }

    /// A request whose every run is a valid job that fits this server.
    private func accept(_ document: JSONValue, for principal: Principal) throws -> NewComparison {
        let (request, runs) = try services.checking(for: principal) { surroundings in
            let request = try ComparisonRequest(decoding: document, in: surroundings)
            // Seeds and learning rates need no memory.
            var memoryBytes: [Arm: Int] = [:]
            let runs = try request.runs.map { run in
                let arm = run.key.arm
                let bytes = try memoryBytes[arm] ?? services.memoryBytes(run.spec, surroundings, pointer: "/base")
                memoryBytes[arm] = bytes
                let job = NewJob(
                    id: services.store.makeIdentifier(.job), owner: principal.owner, spec: run.spec, memoryBytes: bytes)
                return NewComparison.Run(key: run.key.json, job: job)
            }
            return (request, runs)
        }
        guard let dataset = request.runs.first?.spec.dataset else {
            throw InvalidSpec(problems: [Problem(pointer: "/strategies", detail: "there is nothing to run")])
        }
        // One with every task speaks for those of single tasks.
        if let whole = request.runs.max(by: { $0.spec.tasks.count < $1.spec.tasks.count }) {
            try services.checkContents(of: whole.spec, for: principal, pointer: "/base")
        }
        return NewComparison(
            id: services.store.makeIdentifier(.comparison), owner: principal.owner, name: request.name,
            dataset: dataset, request: document, metrics: request.terms.json, runs: runs)
    }

    /// How many runs there would be, and the memory that the largest will take.
    private static func valid(_ new: NewComparison) -> Reply {
        Reply.json { writer in
            writer.object { writer in
                writer.name("valid")
                writer.value(true)
                writer.name("runs")
                writer.value(new.runs.count)
                writer.name("memory_bytes")
                writer.value(new.runs.compactMap(\.job.memoryBytes).max() ?? 0)
            }
        }
    }

    private static func accepted(_ record: ComparisonRecord, _ reports: ComparisonReports) -> Reply {
        reply(record, .accepted, reports).with(.location, "/v1/comparisons/\(record.id)")
    }

    private static func reply(
        _ record: ComparisonRecord, _ status: HTTPResponse.Status, _ reports: ComparisonReports
    ) -> Reply {
        var writer = JSONWriter()
        writer.value(record, reports.report(of: record))
        return Reply(status: status, bytes: writer.bytes, type: .json)
            .with(.eTag, EntityTag(content: writer.bytes, type: .json).text)
    }

    // MARK: - Reading

    private static let columns = ["id", "name", "state", "dataset", "progress", "created_at", "cancelled_at"]

    private func list(_ request: APIRequest) throws -> Handled {
        let query = request.query
        let filter = ComparisonFilter(
            owner: request.principal.visibleOwner, state: try query.choice("state", as: ComparisonState.self),
            label: try query.label(), dataset: try query.identifier("dataset", .dataset),
            createdFrom: try query.time("created_from"), createdBefore: try query.time("created_before"))
        let page = try services.store.comparisons(filter, request.page())
        return .reply(try request.list(page, columns: Self.columns) { $1.value($0) })
    }

    private func show(_ request: APIRequest) throws -> Handled {
        let type = try request.negotiated()
        let record = try services.store.comparison(
            request.identifier(.comparison), owner: request.principal.visibleOwner)
        let report = reports.report(of: record)
        let bytes: [UInt8]
        switch type {
        case .csv: bytes = report.csv(isRaw: try request.wantsRaw())
        case .markdown: bytes = Array(report.markdown.utf8)
        default:
            var writer = JSONWriter()
            writer.value(record, report)
            bytes = writer.bytes
        }
        var reply = try request.conditional(EntityTag(content: bytes, type: type)) { Reply(bytes: bytes, type: type) }
        if !record.state.isOver { reply.fields[.retryAfter] = String(Self.pollSeconds) }
        return .reply(reply)
    }

    // MARK: - Ending

    private func cancel(_ request: APIRequest) throws -> Handled {
        if request.fields[.ifMatch] != nil || request.fields[.ifNoneMatch] != nil {
            let record = try services.store.comparison(
                request.identifier(.comparison), owner: request.principal.visibleOwner)
            var writer = JSONWriter()
            writer.value(record, reports.report(of: record))
            try request.checkPreconditions(EntityTag(content: writer.bytes, type: .json))
        }
        let write = services.store.cancelComparison(
            try request.identifier(.comparison), owner: request.principal.visibleOwner,
            actor: request.principal.owner)
        return .later { [reports, services] replying in
            let status: @Sendable (ComparisonRecord) -> HTTPResponse.Status = { $0.state.isOver ? .ok : .accepted }
            replying.recorded(write, as: status).commit { result in
                // A report may take long, and the writer's line must not wait for it.
                services.queue.async {
                    replying.reply(result.map { Self.reply($0, status($0), reports) }.mapError { $0 })
                }
            }
        }
    }
}
