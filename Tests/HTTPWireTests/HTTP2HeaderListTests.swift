import HTTPTypes
import Testing

@testable import HTTPWire

@Suite struct HTTP2HeaderListTests {
    private static let usual = [
        (":method", "GET"), (":scheme", "http"), (":authority", "localhost:8080"), (":path", "/v1/jobs?limit=5"),
        ("user-agent", "test"), ("accept", "*/*"), ("x-request-id", "seven"),
    ]

    /// What one list after the other comes to.
    private func heads(
        of lists: [[(String, String)]], endsStream: Bool = true, limits: HTTP2Limits = HTTP2Limits()
    ) -> [HTTP2Head?] {
        var list = HTTP2HeaderList()
        return lists.map { fields in head(of: fields, &list, endsStream: endsStream, limits: limits) }
    }

    private func head(
        of fields: [(String, String)], _ list: inout HTTP2HeaderList, endsStream: Bool,
        limits: HTTP2Limits = HTTP2Limits()
    ) -> HTTP2Head? {
        list.begin()
        for (name, value) in fields {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { list.add(name: name, value: $0, limits: limits) }
            }
        }
        let event = list.finish(stream: 1, endsStream: endsStream, limits: limits)
        guard case .head(_, let head, _) = event else { return nil }
        return head
    }

    @Test func aListThatComesAgainMakesTheSameHead() throws {
        let found = heads(of: [Self.usual, Self.usual, Self.usual])
        let first = try #require(found[0])
        #expect(first.message.path == "/v1/jobs?limit=5")
        #expect(first.requestID == "seven")
        #expect(found == [first, first, first])
    }

    @Test(arguments: usual.indices)
    func aListThatDiffersInOneValueMakesAHeadOfItsOwn(_ position: Int) {
        var other = Self.usual
        other[position].1 =
            [":method": "PUT", ":scheme": "https", ":authority": "localhost:8081"][
                other[position].0, default: other[position].1 + "6"]
        #expect(
            heads(of: [Self.usual, other, Self.usual]) == heads(of: [Self.usual]) + heads(of: [other, Self.usual]))
        #expect(heads(of: [Self.usual])[0] != heads(of: [other])[0])
    }

    @Test func bytesThatMoveFromANameToItsValueMakeAnotherHead() {
        let ab = Self.usual + [("ab", "c")]
        let abc = Self.usual + [("a", "bc")]
        #expect(heads(of: [ab, abc]) == [heads(of: [ab])[0], heads(of: [abc])[0]])
    }

    @Test func theSameListWithContentBehindItHasNoLengthOfZero() {
        var list = HTTP2HeaderList()
        #expect(head(of: Self.usual, &list, endsStream: true)?.message.contentLength == 0)
        #expect(head(of: Self.usual, &list, endsStream: false)?.message.contentLength == nil)
        #expect(head(of: Self.usual, &list, endsStream: true)?.message.contentLength == 0)
    }

    @Test func aListCutShortAtTheBoundIsNotTakenForTheOneBefore() {
        let limits = HTTP2Limits(fieldsMax: Self.usual.count - 4)
        let longer = Self.usual + [("x-one-too-many", "1")]
        #expect(heads(of: [Self.usual, longer, Self.usual], limits: limits).map { $0 != nil } == [true, false, true])
    }

    @Test func aMalformedListIsMalformedEachTime() {
        let malformed = Self.usual.map { $0.0 == ":path" ? ($0.0, "/%zz") : $0 }
        #expect(heads(of: [malformed, malformed]) == [nil, nil])
    }

    @Test func aListTooLongToBeKeptIsReadEachTime() {
        let long = Self.usual + [("x-long", String(repeating: "a", count: 4000))]
        let found = heads(of: [long, Self.usual, long, long])
        #expect(found == [found[0], heads(of: [Self.usual])[0], found[0], found[0]])
        #expect(found[0] != nil)
    }
}
