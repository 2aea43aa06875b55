import Compression
import HTTPTypes
import HTTPWire
import Jobs

/// gzip by negotiation (RFC 9110 sections 8.4 and 12.5.3): of answers to reads, and of what clients send.
///
/// Answers to changes are left alone: they are short, and one of them carries a secret. Files and event streams are, too.
enum ContentCoding {
    /// Content shorter than this gains nothing in one packet.
    private static let bytesMin = 1_024
    /// zlib's. Its default, 6, takes twice the time for a tenth less.
    private static let level = 4
    /// The end of an entity tag's text that names the compressed representation.
    static let tagSuffix = ".gzip"

    /// Compresses a reply that its reader would rather have so, and says what it depends on.
    static func encode(_ reply: inout Reply, for head: RequestHead) {
        // Most programs say nothing, which is no wish for gzip, and is found out soonest.
        guard let accepted = head.fields[.acceptEncoding] else { return }
        guard let type = reply.fields[.contentType], isText(type.essence) else { return }
        guard case .bytes(let bytes) = reply.content, reply.fields[.contentEncoding] == nil else { return }
        let wish = Wish(accepted)
        guard wish.takesGzip, bytes.count >= bytesMin || !wish.takesIdentity else { return }
        guard let compressed = GzipWriter(level: level)?.compressed(bytes) else { return }
        reply.content = .bytes(compressed)
        reply.fields[.contentEncoding] = "gzip"
        if let tag = reply.fields[.eTag], tag.hasSuffix("\"") { reply.fields[.eTag] = variant(of: tag) }
    }

    /// The tag of the compressed representation beside the one with that tag.
    static func variant(of tag: String) -> String {
        tag.dropLast() + tagSuffix + "\""
    }

    static func takesGzip(_ fields: HTTPFields) -> Bool { Wish(fields[.acceptEncoding]).takesGzip }

    private static func isText(_ essence: String) -> Bool {
        essence.hasPrefix("text/") && essence != MediaType.eventStream.essence || essence.hasSuffix("json")
            || essence == MediaType.yaml.essence || essence == MediaType.openMetrics.essence
    }

    /// Whether the request's content came compressed.
    ///
    /// - Throws: `unsupported-media-type` with the codings that are taken.
    static func isGzip(_ fields: HTTPFields) throws(APIError) -> Bool {
        let codings = (fields[.contentEncoding] ?? "").split(separator: ",").map { $0.trimmed.lowercased() }
        switch codings.filter({ !$0.isEmpty && $0 != "identity" }) {
        case []: return false
        case ["gzip"], ["x-gzip"]: return true
        case let others:
            throw APIError(
                .unsupportedMediaType,
                "the content coding must be gzip or none, not \"\(others.joined(separator: ", ").prefix(100))\"",
                fields: [.acceptEncoding: "gzip, identity"])
        }
    }

    /// A document as it was before its sender compressed it.
    ///
    /// - Parameter store: called before that many bytes more are kept.
    static func decoded(_ bytes: [UInt8], bytesMax: Int, store: (Int) throws -> Void) throws -> [UInt8] {
        do {
            let reader = try GzipReader(within: GzipReader.Bounds(bytesMax: bytesMax))
            var document = GatheredBytes()
            try reader.read(bytes) { piece in
                try store(piece.count)
                document.append(piece)
            }
            try reader.finish()
            return document.take()
        } catch let error as GzipReader.Failure {
            throw APIError(error)
        }
    }
}

extension APIError {
    init(_ failure: GzipReader.Failure) {
        switch failure {
        case .damaged: self.init(.malformedRequest, "the content is not gzip, as Content-Encoding says it is")
        case .torn: self.init(.malformedRequest, "the gzip content ends early")
        case .tooLarge(let bytesMax):
            self.init(.payloadTooLarge, "the content is longer than \(bytesMax) bytes once it is inflated")
        case .tooDense(let ratioMax):
            self.init(.payloadTooLarge, "the content inflates to more than \(ratioMax) times its length")
        case .outOfMemory: self = .retryLater(.overloaded, "there is no memory for inflating", seconds: 5)
        }
    }
}

/// What `Accept-Encoding` says of the two codings there are. Absent, it asks for the content as it is.
private struct Wish {
    var takesGzip: Bool
    var takesIdentity: Bool

    init(_ field: String?) {
        var qualities: [String: Double] = [:]
        for element in (field ?? "").split(separator: ",") {
            let parts = element.split(separator: ";").map { $0.trimmed.lowercased() }
            guard let coding = parts.first else { continue }
            let q = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            qualities[coding == "x-gzip" ? "gzip" : coding] = q
        }
        let gzip = qualities["gzip"] ?? qualities["*"] ?? 0
        takesIdentity = qualities["identity"] ?? qualities["*"] ?? 1 > 0
        // Who names both says which is liked better; who names gzip alone wants it.
        takesGzip = gzip > 0 && gzip >= qualities["identity"] ?? 0
    }
}
