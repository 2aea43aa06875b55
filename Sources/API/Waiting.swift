import Dispatch
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks

/// `Prefer: wait=N` on a job (RFC 7240 section 4.3): the answer comes when the job's state changes, or after N seconds.
///
/// With `If-None-Match` a job that has changed since is answered at once, so that no change falls between two requests.
final class Waiting: Sendable {
    private static let secondsMax = 60

    private let services: Services
    private let request: APIRequest
    private let replying: any Replying
    private let first: Job
    private let seconds: Int
    private let makeReply: @Sendable (Job) throws -> Reply
    /// Nil once answered. Letting go of the subscription ends it.
    private let subscription = Lock<ChangeSubscription?>(nil)
    private let isOver = Lock(false)

    /// The seconds that a request is willing to wait, at most a minute; nil when it says nothing about it.
    static func seconds(_ request: APIRequest) -> Int? {
        guard let wait = request.fields[.prefer].flatMap({ Preference.value(of: "wait", in: $0) }), !wait.isEmpty,
            wait.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return min(Int(wait) ?? secondsMax, secondsMax)
    }

    init(
        _ services: Services, _ request: APIRequest, job: Job, seconds: Int, replying: any Replying,
        makeReply: @escaping @Sendable (Job) throws -> Reply
    ) {
        self.services = services
        self.request = request
        self.replying = replying
        self.seconds = seconds
        self.makeReply = makeReply
        first = job
    }

    func start() {
        let observed = services.store.changes.subscribe { [weak self] change in
            guard let self, change == .job(self.first.id) else { return }
            self.services.queue.async { self.look(isLast: false) }
        }
        subscription.withLock { $0 = observed }
        // Keeps this waiting alive until its time is up.
        services.queue.asyncAfter(deadline: .now() + .seconds(seconds)) { self.look(isLast: true) }
        // What changed before the subscription began.
        look(isLast: false)
    }

    private func look(isLast: Bool) {
        guard !isOver.withLock({ $0 }) else { return }
        let job = Result { try services.store.job(first.id, owner: request.principal.visibleOwner) }
        let isDue: Bool =
            switch job {
            case .success(let job): isLast || job.state != first.state || job.attempt != first.attempt
            case .failure: true
            }
        guard isDue else { return }
        let isMine = isOver.withLock { isOver in
            defer { isOver = true }
            return !isOver
        }
        guard isMine else { return }
        subscription.withLock { $0 = nil }
        replying.reply(Result { try makeReply(job.get()).with(.preferenceApplied, "wait=\(seconds)") })
    }
}
