import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// `tenbin jobs watch`: on a terminal's behalf and in a pipe, through restarts, to every kind of end.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WatchTests {
    private static func watch(_ job: String, _ server: String, _ flags: [String] = []) throws -> CommandRun {
        try CommandRun(["jobs", "watch", job, "--server", server] + flags)
    }

    private static func json(_ line: String) throws -> JSONValue { try JSONValue(parsing: Array(line.utf8)) }

    /// A server on a socket whose name stays when it is started again.
    private static func server(_ folder: String) throws -> ServerProcess {
        try ServerProcess(folder: folder, options: ["--listen", "unix:\(folder).sock"])
    }

    @Test func aWatchedJobIsJSONLinesAndOutlivesItsServer() throws {
        let folder = ServerProcess.makeFolder()
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            try? FileManager.default.removeItem(atPath: folder + ".sock")
        }
        var server = try Self.server(folder)
        let job = try server.submit(try server.uploadDigits(), epochs: 200)
        let watch = try Self.watch(job, "unix:\(folder).sock", ["--json"])
        var objects: [JSONValue] = []
        func read(until isDone: (JSONValue) -> Bool) throws {
            while let line = try watch.line() {
                objects.append(try Self.json(line))
                if objects.last.map(isDone) == true { return }
            }
        }
        // A pipe gets each line when it is printed.
        try read { $0["epoch"]?["epoch"]?.int == 3 }
        _ = server.end(with: SIGKILL)
        try? FileManager.default.removeItem(atPath: folder + ".sock")
        server = try Self.server(folder)
        try read { $0["type"]?.text == "end" }
        let outcome = try watch.outcome()
        #expect(outcome.status == 0 && outcome.output.isEmpty)
        let types = objects.map { $0["type"]?.text }
        #expect(types.first == "state" && types.last == "end")
        #expect(Set(types) == ["state", "epoch", "end"])
        #expect(objects.compactMap { $0["epoch"]?["epoch"]?.int } == Array(1...200))
        #expect(objects.last?["job"]?["state"]?.text == "succeeded")
        #expect(objects.last?["job"]?["model"]?.text != nil)
    }

    @Test func theTableNamesStatesPartsAndTheModel() throws {
        let server = try ServerProcess()
        let job = try server.submit(try server.uploadDigits(), epochs: 3)
        let outcome = try Self.watch(job, "http://127.0.0.1:\(server.port)").outcome()
        #expect(outcome.status == 0)
        let model = try #require(try server.waitForEnd(job)["model"]?.text)
        for part in [
            "state  ", "epoch  ", "training part", "validation part", "state  succeeded (completed)", "best   epoch",
            "digit: accuracy", "model  \(model)", "tenbin models download \(model)",
        ] {
            #expect(outcome.output.contains(part), "\(part) in \(outcome.output)")
        }
        let rows = outcome.output.split(separator: "\n").filter { $0.contains("│") }.dropFirst(2)
        #expect(rows.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } } == [1, 2, 3])
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func ctrlCEndsTheWatchingOnly(signal: Int32, status: Int32) throws {
        let server = try ServerProcess()
        let job = try server.submit(try server.uploadDigits(), epochs: 100_000)
        let watch = try Self.watch(job, "http://127.0.0.1:\(server.port)", ["--json"])
        while let line = try watch.line(), try Self.json(line)["type"]?.text != "epoch" {}
        watch.send(signal)
        let outcome = try watch.outcome()
        #expect(outcome.status == status)
        #expect(outcome.errors.contains("the job goes on") && outcome.errors.contains("tenbin jobs watch \(job)"))
        #expect(try server.client.get("/v1/jobs/\(job)")["state"]?.text == "running")
        // A job that is ended by others is over for its watchers as well.
        let other = try Self.watch(job, "http://127.0.0.1:\(server.port)")
        _ = try other.line()
        _ = try server.client.post("/v1/jobs/\(job)/cancel")
        let cancelled = try other.outcome()
        #expect(cancelled.status == 3)
        #expect(cancelled.errors.contains("the job was cancelled"))
    }

    @Test func aServerThatStaysAwayIsGivenUp() throws {
        let began = Deadline.now
        let outcome = try Self.watch("job_x", "http://127.0.0.1:9", ["--retry-seconds", "0.5"]).outcome()
        #expect(outcome.status == 69)
        #expect(Deadline.now - began >= 500_000_000)
    }

    @Test func aFullDiskEndsTheWatching() throws {
        let server = try ServerProcess()
        let job = try server.submit(try server.uploadDigits(), epochs: 100_000)
        let url = "http://127.0.0.1:\(server.port)"
        let outcome = try CommandRun.outcome(["jobs", "watch", job, "--server", url], redirection: "/dev/full")
        #expect(outcome.status == 74)
    }
}

/// The parts of watching that need no server.
struct WatchPartTests {
    private static func failure(_ status: Int, retryAfter: String? = nil) -> APIFailure {
        APIFailure(.init(status: status, fields: retryAfter.map { ["retry-after": $0] } ?? [:], body: []))
    }

