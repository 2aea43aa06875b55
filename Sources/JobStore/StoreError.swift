package import Jobs
package import Locks

/// Why the store did not do what it was asked for.
package enum StoreError: Error, Sendable, Hashable {
    // What the caller asked for cannot be.

    /// There is no such thing, or it belongs to another owner.
    case notFound
    case invalidTransition(from: JobState, allowed: [JobCommand])
    /// A job can only be deleted when nothing can happen to it any more, or when paused.
    case notDeletable(state: JobState)
    /// The data set is named by jobs that are not over; some of them.
    case inUse(by: [Identifier])
    case revisionMismatch(current: Int)
    case badPageToken
    case idempotencyKeyReused
    case queueFull(jobsMax: Int)
    case tooManyQueuedJobs(owner: String, queued: Int, adding: Int, jobsMax: Int)
    case tooManyStoredBytes(owner: String, stored: Int, adding: Int, bytesMax: Int)
    /// The answer under an Idempotency-Key could not be kept; the oldest that is kept goes after so many seconds.
    case tooManyReplays(owner: String, kept: Int, bytes: Int, keptMax: Int, bytesMax: Int, retrySeconds: Int)
    /// Weighting cannot change any more: the job is over.
    case jobIsOver(state: JobState)
    /// The worker's attempt is over: its job was cancelled by force, or claimed again.
    case fencedOut

    // The store cannot do it now.

    /// More writes wait than `StoreLimits.writesPendingMax`.
    case overloaded
    case diskFull(Fault)
    /// The disk takes no writes or does not keep them; asking again later may help.
    case unavailable(Fault)
    /// A file cannot be read; the disk may take writes all the same.
    case unreadable(Fault)
    /// There is no memory for a file.
    case outOfMemory(OutOfMemory)
    case closed
    /// Whoever asked for a file does not want it any more.
    case interrupted

    // The store is wrong.

    /// A statement broke a rule of the schema or was no SQL.
    case statementFailed(Fault)

    // The data folder is not what it should be.

    case corrupt(String)
    case schemaTooNew(found: Int, known: Int)
    case foreignDatabase
    /// Its database is not the right one, or others may look into it.
    case refusedFolder(directory: String, FolderRefusal)
    /// Another server uses the data folder.
    case locked(directory: String)
    case invalidBackup(String)
    /// A backup is restored to a new or empty folder only.
    case notEmpty(directory: String)

    /// What a system or SQLite call said.
    package struct Fault: Error, Sendable, Hashable {
        package var operation: String
        /// errno, or SQLite's extended result code.
        package var code: Int32
        package var detail: String

        package init(operation: String, code: Int32, detail: String) {
            self.operation = operation
            self.code = code
            self.detail = detail
        }
    }

    /// A failed sync can leave behind a change that shows again after a crash.
    var leavesCommitInDoubt: Bool {
        if case .unavailable = self { true } else { false }
    }

    /// The disk is at fault, so that the same request may succeed later.
    package var isDiskTrouble: Bool {
        switch self {
        case .diskFull, .unavailable: true
        default: false
        }
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound: "not found"
        case .invalidTransition(let from, let allowed):
            "impossible while \(from.rawValue); possible: \(allowed.map(\.rawValue).joined(separator: ", "))"
        case .notDeletable(let state): "a job that is \(state.rawValue) cannot be deleted"
        case .inUse(let jobs): "in use by \(jobs.map(\.description).joined(separator: ", "))"
        case .revisionMismatch(let current): "the revision is \(current)"
        case .badPageToken: "the page token does not belong to this list"
        case .idempotencyKeyReused: "the idempotency key was used with another body"
        case .queueFull(let jobsMax): "the queue holds \(jobsMax) jobs already"
        case .tooManyQueuedJobs(let owner, let queued, let adding, let most):
            "\(owner) has \(queued) queued jobs; with \(adding) more the quota of \(most) is exceeded"
        case .tooManyStoredBytes(let owner, let stored, let adding, let most):
            "\(owner) has \(stored) bytes stored; \(adding) more would exceed the quota of \(most)"
        case .tooManyReplays(let owner, let kept, let bytes, let keptMax, let bytesMax, _):
            "\(owner) has \(kept) answers of \(bytes) bytes kept under Idempotency-Keys; "
                + "the most are \(keptMax) answers and \(bytesMax) bytes"
        case .jobIsOver(let state): "the job is \(state.rawValue)"
        case .fencedOut: "the attempt is over"
        case .overloaded: "too many writes are waiting"
        case .diskFull(let fault): "the disk is full: \(fault.operation): \(fault.detail) (\(fault.code))"
        case .unavailable(let fault): "the disk fails: \(fault.operation): \(fault.detail) (\(fault.code))"
        case .unreadable(let fault): "a file cannot be read: \(fault.operation): \(fault.detail) (\(fault.code))"
        case .outOfMemory(let error): "\(error)"
        case .closed: "the store is closed"
        case .interrupted: "nobody wants the file any more"
        case .statementFailed(let fault): "a statement failed: \(fault.operation): \(fault.detail) (\(fault.code))"
        case .corrupt(let detail): "corrupt: \(detail)"
        case .schemaTooNew(let found, let known):
            "the database has schema version \(found); this program knows versions up to \(known)"
        case .foreignDatabase: "the database belongs to another program"
        case .refusedFolder(let directory, let refusal): refusal.description(of: directory)
        case .locked(let directory): "another server uses \(directory)"
        case .notEmpty(let directory): "there is something in \(directory) already"
        case .invalidBackup(let detail): "not a backup that can be restored: \(detail)"
        }
    }
}
