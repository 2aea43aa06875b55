package import HTTPTypes

/// The kinds of errors a client can meet, as an answer or as what a job has failed with. Each has a page of its own below
/// `/v1/errors`.
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
    /// Of jobs only, and so are `crashed` and `outOfMemory`.
    case diverged
    case crashed
    case outOfMemory = "out-of-memory"

    /// The problem's `type`, a reference that resolves to its page.
    package var type: String { "/v1/errors/" + rawValue }

    package var status: HTTPResponse.Status {
        switch self {
        case .malformedRequest: .badRequest
        case .invalidSpec, .datasetInvalid, .diverged: .unprocessableContent
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
        case .internal, .crashed, .outOfMemory: .internalServerError
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
        case .preconditionFailed: "A condition of the request does not hold"
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
        case .diverged: "The training has diverged"
        case .crashed: "The job has crashed the server"
        case .outOfMemory: "The server has too little memory"
        }
    }
}
