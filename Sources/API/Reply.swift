import HTTPTypes
import HTTPWire
import Jobs

/// The representations this API speaks.
enum MediaType: String, Sendable, CaseIterable {
    case json = "application/json"
    case problem = "application/problem+json"
    case csv = "text/csv; charset=utf-8"
    case markdown = "text/markdown; charset=utf-8"
    case eventStream = "text/event-stream"
    case yaml = "application/yaml"
    case html = "text/html; charset=utf-8"
    case text = "text/plain; charset=utf-8"
    case prometheus = "text/plain; version=0.0.4; charset=utf-8"
    case openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    case safetensors = "application/vnd.safetensors"
    case onnx = "application/onnx"
    case bytes = "application/octet-stream"
    case tar = "application/x-tar"

    /// Without parameters.
    var essence: String {
        String(rawValue.prefix { $0 != ";" })
    }
}

/// An answer before it is bound to a request.
struct Reply: Sendable {
    var status: HTTPResponse.Status
    var fields: HTTPFields
    var content: ResponseContent

    init(status: HTTPResponse.Status, fields: HTTPFields = HTTPFields(), content: ResponseContent = .none) {
        self.status = status
        self.fields = fields
        self.content = content
    }

    init(status: HTTPResponse.Status = .ok, bytes: [UInt8], type: MediaType) {
        self.init(status: status, fields: [.contentType: type.rawValue], content: .bytes(bytes))
    }

    static func json(_ status: HTTPResponse.Status = .ok, _ build: (inout JSONWriter) throws -> Void) rethrows -> Reply
    {
        var writer = JSONWriter()
        try build(&writer)
        return Reply(status: status, bytes: writer.bytes, type: .json)
    }

    static let noContent = Reply(status: .noContent)

    func with(_ name: HTTPField.Name, _ value: String) -> Reply {
        var reply = self
        reply.fields[name] = value
        return reply
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key") ?? .contentID
    static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed") ?? .contentID
    static let contentDigest = HTTPField.Name("Content-Digest") ?? .contentID
    static let reprDigest = HTTPField.Name("Repr-Digest") ?? .contentID
    static let rateLimit = HTTPField.Name("RateLimit") ?? .contentID
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy") ?? .contentID
    static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .contentID
    static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .contentID
    static let prefer = HTTPField.Name("Prefer") ?? .contentID
    static let preferenceApplied = HTTPField.Name("Preference-Applied") ?? .contentID
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .contentID
    static let secFetchMode = HTTPField.Name("Sec-Fetch-Mode") ?? .contentID
    static let link = HTTPField.Name("Link") ?? .contentID
    private static let contentID = HTTPField.Name.contentType
}
