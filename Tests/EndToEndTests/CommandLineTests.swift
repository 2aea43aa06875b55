import Foundation
import HTTPClient
import Jobs
import Testing

@testable import tenbin

/// What stands on the command line, and what a person sees of it.
struct CommandLineTests {
    @Test(arguments: [("90", 90), ("90s", 90), ("30m", 1_800), ("12h", 43_200), ("30d", 2_592_000), ("0", 0)])
    func anAgeIsANumberAndAUnit(text: String, seconds: Int64) {
        #expect(Age(argument: text)?.seconds == seconds)
    }

    @Test(arguments: ["", "h", "-1h", "1.5h", "1w", "9999999999999999999d", "99999999999d"])
    func anythingElseIsNoAge(text: String) {
        #expect(Age(argument: text) == nil)
    }

    @Test func aRefusalIsShownWithEveryPlaceAndOnce() {
        func shown(_ problem: String) -> String {
            APIFailure(.init(status: 422, fields: [:], body: Array(problem.utf8))).description
        }
        let two =
            #"{"title":"Not valid","detail":"2 problems: x; …","errors":[{"pointer":"/a","detail":"x"},{"pointer":"/b","detail":"y"}]}"#
        #expect(shown(two) == "Not valid: 2 problems\n  /a: x\n  /b: y")
        let one = #"{"title":"Not valid","detail":"one problem: x","errors":[{"pointer":"/a","detail":"x"}]}"#
        #expect(shown(one) == "Not valid: /a: x")
        let position =
            #"{"title":"No","detail":"d","errors":[{"pointer":"","detail":"x","row":3,"line":5,"column":"age"}]}"#
        #expect(shown(position) == #"No: row 3, line 5, column "age": x"#)
        #expect(shown(#"{"title":"No","detail":"it is late"}"#) == "No: it is late")
        #expect(shown("<html>").contains("422"))
    }

    @Test func commandsSpeakToAServerThroughASocketToo() throws {
        let folder = ServerProcess.makeFolder()
        let socket = folder + ".sock"
        let server = try ServerProcess(options: ["--listen", "unix:\(socket)"])
        let listing = try Self.run(["datasets", "list", "--server", "unix:\(socket)"])
        #expect(listing.status == 0)
        #expect(listing.output.hasPrefix("id  name"))
        let url = "http://127.0.0.1:\(server.port)"
        let uploaded = try Self.run(["datasets", "upload", ServerProcess.digits, "--server", url])
        let id = uploaded.output.trimmingCharacters(in: .newlines)
        #expect(Identifier(id, kind: .dataset) != nil)
        #expect(try Self.run(["datasets", "show", id, "--server", url]).output.contains("\"rows\": 1797"))
        #expect(try Self.run(["datasets", "show", "ds_x", "--server", url]).status == 76)
    }

    static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
