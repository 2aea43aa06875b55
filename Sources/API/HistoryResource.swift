import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// What a run leaves behind beside its epochs: `/logs`, `/checkpoints`, `/reproduction`.
struct HistoryResource: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    var routes: [Route] {
        [
            Route(
                .get, "/v1/jobs/{id}/logs", scope: .read, query: APIRequest.tailParameters, offers: [.json, .csv],
                .blocking(logs)),
            Route(.get, "/v1/jobs/{id}/reproduction", scope: .read, .blocking(reproduction)),
            Route(.get, "/v1/jobs/{id}/checkpoints", scope: .read, offers: [.json, .csv], .blocking(checkpoints)),
            Route(.get, "/v1/jobs/{id}/checkpoints/{epoch}", scope: .read, .blocking(checkpoint)),
            Route(
                .get, "/v1/jobs/{id}/checkpoints/{epoch}/content", scope: .read, compresses: false, isAudited: true,
                .blocking(content)),
        ]
    }

    private func logs(_ request: APIRequest) throws -> Handled {
        let (job, tail) = (try request.identifier(.job), try request.tail())
        try tail.check(newest: services.store.lastLogLine(of: job, owner: request.principal.visibleOwner))
        let lines = try services.store.logs(
            of: job, owner: request.principal.visibleOwner, after: tail.after, limit: tail.limit)
        let columns = ["seq", "at", "level", "message"]
        return .reply(try request.list(tail.page(lines, position: \.seq), columns: columns) { $1.value($0) })
    }

    private func reproduction(_ request: APIRequest) throws -> Handled {
        let reply = try request.whileUnchanged(services, .json) { job, owner in
            let record = try services.store.reproduction(of: job, owner: owner)
            return Reply.json { $0.value(record) }
        }
        return .reply(reply)
    }

    // MARK: - Checkpoints

    /// All at once: a job keeps a few.
    private func checkpoints(_ request: APIRequest) throws -> Handled {
        let records = try services.store.checkpoints(
            of: request.identifier(.job), owner: request.principal.visibleOwner)
        let columns = ["epoch", "batch", "step", "kind", "bytes", "sha256", "created_at"]
        return .reply(try request.list(Page(items: records, nextToken: nil), columns: columns) { $1.value($0) })
    }

    private func checkpoint(_ request: APIRequest) throws -> Handled {
        let record = try record(request)
        return .reply(try request.tagged(Reply.json { $0.value(record) }))
    }

    private func content(_ request: APIRequest) throws -> Handled {
        let record = try record(request)
        let download = Download(
            source: .file(length: record.bytes) { [services] in try services.store.openCheckpoint(record) },
            sha256: record.sha256, type: .bytes, name: "checkpoint-\(record.epoch).tenbin")
        return .reply(try download.reply(to: request))
    }

    private func record(_ request: APIRequest) throws -> CheckpointRecord {
        let text = request.parameters["epoch"] ?? ""
        guard let epoch = Int(text), epoch > 0, String(epoch) == text else {
            throw APIError(.notFound, "there is no epoch \"\(text)\"")
        }
        return try services.store.checkpoint(
            of: request.identifier(.job), owner: request.principal.visibleOwner, epoch: epoch)
    }
}
