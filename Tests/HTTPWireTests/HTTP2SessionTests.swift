import HTTPTypes
import Testing

@testable import HTTPWire

@Suite struct HTTP2SessionTests {
    private let session: HTTP2Session

    init() throws {
        session = try HTTP2Session(limits: HTTP2Limits())
        receive(HTTP2Library.preface + frame(type: 4, flags: 0, stream: 0, []))
    }

    private func frame(type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, 0, UInt8(payload.count), type, flags, 0, 0, 0, stream] + payload
    }

    /// `GET http://a/` without content.
    private func request(stream: UInt8) -> [UInt8] {
        frame(type: 1, flags: 5, stream: stream, [0x82, 0x86, 0x84, 0x41, 1, 0x61])
    }

    private func cancel(stream: UInt8) -> [UInt8] { frame(type: 3, flags: 0, stream: stream, [0, 0, 0, 8]) }

    private func receive(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { session.receive($0, now: 0) }
    }

    private func produce() -> [UInt8] {
        var bytes: [UInt8] = []
        session.produce(into: &bytes, bytesMax: 1 << 20, now: 0)
        return bytes
    }

    /// Answers every request there is an event for.
    private func answerAll(_ content: [UInt8], isWhole: Bool = true) {
        while let event = session.nextEvent() {
            guard case .head(let stream, _, _) = event else { continue }
            var fields = HTTP2FieldBlock()
            fields.begin(status: 200)
            session.respond(stream: stream, fields: &fields, content: content, contentIsWhole: isWhole)
        }
    }

    @Test func anAnswerThatIsOutIsNotHeldAnyMore() {
        receive(request(stream: 1))
        answerAll([7, 8, 9])
        #expect(session.contentsHeld == 1)
        #expect(produce().suffix(12) == [0, 0, 3, 0, 1, 0, 0, 0, 1, 7, 8, 9])
        #expect(session.contentsHeld == 0)
    }

    /// The request and its end are known before the answer is given, as they are when both came in one read.
    @Test func anAnswerToAStreamThatIsGoneAlreadyIsNotHeld() {
        for stream in stride(from: UInt8(1), to: 100, by: 2) {
            receive(request(stream: stream) + cancel(stream: stream))
            answerAll([1])
            _ = produce()
            #expect(session.contentsHeld == 0)
        }
    }

    @Test func anAnswerThatIsCutOffIsNotHeld() {
        receive(request(stream: 1) + request(stream: 3))
        answerAll([1], isWhole: false)
        _ = produce()
        #expect(session.contentsHeld == 2)
        receive(cancel(stream: 1))
        answerAll([])
        #expect(session.contentsHeld == 1)
        session.supply(stream: 3, [5], isLast: true)
        #expect(produce().suffix(10) == [0, 0, 1, 0, 1, 0, 0, 0, 3, 5])
        #expect(session.contentsHeld == 0)
    }

    /// `POST http://a/` with content to come.
    private func upload(stream: UInt8) -> [UInt8] {
        frame(type: 1, flags: 4, stream: stream, [0x83, 0x86, 0x84, 0x41, 1, 0x61])
    }

    /// Trailers of one-byte names and values.
    private func trailers(stream: UInt8, _ fields: KeyValuePairs<Character, Character>) -> [UInt8] {
        let block = fields.flatMap { name, value in [0, 1, name.asciiValue ?? 0, 1, value.asciiValue ?? 0] as [UInt8] }
        return frame(type: 1, flags: 5, stream: stream, block)
    }

    /// What the end of each request carries, as `name: value`.
    private func ends() -> [Int32: [String]] {
        var found: [Int32: [String]] = [:]
        while let event = session.nextEvent() {
            guard case .end(let stream, let trailers) = event else { continue }
            found[stream] = trailers.map { "\($0.name): \($0.value)" }
        }
        return found
    }

    @Test func theEndOfARequestCarriesItsTrailersHoweverTheyAreCut() throws {
        let bytes =
            upload(stream: 1) + upload(stream: 3) + trailers(stream: 1, ["a": "1", "b": "2"])
            + trailers(stream: 3, ["c": "3"])
        for cut in bytes.indices {
            let other = try HTTP2SessionTests()
            other.receive(Array(bytes[..<cut]))
            other.receive(Array(bytes[cut...]))
            #expect(other.ends() == [1: ["a: 1", "b: 2"], 3: ["c: 3"]])
        }
    }

    /// A name in upper case breaks the stream in the middle of its trailers.
    @Test func trailersThatBreakTheirStreamAreNotThoseOfTheNext() {
        receive(upload(stream: 1) + upload(stream: 3))
        receive(trailers(stream: 1, ["a": "1", "X": "2"]) + trailers(stream: 3, ["c": "3"]))
        #expect(ends() == [3: ["c: 3"]])
    }
}
