import API
import Dispatch
import Foundation
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Testing

/// Reads a stream of events as the server would, waking up when it is told to.
private final class StreamReader {
    struct Event: Equatable {
        var type: String
        var id: Int?
        var data: JSONValue
    }

    private let source: any ContentSource
    private let awake = DispatchSemaphore(value: 0)
    private var text = ""
    private var isOver = false

    init(_ answer: Bench.Answer) throws {
        #expect(answer.status == 200)
        #expect(answer.fields[.contentType] == "text/event-stream")
        source = try #require(answer.stream)
    }

    deinit {
        if !isOver { source.cancel() }
    }

    /// The next event; nil at the end.
    func next(bytesMax: Int = 1_000) throws -> Event? {
        while true {
            if let event = try takeEvent() { return event }
            switch source.next(bytesMax: bytesMax, wake: { [awake] in awake.signal() }) {
            case .bytes(let bytes): text += String(decoding: bytes, as: UTF8.self)
            case .later: awake.wait()
            case .end:
                isOver = true
                return nil
            case .failed: throw Unexpected("the stream failed")
            }
        }
    }

    /// The next event of a type, others left out.
    func next(_ type: String) throws -> Event? {
        while let event = try next() { if event.type == type { return event } }
        return nil
    }

    /// The next event that is as wanted, others left out.
    func next(where isWanted: (Event) -> Bool) throws -> Event? {
        while let event = try next() { if isWanted(event) { return event } }
        return nil
    }

    func all() throws -> [Event] {
        var events: [Event] = []
        while let event = try next() { events.append(event) }
        return events
    }

    private func takeEvent() throws -> Event? {
        while let end = text.range(of: "\n\n") {
            let lines = text[..<end.lowerBound].split(separator: "\n")
            text = String(text[end.upperBound...])
            func field(_ name: String) -> String? {
                lines.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
            }
            guard let type = field("event"), let data = field("data") else { continue }
            let value = try JSONValue(parsing: Array(data.utf8))
            let schema =
                switch type {
                case "log": "EventLog"
                case "progress": "EventProgress"
                case "reset": "EventReset"
                default: "Event"
                }
            let validator = SchemaValidator(document: try Description.document())
            #expect(validator.problems(value, against: validator.resolve("#/components/schemas/" + schema)) == [])
            let id = field("id")
            #expect(id == nil || id?.wholeMatch(of: /[0-9a-f]{8}-[0-9]+/) != nil)
            return Event(type: type, id: id?.split(separator: "-").last.flatMap { Int($0) }, data: value)
        }
        return nil
    }
}

struct EventStreamTests {
    private static let accept: HTTPFields = [.accept: "text/event-stream"]

