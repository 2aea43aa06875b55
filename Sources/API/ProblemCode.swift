package import HTTPTypes

/// The kinds of errors a client can meet. Each has a page of its own below `/v1/errors`.
package enum ProblemCode: String, Sendable, Hashable, CaseIterable {
    case malformedRequest = "malformed-request"
    case invalidSpec = "invalid-spec"
    case datasetInvalid = "dataset-invalid"
    case unauthenticated
    case forbidden
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case notAcceptable = "not-acceptable"
    case requestTimeout = "request-timeout"
    case requestInProgress = "request-in-progress"
    case invalidTransition = "invalid-transition"
    case inUse = "in-use"
    case preconditionFailed = "precondition-failed"
    case lengthRequired = "length-required"
    case payloadTooLarge = "payload-too-large"
    case uriTooLong = "uri-too-long"
    case unsupportedMediaType = "unsupported-media-type"
    case rangeNotSatisfiable = "range-not-satisfiable"
    case digestMismatch = "digest-mismatch"
    case idempotencyKeyReused = "idempotency-key-reused"
    case rateLimited = "rate-limited"
    case quotaExceeded = "quota-exceeded"
    case headersTooLarge = "headers-too-large"
    case misdirectedRequest = "misdirected-request"
    case `internal`
    case notImplemented = "not-implemented"
    case httpVersionNotSupported = "http-version-not-supported"
    case queueFull = "queue-full"
    case overloaded
    case draining
    case insufficientStorage = "insufficient-storage"

    /// The problem's `type`, a reference that resolves to its page.
    package var type: String { "/v1/errors/" + rawValue }

    package var status: HTTPResponse.Status {
        switch self {
        case .malformedRequest: .badRequest
        case .invalidSpec, .datasetInvalid: .unprocessableContent
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .notAcceptable: .notAcceptable
        case .requestTimeout: .requestTimeout
        case .requestInProgress, .invalidTransition, .inUse: .conflict
        case .preconditionFailed: .preconditionFailed
        case .lengthRequired: .lengthRequired
        case .payloadTooLarge: .contentTooLarge
        case .uriTooLong: .uriTooLong
        case .unsupportedMediaType: .unsupportedMediaType
        case .rangeNotSatisfiable: .rangeNotSatisfiable
        case .digestMismatch: .badRequest
        case .idempotencyKeyReused: .unprocessableContent
        case .rateLimited: .tooManyRequests
        case .quotaExceeded: .forbidden
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .misdirectedRequest: .misdirectedRequest
        case .internal: .internalServerError
        case .notImplemented: .notImplemented
        case .httpVersionNotSupported: .httpVersionNotSupported
        case .queueFull, .overloaded, .draining: .serviceUnavailable
        case .insufficientStorage: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
        }
    }

    /// A short name for people, the same for every occurrence.
    package var title: String {
        switch self {
        case .malformedRequest: "The request is malformed"
        case .invalidSpec: "The request is well-formed but not valid"
        case .datasetInvalid: "The file is not a data set"
        case .unauthenticated: "A key is needed"
        case .forbidden: "Not allowed"
        case .notFound: "There is no such thing"
        case .methodNotAllowed: "The method does not exist here"
        case .notAcceptable: "No representation is acceptable"
        case .requestTimeout: "The request took too long to arrive"
        case .requestInProgress: "The same request is being answered"
        case .invalidTransition: "Impossible in this state"
        case .inUse: "Still in use"
        case .preconditionFailed: "It has changed meanwhile"
        case .lengthRequired: "A length is needed"
        case .payloadTooLarge: "The content is too large"
        case .uriTooLong: "The target is too long"
        case .unsupportedMediaType: "The media type is not supported"
        case .rangeNotSatisfiable: "The range lies outside the content"
        case .digestMismatch: "The content does not match its digest"
        case .idempotencyKeyReused: "The idempotency key belongs to another request"
        case .rateLimited: "Too many requests"
        case .quotaExceeded: "The quota is used up"
        case .headersTooLarge: "The header section is too large"
        case .misdirectedRequest: "This server does not answer for that host"
        case .internal: "Something went wrong here"
        case .notImplemented: "Not implemented"
        case .httpVersionNotSupported: "The HTTP version is not supported"
        case .queueFull: "The queue is full"
        case .overloaded: "The server is overloaded"
        case .draining: "The server is going down"
        case .insufficientStorage: "The disk is full"
        }
    }

    /// What a client can do about it.
    package var remedy: String {
        switch self {
        case .malformedRequest:
            "Mend the syntax that the detail points at. Repeating the request unchanged fails again."
        case .invalidSpec: "Each entry of `errors` points at a member and says what would be accepted."
        case .datasetInvalid: "Each entry of `errors` names row, line and column. Nothing of the upload was kept."
        case .unauthenticated: "Send `Authorization: Bearer` with a key that is neither expired nor revoked."
        case .forbidden: "Use a key with the scope that the detail names, or ask from an allowed origin."
        case .notFound: "Check the path and the identifier; another owner's things are not found either."
        case .methodNotAllowed: "Use one of the methods in `Allow`."
        case .notAcceptable: "Accept one of the media types in the detail."
        case .requestTimeout: "Send the request again, faster or in smaller pieces."
        case .requestInProgress: "Wait, then repeat the request with the same key for its answer."
        case .invalidTransition: "The detail lists the commands that are possible now."
        case .inUse: "Cancel or finish the jobs that the detail names, then try again."
        case .preconditionFailed: "Read the resource again and repeat the change with its new `ETag`."
        case .lengthRequired: "Send `Content-Length`."
        case .payloadTooLarge: "Stay below the size that the detail names."
        case .uriTooLong: "Shorten the path or the query."
        case .unsupportedMediaType: "Send one of the media types that the detail names in `Content-Type`."
        case .rangeNotSatisfiable: "Ask for a range within the length in `Content-Range`."
        case .digestMismatch: "Upload again: the bytes that arrived are not those that were digested."
        case .idempotencyKeyReused: "Use a new key for a new request."
        case .rateLimited, .overloaded, .queueFull: "Wait for `Retry-After` seconds, then repeat the request."
        case .quotaExceeded: "Delete what is no longer needed, or ask an admin for more."
        case .headersTooLarge: "Send fewer or shorter header fields."
        case .misdirectedRequest: "Without keys the server answers for localhost, 127.0.0.1 and [::1] only."
        case .internal: "Repeat the request; if it fails again, give the request id to whoever runs the server."
        case .notImplemented: "This build cannot do that."
        case .httpVersionNotSupported: "Use HTTP/1.1 or HTTP/2."
        case .draining: "Repeat the request in a moment: the server is being restarted."
        case .insufficientStorage: "Repeat the request once there is room on the server's disk."
        }
    }
}
