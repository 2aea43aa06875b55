import JobStore
import Jobs

/// What a stream of events shows: one job, or all that its reader may see.
struct EventFeed: Sendable {
    enum Scope: Sendable {
        case job(Identifier)
        case all
    }

    /// Events and log lines read at a time; about 20 KiB of text.
    private static let pageSize = 64

    let scope: Scope
    let owner: String?

    var job: String? {
        if case .job(let id) = scope { id.description } else { nil }
    }

    struct Page: Sendable {
        var bytes: [UInt8] = []
        var cursor: EventCursor
        var hasMore = false
        /// Nothing will follow.
        var isEnd = false
    }

    /// What stands behind the cursor. An error ends the stream; its reader comes back and is told why.
    func page(behind cursor: EventCursor, hub: EventHub) -> Page {
        do {
            switch scope {
            case .job(let id): return try page(of: id, behind: cursor, hub.services.store)
            case .all: return try hub.sharedPage(owner: owner, behind: cursor, size: Self.pageSize)
            }
        } catch {
            return Page(cursor: cursor, isEnd: true)
        }
    }

    private func page(of id: Identifier, behind cursor: EventCursor, _ store: Store) throws -> Page {
        var page = Page(cursor: cursor)
        // The state is read first: when it is final, so is what is read after it.
        let isOver = try store.job(id, owner: owner).state.isTerminal
        let events = try store.events(of: id, owner: owner, after: cursor.event, limit: Self.pageSize)
        let lines = try store.logs(of: id, owner: owner, after: cursor.logLine, limit: Self.pageSize)
        for event in events { page.bytes += ServerSentEvent.bytes(event, id: EventID(event.seq, in: store)) }
        for line in lines { page.bytes += ServerSentEvent.bytes(line, of: id) }
        page.cursor.event = events.last?.seq ?? cursor.event
        page.cursor.logLine = lines.last?.seq ?? cursor.logLine
        page.hasMore = events.count == Self.pageSize || lines.count == Self.pageSize
        page.isEnd = isOver && !page.hasMore
        return page
    }
}

/// Events as the wire has them.
enum ServerSentEvent {
    /// A durable entry; its id is what a client resumes from.
    static func bytes(_ event: JobEvent, id: EventID) -> [UInt8] {
        var writer = JSONWriter()
        writer.value(event)
        return bytes(type: event.kind.rawValue, id: id, data: writer.bytes)
    }

    /// A log line. It has no id: a client that resumes is told of lines behind the last event again.
    static func bytes(_ line: LogLine, of job: Identifier) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("job")
            writer.value(job.description)
            writer.name("line")
            writer.value(line)
        }
        return bytes(type: "log", id: nil, data: writer.bytes)
    }

    static func progress(of job: Job) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("job")
            writer.value(job.id.description)
            writer.name("state")
            writer.value(job.state.rawValue)
            writer.name("progress")
            writer.value(job.progress)
        }
        return bytes(type: "progress", id: nil, data: writer.bytes)
    }

    /// The reader has to forget what it has: everything follows from the first event on.
    static func reset(after mismatch: EventID.Mismatch) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("reason")
            writer.value(mismatch.rawValue)
        }
        return bytes(type: "reset", id: nil, data: writer.bytes)
    }

    /// JSON has no line breaks of its own, so one data line holds it.
    private static func bytes(type: String, id: EventID?, data: [UInt8]) -> [UInt8] {
        var text = "event: \(type)\n"
        if let id { text += "id: \(id)\n" }
        return Array(text.utf8) + Array("data: ".utf8) + data + Array("\n\n".utf8)
    }
}
