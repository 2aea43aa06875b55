import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/v1/jobs/{id}/events` and `/v1/events`: histories as pages, or as they happen.
struct EventsResource: Sendable {
    private let services: Services
    private let hub: EventHub

    init(_ services: Services, _ hub: EventHub) {
        self.services = services
        self.hub = hub
    }

    var routes: [Route] {
        [
            Route(
                .get, "/v1/jobs/{id}/events", scope: .read, query: APIRequest.tailParameters,
                offers: [.json, .eventStream, .csv], .blocking(ofJob)),
            Route(
                .get, "/v1/events", scope: .read, query: APIRequest.tailParameters,
                offers: [.json, .eventStream, .csv], .blocking(ofAll)),
        ]
    }

    private static let columns = ["seq", "number", "job", "type", "from", "to", "actor", "at", "detail"]

    private func ofJob(_ request: APIRequest) throws -> Handled {
        let (id, owner) = (try request.identifier(.job), request.principal.visibleOwner)
        let named = try request.lastEvent()
        let newest = try services.store.lastEvent(of: id, owner: owner)
        if try request.negotiated() == .eventStream {
            return .reply(try stream(of: id, behind: named, newest: newest, request))
        }
        let tail = try request.eventTail(in: services.store, newest: newest)
        let events = try services.store.events(of: id, owner: owner, after: tail.after, limit: tail.limit)
        return .reply(try request.list(tail.page(events, position: \.seq), columns: Self.columns) { $1.value($0) })
    }

    private func ofAll(_ request: APIRequest) throws -> Handled {
        let (owner, named) = (request.principal.visibleOwner, try request.lastEvent())
        let newest = try services.store.lastEventNumber()
        guard try request.negotiated() == .eventStream else {
            let tail = try request.eventTail(in: services.store, newest: newest)
            let events = try services.store.events(owner: owner, afterNumber: tail.after, limit: tail.limit)
            return .reply(
                try request.list(tail.page(events, position: \.number), columns: Self.columns) { $1.value($0) })
        }
        // Who names no position wants what happens from now on, not the history of every job.
        let mismatch = named?.mismatch(in: services.store, newest: newest)
        let cursor = EventCursor(event: mismatch == nil ? named?.number ?? newest : 0)
        return .reply(try reply(request, EventFeed(scope: .all, owner: owner), from: cursor, after: mismatch))
    }

    /// From the beginning, unless the client names the last event that it has, and there is such an event.
    private func stream(
        of id: Identifier, behind named: EventID?, newest: Int, _ request: APIRequest
    ) throws -> Reply {
        let owner = request.principal.visibleOwner
        let job = try services.store.job(id, owner: owner)
        let mismatch = named?.mismatch(in: services.store, newest: newest)
        var cursor = EventCursor(event: mismatch == nil ? named?.number ?? 0 : 0)
        if cursor.event > 0 {
            cursor.logLine = try lastLogLine(of: id, owner: owner, before: cursor.event)
            let hasMore = try !services.store.events(of: id, owner: owner, after: cursor.event, limit: 1).isEmpty
            // 204 tells an EventSource to stay away: nothing will ever follow.
            if job.state.isTerminal && !hasMore { return .noContent }
        }
        return try reply(request, EventFeed(scope: .job(id), owner: owner), from: cursor, after: mismatch)
    }

    /// The last log line written before an event, as far as the clock tells.
    private func lastLogLine(of id: Identifier, owner: String?, before seq: Int) throws -> Int {
        guard let event = try services.store.events(of: id, owner: owner, after: seq - 1, limit: 1).first else {
            return 0
        }
        var last = 0
        while true {
            let lines = try services.store.logs(of: id, owner: owner, after: last, limit: Self.logLinesPerRead)
            let older = lines.prefix { $0.at < event.at }
            last = older.last?.seq ?? last
            if older.count < Self.logLinesPerRead { return last }
        }
    }

    private static let logLinesPerRead = 500

    /// - Parameter mismatch: why the stream does not go on where the client was.
    private func reply(
        _ request: APIRequest, _ feed: EventFeed, from cursor: EventCursor, after mismatch: EventID.Mismatch?
    ) throws -> Reply {
        let fields: HTTPFields = [.contentType: MediaType.eventStream.rawValue, .cacheControl: "no-store"]
        // HEAD asks for no events, so no stream is opened for it; its length is as unknown as that of GET.
        guard request.head.method != .head else {
            return Reply(status: .ok, fields: fields, content: .stream(EndedStream()))
        }
        return Reply(status: .ok, fields: fields, content: .stream(try hub.open(feed, from: cursor, after: mismatch)))
    }
}

/// Stands for content of unknown length where nobody will read it.
private final class EndedStream: ContentSource {
    func next(bytesMax: Int, wake: @escaping @Sendable () -> Void) -> ContentPiece { .end }
    func cancel() {}
}
