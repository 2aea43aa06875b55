import HTTPTypes
import HTTPWire
import Jobs

/// A request that has found its route, authorised and taken apart.
struct APIRequest: Sendable {
    let head: RequestHead
    let route: Route
    let parameters: [Substring: String]
    let query: Query
    let principal: Principal
    /// What is left of the key's rate limit, for the answer.
    var rateFields = HTTPFields()
    /// Asked for by the path's ending, `.csv`; stronger than `Accept`.
    var suffix: MediaType?
    var body: [UInt8] = []

    var fields: HTTPFields { head.fields }

    /// The path's identifier. One that cannot be right is one that is not there.
    func identifier(_ kind: Identifier.Kind, _ name: Substring = "id") throws(APIError) -> Identifier {
        guard let text = parameters[name], let identifier = Identifier(text, kind: kind) else {
            throw APIError(.notFound, "there is no \(kind.inWords) \"\(parameters[name] ?? "")\"")
        }
        return identifier
    }

    /// The body as JSON.
    ///
    /// - Throws: `unsupported-media-type`, or `malformed-request` with line and column.
    func document(types: [String] = ["application/json"]) throws(APIError) -> JSONValue {
        let type = fields[.contentType]?.essence
        guard let type, types.contains(type) else {
            let accepted = types.joined(separator: " or ")
            throw APIError(.unsupportedMediaType, "the content type must be \(accepted), not \(type ?? "absent")")
        }
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw APIError(.malformedRequest, "the body is not valid JSON: \(error)")
        }
    }

    /// The best of the route's representations by the path's ending or `Accept` (RFC 9110 section 12.5.1).
    func negotiated() throws(APIError) -> MediaType {
        let offered = route.offers
        if let suffix { return suffix }
        // An empty field asks for nothing (RFC 9110 section 12.5.1 has no meaning for it), so it is as good as none.
        guard let accept = fields[.accept], !accept.isEmpty else { return offered[0] }
        let ranges = accept.split(separator: ",").compactMap(AcceptRange.init)
        let ranked = offered.map { type in (type, AcceptRange.quality(of: type.essence, among: ranges)) }
        guard let best = ranked.max(by: { $0.1 < $1.1 }), best.1 > 0 else {
            let types = offered.map(\.essence).joined(separator: ", ")
            throw APIError(.notAcceptable, "offered here: \(types)")
        }
        return ranked.first { $0.1 == best.1 }?.0 ?? best.0
    }
}

/// One element of `Accept`: a type, a subtype range or everything, and its quality.
private struct AcceptRange {
    let range: String
    let quality: Double

    init?(_ text: Substring) {
        let parts = text.split(separator: ";").map { $0.trimmed.lowercased() }
        guard let first = parts.first, first.contains("/") else { return nil }
        range = first
        let q = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
        quality = min(max(q ?? 1, 0), 1)
    }

    /// The quality that the most specific range matching the type gives it.
    static func quality(of type: String, among ranges: [AcceptRange]) -> Double {
        let family = type.prefix { $0 != "/" } + "/*"
        for candidate in [type, String(family), "*/*"] {
            if let match = ranges.first(where: { $0.range == candidate }) { return match.quality }
        }
        return 0
    }
}

extension Substring {
    var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

extension String {
    /// A media type without its parameters, in lower case.
    var essence: String {
        self[...].prefix { $0 != ";" }.trimmed.lowercased()
    }

    /// The parameter `charset` of a media type, in lower case (RFC 9110 section 8.3.2).
    var charset: String? {
        split(separator: ";").dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(\.trimmed) }
            .first { $0.count == 2 && $0[0].lowercased() == "charset" }?[1]
            .filter { $0 != "\"" }.lowercased()
    }
}

extension Identifier.Kind {
    var inWords: String {
        switch self {
        case .dataset: "data set"
        case .job: "job"
        case .model: "model"
        case .comparison: "comparison"
        case .apiKey: "key"
        }
    }
}
