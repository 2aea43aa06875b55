import Datasets
import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/v1/models`: what training has made, to be downloaded and asked.
struct ModelsResource: Sendable {
    private let services: Services

    private static let predictionRowsMax = DatasetLimits.standard.predictionRowsMax

    init(_ services: Services) {
        self.services = services
    }

    var routes: [Route] {
        [
            Route(
                .get, "/v1/models", scope: .read, query: ["job", "order_by"] + APIRequest.pageParameters,
                offers: [.json, .csv], .blocking(list)),
            Route(.get, "/v1/models/{id}", scope: .read, .blocking(show)),
            Route(.delete, "/v1/models/{id}", scope: .write, .blocking(delete)),
            Route(
                .get, "/v1/models/{id}/content", scope: .read, query: ["format"], compresses: false, isAudited: true,
                mayTakeLong: true, .blocking(content)),
            Route(
                .post, "/v1/models/{id}/predict", scope: .read, query: ["return"], compresses: true,
                mayTakeLong: true, .document(bytesMax: services.settings.predictBytesMax, predict)),
        ]
    }

    private func list(_ request: APIRequest) throws -> Handled {
        let page = try services.store.models(
            owner: request.principal.visibleOwner, job: try request.query.identifier("job", .job),
            by: request.order(by: ModelField.self), request.page())
        return .reply(
            try request.list(
                page, columns: ["id", "job", "name", "bytes", "weights_sha256", "epoch", "created_at"]
            ) { $1.value($0) })
    }

    private func show(_ request: APIRequest) throws -> Handled {
        let record = try record(request)
        return .reply(try request.conditional(Self.tag) { Reply.json { $0.value(record) } })
    }

    /// A model never changes.
    private static let tag = EntityTag(revision: 1, type: .json)

    private func delete(_ request: APIRequest) throws -> Handled {
        let record = try record(request)
        try request.checkPreconditions(Self.tag)
        let write = services.store.deleteModel(record.id, owner: request.principal.visibleOwner)
        return .later { $0.reply(after: write, as: { .noContent }) { Reply.noContent } }
    }

    private func record(_ request: APIRequest) throws -> ModelRecord {
        try services.store.model(request.identifier(.model), owner: request.principal.visibleOwner)
    }

    /// - Parameter claim: what is made of the model for this request.
    private func source(_ record: ModelRecord, for request: APIRequest, claim: DocumentClaim?) -> ModelSource {
        let client = request.client
        let allowance = Allowance(
            isWanted: { client?.isWaiting ?? true }, claim: { bytes in try claim?.store(bytes) })
        return ModelSource(sha256: record.sha256, allowance: allowance) { [services] in
            try services.store.modelBytes(record, isWanted: allowance.isWanted)
        }
    }

    private func content(_ request: APIRequest) throws -> Handled {
        let format = try request.query.choice("format", as: ModelFormat.self) ?? .safetensors
        let record = try record(request)
        let bytes = try services.trainer.export(source(record, for: request, claim: nil), format)
        let download = Download(
            source: .bytes(bytes), sha256: try Digest.sha256(bytes, for: request.client), type: format.mediaType,
            name: "\(record.id).\(format.rawValue)")
        return .reply(try download.reply(to: request))
    }

    // MARK: - Predicting

    /// What a question is answered with.
    private enum Wanted: String, CaseIterable {
        case predictions, tokens
    }

    private func predict(_ request: APIRequest) throws -> Handled {
        let wanted = try request.query.choice("return", as: Wanted.self) ?? .predictions
        let claim = DocumentClaim(on: services.predictionMemory)
        let model = source(try record(request), for: request, claim: claim)
        var tokens: JSONValue?
        let predictions = try withRows(of: request, mayBeFile: wanted == .predictions) { rows in
            if wanted == .tokens, case .document(let rows) = rows { tokens = try services.trainer.tokens(model, rows) }
            return try services.trainer.predict(model, rows)
        }
        return .reply(
            Reply.json { writer in
                writer.object { writer in
                    writer.name("predictions")
                    writer.value(predictions)
                    guard let tokens else { return }
                    writer.name("tokens")
                    writer.value(tokens)
                }
            })
    }

    /// Calls `answer` with the rows of a document or of a file.
    private func withRows(
        of request: APIRequest, mayBeFile: Bool, _ answer: (PredictionRows) throws -> JSONValue
    ) throws -> JSONValue {
        guard mayBeFile, request.fields[.contentType]?.essence == DatasetFormat.npz.mediaType else {
            let types = ["application/json"] + (mayBeFile ? [DatasetFormat.npz.mediaType] : [])
            let document = try request.document(types: types, valuesMax: services.settings.documentValuesMax)
            return try answer(.document(try Self.rows(of: document)))
        }
        // Read as a file, so that an array takes no more memory than it has bytes; nothing of it is kept.
        let file = try services.store.files.makeIncoming()
        defer { file.discard() }
        try request.body.withUnsafeBytes { bytes in try file.append(bytes) }
        let client = request.client
        let schema = try DatasetFile.inspect(
            file.path, format: .npz, limits: Self.fileLimits, isWanted: { client?.isWaiting ?? true })
        // Just written, and gone before anybody could change it.
        let source = DatasetSource(path: file.path, sha256: "", schema: schema)
        return try answer(.file(source))
    }

    /// Inflated, a file may be larger than the request, but not by much.
    private static let fileLimits = DatasetLimits(memberBytesMax: 256 << 20, archiveBytesMax: 256 << 20)

    private static func rows(of document: JSONValue) throws(InvalidSpec) -> JSONValue {
        guard let members = document.members else {
            throw InvalidSpec(problems: [Problem(detail: "expected an object, got \(document.kindInWords)")])
        }
        var problems = ProblemList()
        for member in members where member.name != "rows" && !problems.isFull {
            problems.add(Problem(pointer: pointer("", member.name), detail: "is not known; expected rows"))
        }
        let rows = document["rows"] ?? .null
        if let elements = rows.elements {
            if !(1...predictionRowsMax).contains(elements.count) {
                problems.add(
                    Problem(
                        pointer: "/rows",
                        detail: "has \(elements.count) elements; expected 1 to \(predictionRowsMax)"))
            }
            for (index, row) in elements.enumerated() where !row.isRow {
                if problems.isFull { break }
                problems.add(
                    Problem(
                        pointer: pointer("/rows", index),
                        detail: "expected an object, a text or nested arrays, got \(row.kindInWords)", row: index + 1))
            }
        } else {
            problems.add(Problem(pointer: "/rows", detail: "expected an array, got \(rows.kindInWords)"))
        }
        guard problems.isEmpty else { throw InvalidSpec(problems) }
        return rows
    }
}

extension JSONValue {
    /// Whether some model could read it as a row.
    fileprivate var isRow: Bool { members != nil || elements != nil || text != nil }
}

extension ModelFormat {
    fileprivate var mediaType: MediaType {
        switch self {
        case .safetensors: .safetensors
        case .onnx: .onnx
        }
    }
}