    private static func resuming(_ id: some CustomStringConvertible) throws -> HTTPFields {
        var fields = accept
        fields[try #require(HTTPField.Name("Last-Event-ID"))] = id.description
        return fields
    }

    @Test func theStreamOfAJobTellsItsWholeHistoryAndEndsWithIt() throws {
        let bench = try Bench()
        let job = try bench.train(epochs: 100)
        let events = try StreamReader(bench.ask(.get, "/v1/jobs/\(job)/events", fields: Self.accept)).all()
        let ids = events.compactMap(\.id)
        #expect(ids == Array(1...ids.count))
        #expect(events.filter { $0.type == "epoch" }.count == 100)
        #expect(events.filter { $0.type == "log" }.map { $0.data["line"]?["message"]?.text } == ["begin", "end"])
        #expect(events.last { $0.type == "state" }?.data["to"]?.text == "succeeded")
    }

    @Test func aStreamThatHasEndedIsNotOpenAnyMore() throws {
        let bench = try Bench()
        let job = try bench.train(epochs: 2)
        let reader = try StreamReader(bench.ask(.get, "/v1/jobs/\(job)/events", fields: Self.accept))
        #expect(bench.ask(.get, "/metrics").text.contains("tenbin_event_streams 1\n"))
        #expect(try !reader.all().isEmpty)
        #expect(bench.ask(.get, "/metrics").text.contains("tenbin_event_streams 0\n"))
    }

    @Test func aClientThatComesBackMissesNothing() throws {
        let bench = try Bench()
        let job = try bench.train(epochs: 10)
        let target = "/v1/jobs/\(job)/events"
        let all = try StreamReader(bench.ask(.get, target, fields: Self.accept)).all().filter { $0.id != nil }
        let rest = try StreamReader(bench.ask(.get, target, fields: Self.resuming(4))).all().filter { $0.id != nil }
        #expect(rest == Array(all.dropFirst(4)))
        let last = try #require(all.last?.id)
        #expect(bench.ask(.get, target, fields: try Self.resuming(last)).status == 204)
        #expect(bench.ask(.get, target + "?since=\(last)", fields: Self.accept).status == 204)
    }

    @Test func whatHappensIsToldAsItHappens() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let reader = try StreamReader(bench.ask(.get, "/v1/jobs/\(job)/events", fields: Self.accept))
        let line = try StreamReader(bench.ask(.get, "/v1/events", fields: Self.accept))
        #expect(try reader.next()?.data["to"]?.text == "queued")
        let lease = try bench.claim().lease
        #expect(try reader.next()?.data["to"]?.text == "starting")
        _ = try bench.store.beginEpoch(1, under: lease).commitAndWait()
        #expect(try reader.next()?.data["to"]?.text == "running")
        try bench.record(1, under: lease)
        #expect(try reader.next("epoch")?.data["detail"]?["epoch"]?.int == 1)
        #expect(try line.next()?.data["to"]?.text == "starting")
        #expect(try line.next("epoch")?.data["job"]?.text == job)
    }

