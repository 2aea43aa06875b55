import HTTPTypes
import HTTPWire

/// Content that clients may fetch in parts and check: `Range`, `If-Range`, `If-None-Match`, `Repr-Digest`.
struct Download {
    enum Source {
        case bytes([UInt8])
        /// A file of that many bytes, opened when it is sent; nil when it is no longer kept.
        case file(length: Int, open: () throws -> Int32?)

        var length: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .file(let length, _): length
            }
        }
    }

    let source: Source
    /// Of the whole, lower-case hexadecimal; also its entity tag.
    let sha256: String
    let type: MediaType
    /// What a browser saves it as.
    let name: String

    func reply(to request: APIRequest) throws -> Reply {
        let tag = "\"\(sha256)\""
        if let reply = try request.notModified(tag) { return reply }
        var reply = Reply(
            status: .ok,
            fields: [
                .contentType: type.rawValue, .eTag: tag, .acceptRanges: "bytes",
                .reprDigest: Digest.field(sha256: sha256),
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ])
        let length = source.length
        switch range(of: request, tag: tag) {
        case .whole:
            reply.content = try content(0..<length)
        case .part(let part):
            reply.status = .partialContent
            reply.fields[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)"
            reply.content = try content(part)
        case .unsatisfiable:
            throw APIError(
                .rangeNotSatisfiable, "there are \(length) bytes", fields: [.contentRange: "bytes */\(length)"])
        }
        return reply
    }

    /// `Range` counts for GET only, and under `If-Range` only while the representation is the one that the client has
    /// (RFC 9110 section 13.1.5). There are no dates to go by here.
    private func range(of request: APIRequest, tag: String) -> ByteRange {
        guard request.head.method == .get, let field = request.fields[.range] else { return .whole }
        if let known = request.fields[.ifRange], known != tag { return .whole }
        return ByteRange(field, length: source.length)
    }

    private func content(_ range: Range<Int>) throws -> ResponseContent {
        switch source {
        case .bytes(let bytes): return .bytes(range.count == bytes.count ? bytes : Array(bytes[range]))
        case .file(_, let open):
            // The file may have been superseded since its row was read.
            guard let descriptor = try open() else { throw APIError(.notFound, "it is no longer kept") }
            return .file(descriptor: descriptor, offset: range.lowerBound, length: range.count)
        }
    }
}
