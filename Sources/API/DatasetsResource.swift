import Datasets
import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/v1/datasets`: uploads and what is known of them.
struct DatasetsResource: Sendable {
    private let services: Services
    private let idempotency: Idempotency

    private static let previewRowsMax = 1_000
    private static let previewRowsDefault = 10
    /// UTF-8, what is a part of it, and how both are also called.
    private static let charsets: Set = ["utf-8", "utf8", "us-ascii", "ascii"]

    init(_ services: Services, _ idempotency: Idempotency) {
        self.services = services
        self.idempotency = idempotency
    }

    var routes: [Route] {
        [
            Route(
                .post, "/v1/datasets", scope: .write, query: ["name"],
                .upload(bytesMax: services.settings.datasetBytesMax, upload)),
            Route(
                .get, "/v1/datasets", scope: .read, query: ["order_by"] + APIRequest.pageParameters,
                offers: [.json, .csv], .blocking(list)),
            Route(.get, "/v1/datasets/{id}", scope: .read, .blocking(show)),
            Route(
                .get, "/v1/datasets/{id}/rows", scope: .read, query: ["limit"], offers: [.json, .csv], isAudited: true,
                mayTakeLong: true, .blocking(rows)),
            Route(.delete, "/v1/datasets/{id}", scope: .write, .blocking(delete)),
        ]
    }

    private func upload(_ request: APIRequest, _ replying: any Replying) throws -> any ContentSink {
        guard let text = request.query["name"], (1...Name.lengthMax).contains(text.unicodeScalars.count) else {
            throw APIError(.malformedRequest, "the query needs name=…, of 1 to \(Name.lengthMax) characters")
        }
        guard let name = Name(text) else {
            throw InvalidSpec(problems: [Problem(detail: "the name must have no control characters")])
        }
        let type = request.fields[.contentType]?.essence
        guard let format = DatasetFormat.allCases.first(where: { $0.mediaType == type }) else {
            let accepted = DatasetFormat.allCases.map(\.mediaType).joined(separator: ", ")
            throw APIError(
                .unsupportedMediaType, "the content type must be one of \(accepted), not \(type ?? "absent")")
        }
        let charset = request.fields[.contentType]?.charset
        if let charset, format != .npz, !Self.charsets.contains(charset) {
            throw APIError(.unsupportedMediaType, "the text must be in UTF-8, not in \(charset)")
        }
        return try DatasetUpload(
            request, name: name, format: format, services: services, idempotency: idempotency, replying: replying)
    }

    @Sendable static func created(_ record: DatasetRecord) -> Reply {
        Reply.json(.created) { $0.value(record) }
            .with(.location, "/v1/datasets/\(record.id)").with(.eTag, tag.text)
    }

    private func list(_ request: APIRequest) throws -> Handled {
        let page = try services.store.datasets(
            owner: request.principal.visibleOwner, by: request.order(by: DatasetField.self), request.page())
        return .reply(
            try request.list(
                page, columns: ["id", "name", "format", "bytes", "sha256", "rows", "created_at"]
            ) { $1.value($0) })
    }

    private func show(_ request: APIRequest) throws -> Handled {
        let record = try record(request)
        return .reply(try request.conditional(Self.tag) { Reply.json { $0.value(record) } })
    }

    /// A data set never changes.
    private static let tag = EntityTag(revision: 1, type: .json)

    private func rows(_ request: APIRequest) throws -> Handled {
        let limit = try request.query.integer("limit", in: 1...Self.previewRowsMax) ?? Self.previewRowsDefault
        let record = try record(request)
        let source = DatasetSource(
            path: services.store.datasetPath(record.id), sha256: record.sha256, schema: record.schema)
        let client = request.client
        let rows = try DatasetFile.rows(source, limit: limit, limits: .stored, isWanted: { client?.isWaiting ?? true })
        let columns = record.schema.columns.map(\.name)
        return .reply(try request.list(Page(items: rows, nextToken: nil), columns: columns) { $1.value($0) })
    }

    private func delete(_ request: APIRequest) throws -> Handled {
        let record = try record(request)
        try request.checkPreconditions(Self.tag)
        let write = services.store.deleteDataset(record.id, owner: request.principal.visibleOwner)
        return .later { $0.reply(after: write, as: { .noContent }) { Reply.noContent } }
    }

    private func record(_ request: APIRequest) throws -> DatasetRecord {
        try services.store.dataset(request.identifier(.dataset), owner: request.principal.visibleOwner)
    }
}
