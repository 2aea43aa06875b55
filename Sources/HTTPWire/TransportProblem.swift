/// An answer the transport gives by itself, before or instead of a handler: a status and a stable code.
///
/// The body is `application/problem+json` (RFC 9457).
package struct TransportProblem: Error, Sendable, Hashable {
    package let status: Int
    /// The last part of `type`, `/v1/errors/<code>`.
    package let code: String
    package let title: String
    /// One plain ASCII sentence for the person who reads it.
    package let detail: String

    package init(status: Int, code: String, title: String, detail: String) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
    }

    /// The JSON document. Every member is plain ASCII of our own, or escaped here.
    package func document(requestID: String) -> [UInt8] {
        var json = "{\"type\":\"/v1/errors/\(code)\",\"code\":\"\(code)\",\"title\":\"\(Self.escaped(title))\","
        json +=
            "\"status\":\(status),\"detail\":\"\(Self.escaped(detail))\",\"request_id\":\"\(Self.escaped(requestID))\"}\n"
        return Array(json.utf8)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension TransportProblem {
    package static func malformed(_ detail: String) -> Self {
        Self(status: 400, code: "malformed-request", title: "The request is malformed", detail: detail)
    }
    package static let plainTextAtTLS = malformed("This port speaks TLS: ask by https instead of http.")
    package static func contentTooLarge(bytesMax: Int) -> Self {
        Self(
            status: 413, code: "payload-too-large", title: "The content is too large",
            detail: "The content of this request may have at most \(bytesMax) bytes.")
    }
    package static func targetTooLong(bytesMax: Int) -> Self {
        Self(
            status: 414, code: "uri-too-long", title: "The target is too long",
            detail: "A request target may have at most \(bytesMax) bytes.")
    }
    package static func fieldsTooLarge(_ detail: String) -> Self {
        Self(status: 431, code: "headers-too-large", title: "The header section is too large", detail: detail)
    }
    package static let requestTimeout = Self(
        status: 408, code: "request-timeout", title: "The request took too long to arrive",
        detail: "The request did not arrive in time.")
    package static let methodNotAllowed = Self(
        status: 405, code: "method-not-allowed", title: "The method does not exist here",
        detail: "This server opens no tunnels.")
    package static let expectationFailed = Self(
        status: 417, code: "malformed-request", title: "The request is malformed",
        detail: "The only expectation that can be met is 100-continue.")
    package static let methodNotImplemented = Self(
        status: 501, code: "not-implemented", title: "Not implemented",
        detail: "The method is longer than any that exists here.")
    package static let transferCodingNotImplemented = Self(
        status: 501, code: "not-implemented", title: "Not implemented",
        detail: "The only transfer coding understood is chunked.")
    package static let overloaded = Self(
        status: 503, code: "overloaded", title: "The server is overloaded",
        detail: "Too many requests are being answered; try again shortly.")
    package static let tooManyConnections = Self(
        status: 503, code: "overloaded", title: "The server is overloaded",
        detail: "There are as many connections as this server takes; try again shortly.")
    package static let internalError = Self(
        status: 500, code: "internal", title: "Something went wrong here", detail: "The answer could not be produced.")
    package static let versionNotSupported = Self(
        status: 505, code: "http-version-not-supported", title: "The HTTP version is not supported",
        detail: "The versions spoken are HTTP/1.0, HTTP/1.1 and HTTP/2.")
}
