import HTTPTypes
import HTTPWire
import JobStore
import Jobs

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

extension EntityTag {
    /// Of a list, which has no revision of its own: what it says.
    init(content: [UInt8], type: MediaType) {
        revision = 0
        text = "\"" + Digest.sha256(content).prefix(32) + "." + type.tag + "\""
    }
}

extension EntityTag {
    /// Whether a strong tag names the same revision of the same thing.
    fileprivate func isNamed(by text: String) -> Bool {
        text.first == "\"" && text.prefix { $0 != "." } == self.text.prefix { $0 != "." }
    }
}

extension MediaType {
    fileprivate var tag: String {
        switch self {
        case .csv: "csv"
        case .yaml: "yaml"
        case .html: "html"
        case .markdown: "md"
        default: "json"
        }
    }
}

extension APIRequest {
    /// 304 when the client has this representation already, compressed or not (RFC 9110 sections 13.1.2 and 15.4.5).
    ///
    /// - Throws: `precondition-failed` when the client wants another one than this (section 13.1.1).
    func notModified(_ tag: String) throws(APIError) -> Reply? {
        let compressed = route.compresses && ContentCoding.takesGzip(fields) ? ContentCoding.variant(of: tag) : tag
        if let wanted = fields[.ifMatch].map(Self.tags(in:)),
            !wanted.contains(where: { $0 == "*" || $0 == tag || $0 == compressed })
        {
            throw APIError(.preconditionFailed, "it is not, or no longer, what If-Match names")
        }
        guard let field = fields[.ifNoneMatch] else { return nil }
        let known = Self.tags(in: field).map(Self.withoutWeakness)
        guard let match = known.first(where: { $0 == "*" || $0 == tag || $0 == compressed }) else { return nil }
        return Reply(status: .notModified, fields: [.eTag: match == "*" ? tag : match])
    }

    /// The newest revision that the client says it has in `If-None-Match`; nil when it says none.
    var revisionKnown: Int? {
        fields[.ifNoneMatch].flatMap { Self.revisions(in: $0).max() }
    }

    /// Whether the client asks for anything only under a condition on what is there.
    var isConditional: Bool { fields[.ifMatch] != nil || fields[.ifNoneMatch] != nil }

    /// Holds a change against what the client says it knows (RFC 9110 sections 13.1.1 and 13.1.2).
    ///
    /// - Parameter tag: of what is there now. `If-Match` counts a representation of the same revision as the same: a
    ///   progress tick must not fail a change.
    /// - Returns: the revision that the change must still find, when the client named one.
    /// - Throws: `precondition-failed`.
    @discardableResult
    func checkPreconditions(_ tag: EntityTag) throws(APIError) -> Int? {
        let known = fields[.ifNoneMatch].map(Self.tags(in:)) ?? []
        guard !known.contains(where: { $0 == "*" || tag.isNamed(by: Self.withoutWeakness($0)) }) else {
            throw APIError(.preconditionFailed, "it is there, and If-None-Match asks that it is not")
        }
        guard let wanted = fields[.ifMatch].map(Self.tags(in:)), !wanted.contains("*") else { return nil }
        guard wanted.contains(where: tag.isNamed(by:)) else {
            throw APIError(.preconditionFailed, "it is not, or no longer, what If-Match names")
        }
        return tag.revision
    }

    private static func withoutWeakness(_ tag: String) -> String {
        tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
    }

    private static func revisions(in field: String) -> [Int] {
        tags(in: field).compactMap { Int($0.drop { $0 == "\"" }.prefix { $0 != "." && $0 != "\"" }) }
    }

    /// The elements of a list of entity tags (RFC 9110 section 8.8.3): between its quotes a tag may have commas and asterisks,
    /// so that `*` means everything only where it stands alone.
    static func tags(in field: String) -> [String] {
        var isQuoted = false
        let elements = field.unicodeScalars.split { character in
            if character == "\"" { isQuoted.toggle() }
            return character == "," && !isQuoted
        }
        return elements.map { String(Substring($0).trimmed) }.filter { !$0.isEmpty }
    }

    /// The reply, or 304 when the client has it (RFC 9110 section 15.4.5).
    func conditional(_ tag: EntityTag, _ makeReply: () throws -> Reply) throws -> Reply {
        if let reply = try notModified(tag.text) { return reply }
        return try makeReply().with(.eTag, tag.text)
    }

    /// Answers with what hangs on a job, under an entity tag made of the job's revision; 304 without reading it.
    ///
    /// `read` is repeated when the job has changed under it, so that content and tag are of one moment.
    func whileUnchanged(
        _ services: Services, _ type: MediaType, _ read: (_ job: Identifier, _ owner: String?) throws -> Reply
    ) throws -> Reply {
        let (id, owner) = (try identifier(.job), principal.visibleOwner)
        var job = try services.store.job(id, owner: owner)
        for _ in 0..<Self.readsMax {
            let tag = EntityTag(revision: job.revision, live: [services.store.processEpoch], type: type)
            if let reply = try notModified(tag.text) { return reply }
            let reply = try read(id, owner).with(.eTag, tag.text)
            let after = try services.store.job(id, owner: owner)
            if after.revision == job.revision { return reply }
            job = after
        }
        // It changes faster than it can be read: without a tag nobody is told that it has not changed.
        return try read(id, owner)
    }

    private static let readsMax = 3
}
