/// What the types of problems mean, for their pages below `/v1/errors`.
extension ProblemCode {
    /// What has happened.
    var meaning: String {
        switch self {
        case .malformedRequest:
            "What was sent is not HTTP, JSON, gzip or a query as this API writes them, so it could not be read."
        case .invalidSpec: "The body could be read, and says something that cannot be done."
        case .datasetInvalid:
            "The file could be read up to the places that the errors name, and is no table from there."
        case .unauthenticated: "The request came without a key that is in force."
        case .forbidden: "The key, or the page that asks, may not do this."
        case .notFound: "Nothing is at this path, or nothing that the key's owner may see."
        case .methodNotAllowed: "The path exists, the method does not exist for it."
        case .notAcceptable: "None of the representations that are offered here is among those in Accept."
        case .requestTimeout: "The head or the content did not arrive in time, or too slowly."
        case .requestInProgress: "A request under the same Idempotency-Key has not been answered yet."
        case .invalidTransition: "The job is in a state in which it cannot do this."
        case .inUse: "Something that is not over names it."
        case .preconditionFailed: "If-Match or If-None-Match does not hold for what is there now."
        case .lengthRequired: "The content's length has to be known in advance here."
        case .payloadTooLarge: "The content is longer than is taken here, as it came or once it is inflated."
        case .uriTooLong: "The target is longer than the server reads."
        case .unsupportedMediaType: "The content has a media type or a coding that is not taken here."
        case .rangeNotSatisfiable: "No byte of the content lies in the range that was asked for."
        case .digestMismatch: "Content-Digest is not the digest of the content that arrived."
        case .idempotencyKeyReused: "The Idempotency-Key came with another body in the last 24 hours."
        case .rateLimited: "The key has made more requests than it may in this time."
        case .quotaExceeded: "The owner has as much here as one owner may have."
        case .headersTooLarge: "The header section is longer than the server reads."
        case .misdirectedRequest: "The Host is one that this server does not answer for."
        case .internal: "An error that is not the client's; the server has logged it under the request id."
        case .notImplemented: "The request asks for something that this build or this model has no form for."
        case .httpVersionNotSupported: "The request is written in a version of HTTP that the server does not speak."
        case .queueFull: "As many jobs wait as the server keeps."
        case .overloaded: "The server has more to do than it can take on, or its disk takes no writes at the moment."
        case .draining: "The server is finishing what it has begun and takes nothing new."
        case .insufficientStorage: "There is no room left on the server's disk."
        case .diverged: "A loss, a gradient or a parameter of the job is not finite any more, so nothing can be learnt."
        case .crashed: "The server died `max_attempts` times in a row while it ran this job."
        case .outOfMemory: "The job needs more memory than the server has for it. Other jobs go on."
        }
    }

    /// What a client can do about it.
    var remedy: String {
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
        case .diverged:
            "Submit it again with a smaller learning rate, a warm-up or `gradient_clip_norm`; what was recorded stays."
        case .outOfMemory: "Submit it again with a smaller model, batch or data set, or give the server more memory."
        case .crashed: "Look into the server's log; with a smaller model or batch the job may need less memory."
        }
    }
}
