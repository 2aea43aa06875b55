import Crypto
import Foundation
import HTTPTypes
import HTTPWire

/// Fields that keep browsers from doing more with an answer than it is meant for, and let allowed origins read it.
struct SecurityFields: Sendable {
    let corsOrigins: [String]

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

    /// Adds what every answer carries.
    func add(to fields: inout HTTPFields, for head: RequestHead, varyingBy negotiated: [String]) {
        // No reply brings these itself, so they need not be looked for.
        fields.append(HTTPField(name: .xContentTypeOptions, value: "nosniff"))
        fields.append(HTTPField(name: .referrerPolicy, value: "no-referrer"))
        if !fields.contains(.contentSecurityPolicy) {
            fields.append(
                HTTPField(name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'"))
        }
        if !fields.contains(.cacheControl) { fields.append(HTTPField(name: .cacheControl, value: "no-cache")) }
        var vary = negotiated
        if !corsOrigins.isEmpty { vary.append("Origin") }
        if !vary.isEmpty { fields[.vary] = vary.joined(separator: ", ") }
        guard let origin = allowedOrigin(head) else { return }
        fields[.accessControlAllowOrigin] = origin
        fields[.accessControlExposeHeaders] = Self.exposed
    }

    /// What a browser asks before a request of another origin that is more than a form could send (Fetch, section 3.2.2).
    func preflight(for head: RequestHead, methods: String) -> HTTPFields {
        guard allowedOrigin(head) != nil, head.request.headerFields[.accessControlRequestMethod] != nil else {
            return [:]
        }
        return [
            .accessControlAllowMethods: methods, .accessControlAllowHeaders: Self.asked,
            .accessControlMaxAge: String(Self.preflightSeconds),
        ]
    }

    private func allowedOrigin(_ head: RequestHead) -> String? {
        guard let origin = head.request.headerFields[.origin], corsOrigins.contains(origin) else { return nil }
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
