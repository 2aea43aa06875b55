import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks

/// Answers about jobs, kept until something changes: they are given on the event loop, without the store's disk.
///
/// A commit changes such an answer, or a tick of what only memory knows of the job. So one that was read at the same count
/// of commits and shows the same tick is what the store would say.
final class JobAnswers: Sendable {
    private struct Entry {
        var job: Job
        var tag: EntityTag
        var reply: Reply
    }

    /// Answers that were read at one count of commits; those from before are worth nothing.
    private struct State {
        var commits = 0
        var entries: [String: Entry] = [:]
        var bytes = 0
    }

    /// Bytes that answers may take together. When there are more, all are forgotten: the next questions bring back those
    /// that matter.
    private static let bytesMax = 4 << 20
    /// What an answer takes besides its content.
    private static let bytesPerEntry = 1_024

    private let store: Store
    private let state = Lock(State())

    init(_ store: Store) {
        self.store = store
    }

    /// To be taken before the job is read.
    var commits: Int { store.commitCount }

    /// The answer, if it is known and still true.
    func recall(_ request: APIRequest) -> Reply? {
        guard let id = request.parameters["id"] else { return nil }
        let (entry, commits) = state.withLock { ($0.entries[id], $0.commits) }
        guard let entry, commits == store.commitCount, entry.job.tick == store.tick(of: entry.job) else { return nil }
        let owner = request.principal.visibleOwner
        guard owner == nil || owner == entry.job.owner else { return nil }
        // Who waits for a change is not answered before there is one.
        guard entry.job.state.isTerminal || Waiting.seconds(request) == nil else { return nil }
        // A condition that does not hold is for the whole way to tell.
        return try? Self.fit(entry.reply, entry.tag, request)
    }

    /// The whole answer, or 304 where the client has it.
    static func fit(_ reply: Reply, _ tag: EntityTag, _ request: APIRequest) throws(APIError) -> Reply {
        guard var short = try request.notModified(tag.text) else { return reply }
        short.fields[.retryAfter] = reply.fields[.retryAfter]
        return short
    }

    /// Keeps the whole answer about a job, entity tag included.
    func remember(_ job: Job, _ tag: EntityTag, _ reply: Reply, commits: Int) {
        guard case .bytes(let content) = reply.content else { return }
        let bytes = content.count + Self.bytesPerEntry
        let entry = Entry(job: job, tag: tag, reply: reply)
        state.withLock { state in
            guard commits >= state.commits, bytes <= Self.bytesMax else { return }
            if commits > state.commits || bytes > Self.bytesMax - state.bytes { state = State(commits: commits) }
            // What it replaces says as much, so its bytes stand for both.
            if state.entries.updateValue(entry, forKey: job.id.description) == nil { state.bytes += bytes }
        }
    }
}
