import Crypto
import Foundation
import HTTPTypes
import HTTPWire

/// Fields that keep browsers from doing more with an answer than it is meant for, and let allowed origins read it.
struct SecurityFields: Sendable {
    private let corsOrigins: [String]
    /// What nearly every answer carries, by what it was negotiated from.
    private let standing: [StandingFields]

    /// What an answer depends on besides its target (RFC 9110 section 12.5.5).
    struct Negotiation: OptionSet {
        let rawValue: Int
        static let mediaType = Self(rawValue: 1)
        static let coding = Self(rawValue: 2)
        fileprivate static let combinations = 4

        /// The fields of requests that have a say.
        fileprivate var names: [String] {
            (contains(.mediaType) ? ["Accept"] : []) + (contains(.coding) ? ["Accept-Encoding"] : [])
        }
    }

    init(corsOrigins: [String]) {
        self.corsOrigins = corsOrigins
        standing = (0..<Negotiation.combinations).map { combination in
            var fields: HTTPFields = [
                .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
                .contentSecurityPolicy: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
                .cacheControl: "no-cache",
                .crossOriginResourcePolicy: "same-origin",
            ]
            let vary = Negotiation(rawValue: combination).names + (corsOrigins.isEmpty ? [] : ["Origin"])
            if !vary.isEmpty { fields[.vary] = vary.joined(separator: ", ") }
            return StandingFields(fields)
        }
    }

    private static let preflightSeconds = 600
    private static let exposed = [
        "Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Range", "ETag", "Idempotency-Replayed",
        "Link",
        "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Repr-Digest", "Retry-After", "X-Request-Id",
    ].joined(separator: ", ")
    private static let asked = [
        "Authorization", "Content-Digest", "Content-Encoding", "Content-Type", "Idempotency-Key", "If-Match",
        "If-None-Match", "If-Range", "Last-Event-ID", "Prefer", "Range",
    ].joined(separator: ", ")

    /// Adds what every answer carries, or returns it where none of it is already there: what an answer says itself counts.
    func add(
        to fields: inout HTTPFields, for head: RequestHead, varyingBy negotiation: Negotiation
    ) -> StandingFields? {
        if let origin = allowedOrigin(head) {
            fields[.accessControlAllowOrigin] = origin
            fields[.accessControlExposeHeaders] = Self.exposed
        }
        let standing = standing[negotiation.rawValue]
        guard fields.contains(.contentSecurityPolicy) || fields.contains(.cacheControl) else { return standing }
        fields.append(contentsOf: standing.fields.filter { !fields.contains($0.name) })
        return nil
    }

    /// What a browser asks before a request of another origin that is more than a form could send (Fetch, section 3.2.2).
    func preflight(for head: RequestHead, methods: String) -> HTTPFields {
        guard allowedOrigin(head) != nil, head.fields[.accessControlRequestMethod] != nil else {
            return [:]
        }
        return [
            .accessControlAllowMethods: methods, .accessControlAllowHeaders: Self.asked,
            .accessControlMaxAge: String(Self.preflightSeconds),
        ]
    }

    private func allowedOrigin(_ head: RequestHead) -> String? {
        guard !corsOrigins.isEmpty, let origin = head.fields[.origin], corsOrigins.contains(origin) else { return nil }
        return origin
    }

    /// Lets a page run the one script and the one style sheet that stand in it, and speak to this server only.
    static func policy(ofPage html: [UInt8]) -> String {
        let text = String(decoding: html, as: UTF8.self)
        func digest(_ tag: String) -> String {
            let content = text.components(separatedBy: "<\(tag)>").dropFirst().first?.components(
                separatedBy: "</\(tag)>")
            let hash = SHA256.hash(data: Array((content?.first ?? "").utf8))
            return "'sha256-\(Data(hash).base64EncodedString())'"
        }
        return
            "default-src 'none'; script-src \(digest("script")); style-src \(digest("style")); "
            + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }
}