    private static let passing: [any Error] = [
        ClientError.cannotConnect("x"), ClientError.closed, ClientError.timedOut("x"), failure(429), failure(503),
        failure(502),
    ]

    @Test(arguments: passing)
    func whatMayPassIsTriedAgain(error: any Error) throws {
        var (said, waits, calls) = ([String](), [Double](), 0)
        let patience = Patience(seconds: 60, wait: { waits.append($0) }, tell: { said.append($0) })
        let value = try patience.insist {
            calls += 1
            if calls < 4 { throw error }
            return 7
        }
        #expect(value == 7 && calls == 4)
        #expect(waits == [0.25, 0.5, 1])
        #expect(said.count == 2 && said.last == "the server answers again")
    }

    @Test func aServerThatSaysWhenIsHeard() throws {
        var (waits, calls) = ([Double](), 0)
        let patience = Patience(seconds: 300, wait: { waits.append($0) }, tell: { _ in })
        try patience.insist {
            calls += 1
            if calls == 1 { throw Self.failure(429, retryAfter: "7") }
            if calls == 2 { throw Self.failure(503, retryAfter: "99999") }
        }
        #expect(waits == [7, 60])
    }

    @Test func whatStaysWrongIsThrownAtOnce() {
        for error in [Self.failure(404), ClientError.tls(.expired), Self.failure(401)] as [any Error] {
            let patience = Patience(seconds: 300, wait: { _ in Issue.record("waited") }, tell: { _ in })
            #expect(throws: (any Error).self) { try patience.insist { throw error } }
        }
        let hasty = Patience(seconds: 0, wait: { _ in Issue.record("waited") }, tell: { _ in })
        #expect(throws: ClientError.closed) { try hasty.insist { throw ClientError.closed } }
    }

    @Test func columnsStayApartWhateverTheNumbers() throws {
        let values = [
            "0", "1", "0.5", "-12345.678", "123456789", "1e9", "1e-9", "-1e300", "1e300", "null", "99999.99996",
        ]
        var lengths: Set<Int> = []
        for value in values {
            let task = """
                {"name":"t","weight":\(value),"train_loss":\(value),"validation_loss":\(value),"metrics":{"rmse":\(value)}}
                """
            let row = EpochRow(try JSONValue(parsing: Array("{\"epoch\":7,\"tasks\":[\(task),\(task)]}".utf8)))
            let words = row.text.replacingOccurrences(of: "│", with: " ").split(separator: " ")
            #expect(words.count == 7, "\(row.text)")
            lengths.insert(row.text.count)
            #expect(row.header.dropFirst().allSatisfy { $0.count == row.text.count }, "\(row.header)")
        }
        #expect(lengths.count == 1)
    }

    @Test(arguments: [
        (0.12345, "0.1235"), (12.3456, "12.3456"), (123_456.78, "123456.8"), (-1234.5678, "-1234.57"),
        (0.000_001, "1.00e-06"),
        (0, "0.0000"), (-1e300, "-1.0e+300"), (Double.nan, "–"), (Double.infinity, "inf"),
    ])
    func aNumberTakesThePlaceItHas(value: Double, text: String) {
        #expect(value.fitted(width: 9).trimmingCharacters(in: .whitespaces).count <= 9)
        let fitted = value.fitted(width: 8).trimmingCharacters(in: .whitespaces)
        #expect(fitted == text || fitted.count <= 8)
    }

    @Test(arguments: [(0.4, "0 s"), (59.4, "59 s"), (185, "3:05 min"), (7_380, "2:03 h"), (Double.nan, "–")])
    func aTimeThatIsLeftIsShort(seconds: Double, text: String) {
        #expect(EpochTable.duration(seconds) == text)
    }

    @Test func eventsAreTheSameHoweverTheirBytesCome() throws {
        let text =
            ": still here\n\nretry: 2000\n\nevent: epoch\nid: 0123abcd-7\ndata: {\"a\":\ndata: 1}\n\nid\r\n"
            + "data:x\r\n\r\nevent: none\n\ndata: last\rid: é\r\revent: cut\ndata: off"
        let expected: [EventStreamReader.Event] = [
            .init(type: "epoch", id: "0123abcd-7", data: "{\"a\":\n1}"), .init(type: "message", id: "", data: "x"),
            .init(type: "message", id: "é", data: "last"),
        ]
        let bytes = Array(text.utf8)
        for cut in bytes.indices {
            var reader = EventStreamReader()
            #expect(try reader.take(bytes[..<cut]) + reader.take(bytes[cut...]) == expected)
        }
    }

    @Test(arguments: ["x", "data: x\n"])
    func aStreamWithoutEndIsGivenUp(piece: String) {
        var reader = EventStreamReader()
        let bytes = Array(String(repeating: piece, count: 100_000).utf8)
        #expect(throws: ClientError.self) { for _ in 0..<100 { _ = try reader.take(bytes[...]) } }
    }
}
