import Foundation
import HTTPWire
import Jobs
import Logging
import Testing

@testable import HTTPServer
@testable import tenbin

/// What stands in the log.
struct LoggingTests {
    private func event(_ message: Logger.Message, _ metadata: Logger.Metadata?) -> LogEvent {
        LogEvent(
            level: .warning, message: message, metadata: metadata, source: "test", file: "f", function: "g", line: 1)
    }

    @Test func anEventIsOneLineOfJSON() throws {
        var handler = JSONLogHandler(label: "tenbin", logLevel: .info)
        handler[metadataKey: "job"] = "job_1"
        let line = handler.line(
            for: event("two\nlines", ["status": .stringConvertible(404), "time": "never", "quote\"": "a\"b"]),
            at: Timestamp(milliseconds: 1_700_000_000_123))
        #expect(!line.contains(UInt8(ascii: "\n")))
        let json = try JSONValue(parsing: line)
        #expect(json["time"]?.text == "2023-11-14T22:13:20.123Z")
        #expect(json["level"]?.text == "warning" && json["label"]?.text == "tenbin")
        #expect(json["message"]?.text == "two\nlines" && json["job"]?.text == "job_1")
        #expect(json["status"]?.int == 404 && json["quote\""]?.text == "a\"b")
    }

    private let record = AccessRecord(
        method: "GET", target: "/v1/jobs/job_1?secret=1", route: nil, status: 404, bytes: 12, seconds: 0.5,
        requestID: "r1", traceParent: nil, principal: nil, peer: "127.0.0.1", version: .http2, isComplete: true)

    @Test(
        arguments: [
            ("plain — text", "plain — text"), ("two\nlines", "two\\u{a}lines"), ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\r\nb\u{85}c\u{2028}d", "a\\u{d}\\u{a}b\\u{85}c\\u{2028}d"),
        ])
    func anEventIsOneLineOfText(text: String, line: String) {
        #expect(OneLineLogHandler.escaped(text) == line)
    }

    @Test func aRequestIsLoggedByItsRouteAndWhoMadeIt() {
        var record = record
        record.route = "/v1/jobs/{id}"
        record.principal = "key_1"
        record.traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let metadata = AccessLog.metadata(of: record).mapValues(\.description)
        #expect(
            metadata == [
                "method": "GET", "route": "/v1/jobs/{id}", "status": "404", "bytes": "12", "seconds": "0.5",
                "request_id": "r1", "peer": "127.0.0.1", "version": "HTTP/2", "principal": "key_1",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ])
    }

    @Test func aQueryIsNeverLogged() {
        #expect(AccessLog.metadata(of: record)["route"] == "/v1/jobs/job_1")
    }

    @Test func whatIsOpenToEverybodyIsAskedForByNobody() {
        var record = record
        record.principal = ""
        #expect(AccessLog.metadata(of: record)["principal"] == nil)
    }

    @Test func anAnswerThatWasCutSaysSo() {
        var record = record
        record.isComplete = false
        #expect(AccessLog.metadata(of: record)["complete"] == "false")
    }

    @Test func aLineOfTextHasItsTimeItsLevelAndItsMetadata() {
        var handler = OneLineLogHandler(label: "tenbin", logLevel: .info)
        handler[metadataKey: "job"] = "job_1"
        let line = handler.line(
            for: event("two\nlines", ["a": "\u{1b}b"]), at: Timestamp(milliseconds: 1_700_000_000_123))
        let text = "2023-11-14T22:13:20.123Z warning tenbin: a=\\u{1b}b job=job_1 [test] two\\u{a}lines"
        #expect(String(decoding: line, as: UTF8.self) == text)
    }

    /// A pipe holds 64 KiB at first; what comes when it is full must not hold up whoever logs.
    @Test func aLogThatNobodyReadsBlocksNobodyAndIsCounted() throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 999)
        for _ in 0..<200 { output.write(line) { Array("\($0) dropped".utf8) } }
        let first = pipe.fileHandleForReading.availableData
        #expect(!first.isEmpty && first.count <= 1 << 16)
        output.write(Array("again".utf8)) { Array("\($0) dropped".utf8) }
        try pipe.fileHandleForWriting.close()
        let rest = first + (try pipe.fileHandleForReading.readToEnd() ?? Data())
        let lines = String(decoding: rest, as: UTF8.self).split(separator: "\n").map(String.init)
        let whole = lines.count { $0.count == 999 }
        #expect(lines.suffix(2) == ["\(200 - whole) dropped", "again"])
    }
}
