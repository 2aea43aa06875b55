import HTTPTypes
import Testing

@testable import API

/// RFC 7240 section 2: a list of preferences, each with a value and parameters of its own.
@Suite struct PreferenceTests {
    @Test(arguments: [
        ("wait=1", "1"), ("wait = 1", "1"), ("wait=\"1\"", "1"), ("wait=1;foo", "1"), ("wait=1; foo=\"a,b\"", "1"),
        ("respond-async, WAIT=10", "10"), ("a=\"x, wait=9\", wait=2", "2"), ("wait=1, wait=2", "1"), ("wait", ""),
        ("wait=", ""), ("wait=\"a\\\"b\"", "a\"b"), (",, wait=3", "3"), ("foo;wait=1, wait=4", "4"),
    ])
    func theFirstValueOfAPreferenceIsRead(field: String, value: String) {
        #expect(Preference.value(of: "wait", in: field) == value)
    }

    @Test(arguments: ["", "waits=1", "foo; wait=1", "\"wait=1\"", "respond-async"])
    func whatIsNoPreferenceOfThatNameIsNotRead(field: String) {
        #expect(Preference.value(of: "wait", in: field) == nil)
    }

    @Test(arguments: ["wait=\"1\"", "wait = 1", "wait=1;foo"])
    func everyFormOfWaitIsApplied(field: String) throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let answer = bench.ask(.get, "/v1/jobs/\(job)", fields: [.prefer: field])
        #expect(answer.fields[.preferenceApplied] == "wait=1")
    }

    @Test func anEmptyAcceptAsksForNothing() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        let answer = bench.ask(.get, "/v1/jobs/\(job)/events", fields: [.accept: ""])
        #expect(answer.status == 200 && answer.fields[.contentType] == "application/json")
        #expect(bench.ask(.get, "/v1/jobs/\(job)/events", fields: [.accept: "text/nonsense"]).status == 406)
    }
}
