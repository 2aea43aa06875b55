import HTTPTypes
import HTTPWire

extension TransportProblem {
    /// The methods named in Allow when the transport itself refuses one.
    private static let allowedMethods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"

    /// The phrases of RFC 9110 section 15 for the statuses used here.
    private static func reasonPhrase(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }

    /// The problem as a response in its own right.
    func response(requestID: String) -> Response {
        var fields: HTTPFields = [
            .contentType: "application/problem+json", .cacheControl: "no-store",
            .crossOriginResourcePolicy: "same-origin", .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        ]
        if status == 503 { fields[.retryAfter] = "1" }
        if status == 405 { fields[.allow] = Self.allowedMethods }
        return Response(
            status: HTTPResponse.Status(code: status, reasonPhrase: Self.reasonPhrase(status)), fields: fields,
            content: .bytes(document(requestID: requestID)))
    }
}
