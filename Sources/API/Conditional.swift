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

    /// The newest revision that the client says it has in `If-None-Match`; nil when it says none.
    var revisionKnown: Int? {
        fields[.ifNoneMatch].flatMap { Self.revisions(in: $0).max() }
    }

    /// The revision that `If-Match` asks for; nil when it asks for nothing in particular. A tag that cannot be ours
    /// matches no revision.
    var revisionWanted: Int? {
        guard let wanted = fields[.ifMatch] else { return nil }
        let tags = Self.tags(in: wanted)
        if tags.contains("*") { return nil }
        return Self.revisions(in: wanted).max() ?? -1
    }

    private static func revisions(in field: String) -> [Int] {
        tags(in: field).compactMap { Int($0.drop { $0 == "\"" }.prefix { $0 != "." && $0 != "\"" }) }
    }

    private static func tags(in field: String) -> [String] {
        field.split(separator: ",").map { String($0.trimmed) }
    }

    /// The reply, or 304 when the client has it (RFC 9110 section 15.4.5).
    func conditional(_ tag: EntityTag, _ makeReply: () throws -> Reply) rethrows -> Reply {
        if has(tag.text) { return Reply(status: .notModified, fields: [.eTag: tag.text]) }
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
            if has(tag.text) { return Reply(status: .notModified, fields: [.eTag: tag.text]) }
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
