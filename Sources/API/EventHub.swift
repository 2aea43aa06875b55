import Dispatch
import HTTPWire
import JobStore
import Jobs
import Locks

/// All open event streams: tells each of the changes that concern it, and keeps idle ones alive.
///
/// There is one subscription to the store and one timer, however many clients listen; streams that follow all jobs share
/// the pages that they read.
final class EventHub: Sendable {
    /// Proxies and phones give up connections that are silent for half a minute.
    private static let heartbeatSeconds = 15
    /// Streams open at once.
    private static let streamsMax = 10_000
    private static let sharedPagesMax = 64

    let services: Services
    private let streams = Lock<[ObjectIdentifier: EventStream]>([:])
    /// Whether streams end with what has been written.
    private let isClosed = Lock(false)
    private let shared = Lock(SharedPages())
    /// From the beginning: the end may be told before there is a stream.
    private let subscription = Lock<ChangeSubscription?>(nil)
    /// Made with the first stream.
    private let pulse = Lock<(any DispatchSourceTimer)?>(nil)

    /// Pages of the one line of all events, for streams that stand at the same place.
    private struct SharedPages {
        struct Key: Hashable {
            var owner: String?
            var cursor: EventCursor
        }

        var pages: [Key: EventFeed.Page] = [:]
        /// Grows with every change; a page read under another value is not kept.
        var version = 0
    }

    init(_ services: Services) {
        self.services = services
        let observed = services.store.changes.subscribe { [weak self] change in self?.note(change) }
        subscription.withLock { $0 = observed }
    }

    deinit {
        pulse.withLock { $0?.cancel() }
    }

    /// - Throws: `overloaded` when too many streams are open.
    func open(
        _ feed: EventFeed, from cursor: EventCursor, after mismatch: EventID.Mismatch? = nil
    ) throws(APIError) -> EventStream {
        begin()
        let stream = EventStream(feed, from: cursor, after: mismatch, hub: self)
        let isTaken = streams.withLock { streams in
            guard streams.count < Self.streamsMax else { return false }
            streams[ObjectIdentifier(stream)] = stream
            return true
        }
        guard isTaken else {
            throw .retryLater(.overloaded, "\(Self.streamsMax) event streams are open already", seconds: 5)
        }
        if isClosed.withLock({ $0 }) { stream.close() }
        return stream
    }

    /// Ends every stream in order once it has sent what has been written; also those that are opened from now on.
    private func close() {
        isClosed.withLock { $0 = true }
        for stream in streams.withLock({ Array($0.values) }) { stream.close() }
    }

    func remove(_ stream: EventStream) {
        streams.withLock { $0[ObjectIdentifier(stream)] = nil }
    }

    var count: Int { streams.withLock { $0.count } }

    private func begin() {
        pulse.withLock { pulse in
            guard pulse == nil else { return }
            let timer = DispatchSource.makeTimerSource(queue: services.queue)
            let interval = DispatchTimeInterval.seconds(Self.heartbeatSeconds)
            timer.schedule(deadline: .now() + interval, repeating: interval, leeway: .seconds(1))
            timer.setEventHandler { [weak self] in self?.beat() }
            timer.resume()
            pulse = timer
        }
    }

    private func note(_ change: ChangeNotifier.Change) {
        switch change {
        case .job(let id):
            shared.withLock { shared in
                shared.version &+= 1
                shared.pages = [:]
            }
            let concerned = streams(of: id)
            guard !concerned.isEmpty else { return }
            services.queue.async { for stream in concerned { stream.noteChange() } }
        case .progress(let id):
            let concerned = streams(of: id)
            guard !concerned.isEmpty else { return }
            services.queue.async { [self] in sendProgress(of: id, to: concerned) }
        case .drained: services.queue.async { self.close() }
        case .wish, .queue, .waiting, .draining: break
        }
    }

    private func streams(of job: Identifier) -> [EventStream] {
        let name = job.description
        return streams.withLock { $0.values.filter { $0.job == nil || $0.job == name } }
    }

    private func sendProgress(of id: Identifier, to streams: [EventStream]) {
        guard let job = try? services.store.job(id, owner: nil) else { return }
        let event = ServerSentEvent.progress(of: job)
        for stream in streams where stream.mayShow(job) { stream.noteProgress(of: id.description, event) }
    }

    private func beat() {
        for stream in streams.withLock({ Array($0.values) }) { stream.beat() }
    }

    /// A page of the events of all jobs that `owner` may see, read once for all streams that stand there.
    func sharedPage(owner: String?, behind cursor: EventCursor, size: Int) throws -> EventFeed.Page {
        let key = SharedPages.Key(owner: owner, cursor: cursor)
        let (known, version) = shared.withLock { ($0.pages[key], $0.version) }
        if let known { return known }
        let events = try services.store.events(owner: owner, afterNumber: cursor.event, limit: size)
        var page = EventFeed.Page(cursor: cursor)
        for event in events {
            page.bytes += ServerSentEvent.bytes(event, id: EventID(event.number, in: services.store))
        }
        page.cursor.event = events.last?.number ?? cursor.event
        page.hasMore = events.count == size
        shared.withLock { shared in
            guard shared.version == version, shared.pages.count < Self.sharedPagesMax else { return }
            shared.pages[key] = page
        }
        return page
    }
}

extension EventStream {
    /// Whether the job's owner is one whose jobs the reader may see.
    func mayShow(_ job: Job) -> Bool {
        owner == nil || owner == job.owner
    }
}