    @Test func progressIsToldBetweenWhatIsDurable() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let claim = try bench.claim()
        let reader = try StreamReader(bench.ask(.get, "/v1/jobs/\(job)/events", fields: Self.accept))
        #expect(try reader.next("state")?.data["to"]?.text == "queued")
        #expect(try reader.next("state")?.data["to"]?.text == "starting")
        let progress = TrainingProgress(epoch: 1, epochs: 20, batch: 3, batches: 10, samplesPerSecond: 100)
        bench.store.report(progress, under: claim.lease)
        let event = try #require(try reader.next("progress"))
        #expect(event.id == nil)
        #expect(event.data["progress"]?["batch"]?.int == 3)
    }

    /// A request that crosses with the end of the server.
    @Test func aStreamThatIsOpenedBehindTheEndOfAllJobsSaysWhatThereIsAndEnds() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        bench.store.changes.notify(.drained)
        for target in ["/v1/jobs/\(job)/events", "/v1/events?since=0"] {
            let events = try StreamReader(bench.ask(.get, target, fields: Self.accept)).all()
            #expect(events.first { $0.type == "state" }?.data["to"]?.text == "queued")
        }
    }

    @Test func theEndOfAStreamThatNobodyReadsIsItsOwn() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let answer = bench.ask(.get, "/v1/jobs/\(job)/events", fields: Self.accept)
        answer.stream?.cancel()
        guard case .end? = answer.stream?.next(bytesMax: 10, wake: {}) else {
            Issue.record("a cancelled stream has more to say")
            return
        }
    }

    @Test(arguments: [
        "x", "-1", "1-2", "0123456-1", "012345678-1", "ABCDEF01-1", "01234567-", "01234567--1", "01234567-1-1",
        "1234567890123456789", "01234567-1234567890123456789", "01234567-+1",
    ])
    func aPositionThatIsNoneIsRefused(text: String) throws {
        let bench = try Bench()
        let job = try bench.train()
        for target in ["/v1/events", "/v1/jobs/\(job)/events"] {
            #expect(bench.ask(.get, target, fields: try Self.resuming(text)).status == 400)
            #expect(bench.ask(.get, target + "?since=\(text)", fields: Self.accept).status == 400)
            #expect(bench.ask(.get, target + "?since=\(text)").status == 400)
        }
    }

    @Test func anIDNamesItsStoreAndItsNumber() throws {
        let bench = try Bench()
        let job = try bench.train()
        let store = bench.store.identity.prefix(8)
        for (target, rest) in [("/v1/jobs/\(job)/events", 2), ("/v1/events", 2)] {
            let all = try bench.ask(.get, target + "?page_size=500").json()["items"]?.elements?.count ?? 0
            for id in ["\(store)-\(all - rest)", "\(all - rest)"] {
                let page = try bench.ask(.get, target + "?since=\(id)").json()
                #expect(page["items"]?.elements?.count == rest)
                let reader = try StreamReader(bench.ask(.get, target, fields: Self.resuming(id)))
                let event = try #require(try reader.next { $0.id != nil })
                #expect(event.id == all - rest + 1 && event.type != "reset")
            }
        }
    }

    @Test(arguments: [("foreign", "0badc0de-1"), ("foreign", "0badc0de-99999"), ("future", "99999"), ("future", "")])
    func whoComesFromAnotherStoreOrFromTheFutureBeginsAnew(reason: String, id: String) throws {
        let bench = try Bench()
        let job = try bench.train()
        let id = id.isEmpty ? "\(bench.store.identity.prefix(8))-99999" : id
        for target in ["/v1/jobs/\(job)/events", "/v1/events"] {
            for answer in [
                bench.ask(.get, target, fields: try Self.resuming(id)),
                bench.ask(.get, target + "?since=\(id)", fields: Self.accept),
            ] {
                let reader = try StreamReader(answer)
                let reset = try #require(try reader.next())
                #expect(reset.type == "reset" && reset.data == .object([.init("reason", .string(reason))]))
                #expect(try reader.next { $0.id != nil }?.id == 1)
            }
            let page = bench.ask(.get, target + "?since=\(id)")
            #expect(page.status == 400 && page.code == "malformed-request")
        }
    }

    @Test func theEventsOfADeletedJobAreNoFuture() throws {
        let bench = try Bench()
        let job = try bench.train()
        let last = try bench.store.lastEventNumber()
        #expect(bench.ask(.delete, "/v1/jobs/\(job)").status == 204)
        #expect(bench.ask(.get, "/v1/events?since=\(last)").status == 200)
        let reader = try StreamReader(bench.ask(.get, "/v1/events", fields: Self.resuming(last)))
        _ = try bench.submit(try bench.upload())
        let event = try #require(try reader.next())
        #expect(event.type == "state" && event.id == last + 1)
    }

    @Test func headSaysWhatGetSaysAndOpensNoStream() throws {
        let bench = try Bench()
        let answer = bench.ask(.head, "/v1/events", fields: Self.accept)
        #expect(answer.fields[.contentType] == "text/event-stream")
        // Of unknown length, as GET's content is, so that the transport tells none.
        let stream = try #require(answer.stream)
        guard case .end = stream.next(bytesMax: 10, wake: {}) else {
            Issue.record("there is something to read")
            return
        }
        #expect(bench.ask(.get, "/metrics").text.contains("tenbin_event_streams 0\n"))
    }

    @Test func theHistoryOfAllJobsIsAPageToo() throws {
        let bench = try Bench()
        try bench.train()
        let items = try #require(try bench.ask(.get, "/v1/events?page_size=500").json()["items"]?.elements)
        let numbers = items.compactMap { $0["number"]?.int }
        #expect(numbers == numbers.sorted() && numbers.count > 5)
        let later = try bench.ask(.get, "/v1/events?since=\(numbers[2])").json()["items"]?.elements
        #expect(later?.first?["number"]?.int == numbers[3])
    }
}
