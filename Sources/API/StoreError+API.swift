import Datasets
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Logging

extension Services {
    /// Seconds after which a client should try again what the disk or the load made impossible.
    private static let retrySeconds = 5

    /// What a client is told of an error. Whatever it was not made to see is logged with the request's id instead.
    func problem(for error: any Error, _ head: RequestHead) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as InvalidSpec: return APIError(.invalidSpec, problems: error.problems)
        case let error as StoreError: return problem(for: error, head)
        case let error as DatasetError: return problem(for: error, head)
        case is ClientGone: return APIError(.requestTimeout, "nobody waited for the answer")
        case let error as FormatUnavailable: return APIError(.notImplemented, error.detail)
        default: return unexpected(error, head)
        }
    }

    private func problem(for error: StoreError, _ head: RequestHead) -> APIError {
        switch error {
        case .notFound: return APIError(.notFound, "there is no such thing, or it belongs to another owner")
        case .invalidTransition(let state, let allowed):
            let commands = allowed.isEmpty ? "no command" : allowed.map(\.inWords).joined(separator: ", ")
            return APIError(.invalidTransition, "the job is \(state.rawValue); possible now: \(commands)")
        case .notDeletable(let state):
            return APIError(
                .invalidTransition, "a job that is \(state.rawValue) cannot be deleted; cancel or pause it first")
        case .jobIsOver(let state): return APIError(.invalidTransition, "the job is \(state.rawValue) already")
        case .inUse(let jobs):
            let names = jobs.map(\.description).joined(separator: ", ")
            return APIError(.inUse, "jobs that are not over need it: \(names)")
        case .revisionMismatch: return APIError(.preconditionFailed, "it has changed since that entity tag was made")
        case .badPageToken:
            return APIError(.malformedRequest, "the page token does not belong to this list with these filters")
        case .idempotencyKeyReused:
            return APIError(.idempotencyKeyReused, "the key was used with another body in the last 24 hours")
        case .queueFull(let most):
            return .retryLater(.queueFull, "the queue holds \(most) jobs already", seconds: Self.retrySeconds)
        case .tooManyQueuedJobs, .tooManyStoredBytes: return APIError(.quotaExceeded, error.description)
        case .tooManyReplays(_, _, _, _, _, let seconds):
            let advice = "send the request without an Idempotency-Key, or again when the oldest answer is forgotten"
            var refusal = APIError.retryLater(.quotaExceeded, "\(error.description); \(advice)", seconds: seconds)
            refusal.status = .tooManyRequests
            return refusal
        case .overloaded: return .retryLater(.overloaded, "too many writes are waiting", seconds: 1)
        case .diskFull:
            _ = unexpected(error, head)
            return .retryLater(.insufficientStorage, "the disk is full", seconds: Self.retrySeconds)
        case .outOfMemory:
            _ = unexpected(error, head)
            return .retryLater(.overloaded, "there is no memory for a file at the moment", seconds: Self.retrySeconds)
        case .unreadable:
            _ = unexpected(error, head)
            return .retryLater(.overloaded, "a file could not be read at the moment", seconds: Self.retrySeconds)
        case .unavailable, .closed:
            _ = unexpected(error, head)
            return .retryLater(.overloaded, "the disk takes no writes at the moment", seconds: Self.retrySeconds)
        default: return unexpected(error, head)
        }
    }

    private func problem(for error: DatasetError, _ head: RequestHead) -> APIError {
        switch error.kind {
        case .invalid: return APIError(.datasetInvalid, problems: error.problems)
        case .tooLarge: return APIError(.payloadTooLarge, problems: error.problems)
        case .outOfMemory:
            _ = unexpected(error, head)
            return .retryLater(.overloaded, "there is no memory for it at the moment", seconds: Self.retrySeconds)
        case .busy: return .retryLater(.overloaded, "too many large requests are being answered at once", seconds: 1)
        case .interrupted: return APIError(.requestTimeout, "nobody waited for the answer")
        case .damaged:
            _ = unexpected(error, head)
            return APIError(.internal, error.problems.first?.detail ?? "a stored file has changed")
        case .unreadable:
            _ = unexpected(error, head)
            return .retryLater(.overloaded, "a file could not be read at the moment", seconds: Self.retrySeconds)
        }
    }

    private func unexpected(_ error: any Error, _ head: RequestHead) -> APIError {
        logger.error(
            "request failed",
            metadata: [
                "request_id": "\(head.requestID)", "method": "\(head.method.rawValue)",
                "path": "\(head.path ?? "")", "error": "\(error)",
            ])
        return APIError(.internal, "an error that is not yours; it was logged under this request id")
    }
}

extension JobCommand {
    fileprivate var inWords: String {
        self == .forceCancel ? "cancel?force=true" : rawValue
    }
}
