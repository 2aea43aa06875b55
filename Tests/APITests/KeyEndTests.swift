import API
import Dispatch
import Foundation
import HTTPTypes
import HTTPWire
import Jobs
import Testing

/// What is being done for a key ends when the key does.
struct KeyEndTests {
    /// Reads a stream to its end; nil when it has not ended after ten seconds.
    private static func rest(of stream: any ContentSource) -> String? {
        var text = ""
        while true {
            let woken = DispatchSemaphore(value: 0)
            switch stream.next(bytesMax: 1_000, wake: { woken.signal() }) {
            case .bytes(let bytes): text += String(decoding: bytes, as: UTF8.self)
            case .later: guard woken.wait(timeout: .now() + .seconds(10)) == .success else { return nil }
            case .end: return text
            case .failed: return nil
            }
        }
    }

    /// Tells when an answer is cut.
    private static func cut(_ answer: Bench.Answer) throws -> DispatchSemaphore {
        let cut = DispatchSemaphore(value: 0)
        try #require(answer.lease).onRevocation { cut.signal() }
        return cut
    }

    private static func isSignalled(_ semaphore: DispatchSemaphore) -> Bool {
        semaphore.wait(timeout: .now() + .seconds(10)) == .success
    }

    private static let events: HTTPFields = [.accept: "text/event-stream"]

    private static func open(_ bench: Bench, _ target: String, _ key: TestKey) throws -> any ContentSource {
        var fields = key.fields
        fields[.accept] = "text/event-stream"
        let answer = bench.ask(.get, target, fields: fields)
        // The stream ends by itself; the server has nothing to cut.
        #expect(answer.status == 200 && answer.lease == nil)
        return try #require(answer.stream)
    }

    @Test func eventStreamsEndInOrderWithARevokedKey() throws {
        let bench = try Bench()
        let admin = try bench.makeKey("admin")
        let (reader, other) = (try bench.makeKey("read", as: admin), try bench.makeKey("read", as: admin))
        let ended = try Self.open(bench, "/v1/events", reader)
        let kept = try Self.open(bench, "/v1/events", other)
        bench.revoke(reader, as: admin)
        #expect(Self.rest(of: ended)?.hasPrefix("retry:") == true)
        // Another key of the same owner still has its stream.
        if case .end = kept.next(bytesMax: 1_000, wake: {}) { Issue.record("the other key's stream ended too") }
        kept.cancel()
    }

    @Test func aStreamThatWaitsIsWokenToItsEnd() throws {
        let bench = try Bench()
        let admin = try bench.makeKey("admin")
        let reader = try bench.makeKey("read", as: admin)
        let stream = try Self.open(bench, "/v1/events", reader)
        let woken = DispatchSemaphore(value: 0)
        reading: while true {
            switch stream.next(bytesMax: 1_000, wake: { woken.signal() }) {
            case .bytes: continue
            default: break reading
            }
        }
        bench.revoke(reader, as: admin)
        #expect(Self.isSignalled(woken))
        #expect(Self.rest(of: stream) == "")
    }

    @Test func streamsAndDownloadsEndWithAnExpiry() throws {
        let bench = try Bench({ $0.keyExpiryCheckMilliseconds = 10 })
        let admin = try bench.makeKey("admin")
        let expiry = Timestamp(milliseconds: bench.clock.now.milliseconds + 60_000)
        let brief = try bench.makeKey("admin", members: #","expires_at":"\#(expiry)""#, as: admin)
        let stream = try Self.open(bench, "/v1/events", brief)
        let backup = bench.ask(.get, "/v1/backup", fields: brief.fields)
        let cut = try Self.cut(backup)
        bench.clock.advance(seconds: 61)
        #expect(Self.rest(of: stream) != nil)
        #expect(Self.isSignalled(cut))
        backup.stream?.cancel()
    }

    @Test func aLongPollIs401WithARevokedKey() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let admin = try bench.makeKey("admin")
        let reader = try bench.makeKey("read", as: admin)
        var fields = reader.fields
        fields[try #require(HTTPField.Name("Prefer"))] = "wait=60"
        let waiting = bench.begin(.get, "/v1/jobs/\(job)", fields: fields)
        bench.revoke(reader, as: admin)
        let answer = waiting.wait()
        #expect(answer.status == 401 && answer.code == "unauthenticated")
    }

    @Test func backupsAndCheckpointsAreCutWithARevokedKey() throws {
        let bench = try Bench()
        let job = try bench.train()
        let admin = try bench.makeKey("admin")
        for target in ["/v1/backup", "/v1/jobs/\(job)/checkpoints/3/content"] {
            let taker = try bench.makeKey("admin", as: admin)
            let answer = bench.ask(.get, target, fields: taker.fields)
            let cut = try Self.cut(answer)
            bench.revoke(taker, as: admin)
            #expect(Self.isSignalled(cut), "\(target)")
            answer.stream?.cancel()
        }
        // Small answers are out before anybody could cut them.
        #expect(bench.ask(.get, "/v1/jobs", fields: admin.fields).lease == nil)
    }

    @Test func anUploadIsRefusedWhenItsKeyIsRevokedMeanwhile() throws {
        let bench = try Bench()
        let admin = try bench.makeKey("admin")
        let writer = try bench.makeKey("write", as: admin)
        var fields = writer.fields
        fields[.contentType] = "text/csv"
        let upload = try bench.beginUpload("/v1/datasets?name=a", fields: fields, body: Bench.csv)
        bench.revoke(writer, as: admin)
        upload.sink.finish(trailers: [:])
        #expect(upload.pending.wait().status == 401)
        #expect(try bench.uploadedFiles() == [])
    }

    @Test func aDocumentThatEndsAfterItsKeyIsRefused() throws {
        let bench = try Bench()
        let admin = try bench.makeKey("admin")
        let maker = try bench.makeKey("admin", as: admin)
        let document = try bench.beginDocument("/v1/api-keys", fields: maker.fields)
        bench.revoke(maker, as: admin)
        document.finish(Array(#"{"name":"late","scopes":["admin"]}"#.utf8))
        #expect(document.pending.wait().status == 401)
    }
}

extension Bench {
    /// An upload of which everything is there but the end.
    fileprivate func beginUpload(
        _ path: String, fields: HTTPFields, body: String
    ) throws -> (sink: any ContentSink, pending: Pending) {
        let (plan, pending) = beginRequest(.post, path, fields: fields)
        guard case .stream(_, let sink) = plan else { throw Unexpected("it is no upload") }
        let received = DispatchSemaphore(value: 0)
        sink.receive(Array(body.utf8)) { received.signal() }
        received.wait()
        return (sink, pending)
    }

    /// A request whose document has not come yet.
    fileprivate func beginDocument(
        _ path: String, fields: HTTPFields
    ) throws -> (finish: @Sendable ([UInt8]) -> Void, pending: Pending) {
        let (plan, pending) = beginRequest(.post, path, fields: fields)
        guard case .collect(_, let then) = plan else { throw Unexpected("it takes no document") }
        return ({ then($0, [:]) }, pending)
    }
}
