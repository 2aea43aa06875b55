import HTTPTypes
import HTTPWire

/// A strong entity tag (RFC 9110 section 8.8.3): what the resource's row was, and which representation of it.
struct EntityTag: Sendable {
    /// The row's revision, which `If-Match` compares alone: a progress tick must not fail a change.
    let revision: Int
    /// All of the tag, quotes included.
    let text: String

    /// - Parameter live: what moves without a durable change: the progress tick, the process epoch.
    init(revision: Int, live: [Int] = [], type: MediaType) {
        self.revision = revision
        let parts = [revision] + live
        text = "\"" + parts.map(String.init).joined(separator: ".") + "." + type.tag + "\""
    }
}

extension MediaType {
    fileprivate var tag: String {
        switch self {
        case .csv: "csv"
        default: "json"
        }
    }
}

extension APIRequest {
    /// Whether the client has this representation already (RFC 9110 section 13.1.2).
    func has(_ tag: String) -> Bool {
        guard let known = fields[.ifNoneMatch] else { return false }
        return Self.tags(in: known).contains { $0 == "*" || $0 == tag || $0 == "W/" + tag }
    }

    /// The revision that `If-Match` asks for; nil when it asks for nothing in particular. A tag that cannot be ours
    /// matches no revision.
    var revisionWanted: Int? {
        guard let wanted = fields[.ifMatch] else { return nil }
        let tags = Self.tags(in: wanted)
        if tags.contains("*") { return nil }
        let revisions = tags.compactMap { Int($0.drop { $0 == "\"" }.prefix { $0 != "." && $0 != "\"" }) }
        return revisions.max() ?? -1
    }

    private static func tags(in field: String) -> [String] {
        field.split(separator: ",").map { String($0.trimmed) }
    }

    /// The reply, or 304 when the client has it (RFC 9110 section 15.4.5).
    func conditional(_ tag: EntityTag, _ makeReply: () throws -> Reply) rethrows -> Reply {
        if has(tag.text) { return Reply(status: .notModified, fields: [.eTag: tag.text]) }
        return try makeReply().with(.eTag, tag.text)
    }
}
