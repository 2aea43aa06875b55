import HTTPTypes
import JobStore
import Jobs
import Locks

/// Answers about jobs that are over, kept until something is written: they are given on the event loop, without the store.
///
/// Nothing but a commit changes such an answer, so one that was read at the same count of commits is what the store would say.
final class FinishedJobs: Sendable {
    private struct Entry {
        var commits: Int
        var owner: String
        var tag: EntityTag
        var reply: Reply
    }

    /// When there are more, all are forgotten: the next questions bring back those that matter.
    private static let countMax = 1_024

    private let store: Store
    private let entries = Lock<[String: Entry]>([:])

    init(_ store: Store) {
        self.store = store
    }

    /// To be taken before the job is read.
    var commits: Int { store.commitCount }

    /// The answer, if it is known and still true.
    func recall(_ request: APIRequest) -> Reply? {
        guard let id = request.parameters["id"], let entry = entries.withLock({ $0[id] }),
            entry.commits == store.commitCount
        else { return nil }
        let owner = request.principal.visibleOwner
        guard owner == nil || owner == entry.owner else { return nil }
        if let reply = request.notModified(entry.tag.text) { return reply }
        return entry.reply
    }

    /// Keeps the whole answer about a job that is over, entity tag included.
    func remember(_ job: Job, _ tag: EntityTag, _ reply: Reply, commits: Int) {
        let entry = Entry(commits: commits, owner: job.owner, tag: tag, reply: reply)
        entries.withLock { entries in
            if entries.count >= Self.countMax { entries = [:] }
            entries[job.id.description] = entry
        }
    }
}
