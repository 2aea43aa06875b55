import API
import Compression
import Datasets
import Dispatch
import Foundation
import Glibc
import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Locks
import Testing

/// Requests that are meant to cost the server more than their sender.
@Suite(.timeLimit(.minutes(5))) struct LargeRequestTests {
    private static let gzip: HTTPFields = [.contentType: "application/json", .contentEncoding: "gzip"]
    private static let json: HTTPFields = [.contentType: "application/json"]

    private static func compressed(_ text: String) throws -> [UInt8] {
        try #require(GzipWriter(level: 9)).compressed(Array(text.utf8)) ?? []
    }

    private static func rows(_ row: String, _ count: Int) -> String {
        #"{"rows":["# + Array(repeating: row, count: count).joined(separator: ",") + "]}"
    }

    /// What gzip cannot shorten, as gzip content may be dense only to a degree.
    private static func noise() -> String {
        (0..<20_000).map { _ in String(UInt32.random(in: 0 ... .max), radix: 36) }.joined()
    }

    @Test func aHundredProblemsAreEnough() throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/models/\(try bench.trainedModel())/predict", fields: Self.json, body: Self.rows("1", 50_000))
        #expect(answer.status == 422)
        #expect(try answer.json()["errors"]?.elements?.count == 100)
        #expect(try answer.json()["detail"]?.text?.hasPrefix("at least 100 problems: ") == true)
    }

    @Test(arguments: [true, false]) func moreValuesThanADocumentMayHaveAreTooMany(isCompressed: Bool) throws {
        let bench = try Bench { $0.documentValuesMax = 600_000 }
        let target = "/v1/models/\(try bench.trainedModel())/predict"
        let noise = Self.noise()
        func ask(_ count: Int) throws -> Bench.Answer {
            let text = Self.rows("{}", count - 1).dropLast(2) + #",""# + noise + #""]}"#
            let bytes = isCompressed ? try Self.compressed(String(text)) : Array(text.utf8)
            return bench.ask(
                .post, target, fields: isCompressed ? Self.gzip : Self.json, bytes: bytes, pieceBytes: 1 << 16)
        }
        let refused = try ask(600_000)
        #expect(refused.status == 413 && refused.code == "payload-too-large", "\(refused.text)")
        // Within the bound it is looked at, and found to be too many rows.
        #expect(try ask(599_998).status == 422)
        let limits = try bench.ask(.get, "/v1/server").json()["limits"]
        #expect(limits?["document_values_max"]?.int == 600_000)
    }

    /// What is held of a large document counts until its answer is there.
    @Test(arguments: [true, false]) func largeDocumentsAtOnceAreRefusedUntilOthersAreAnswered(
        isCompressed: Bool
    ) throws {
        let (begun, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let change: (inout APISettings) -> Void = {
            $0.predictBytesMax = 4 << 20
            $0.documentValuesMax = 1_000
            $0.documentMemoryBytesMax = 1
        }
        let bench = try Bench(
            change,
            predict: { _, _ in
                begun.signal()
                mayEnd.wait()
                return .array([])
            })
        let target = "/v1/models/\(try bench.trainedModel())/predict"
        let text = #"{"rows":[""# + String(repeating: "a", count: 3 << 20) + #""]}"#
        let noise = Self.noise()
        let body = text.replacingOccurrences(of: "]}", with: #",""# + noise + #""]}"#)
        let bytes = isCompressed ? try Self.compressed(body) : Array(body.utf8)
        let fields = isCompressed ? Self.gzip : Self.json
        let first = bench.begin(.post, target, fields: fields, bytes: bytes, pieceBytes: 1 << 16)
        begun.wait()
        let refused = bench.ask(.post, target, fields: fields, bytes: bytes, pieceBytes: 1 << 16)
        #expect(refused.status == 503 && refused.code == "overloaded", "\(refused.text)")
        #expect(refused.fields[.retryAfter] == "1")
        // A short one is answered all the same.
        let short = bench.begin(.post, target, fields: Self.json, body: #"{"rows":["a"]}"#)
        begun.wait()
        for _ in 0..<2 { mayEnd.signal() }
        #expect(short.wait().status == 200)
        #expect(first.wait().status == 200)
        // The memory comes back with the end of the work, a moment behind its answer.
        let deadline = Date.now.addingTimeInterval(30)
        while true {
            let again = bench.begin(.post, target, fields: fields, bytes: bytes, pieceBytes: 1 << 16)
            mayEnd.signal()
            if again.wait().status == 200 { break }
            try #require(Date.now < deadline, "the memory of answered requests did not come back")
            usleep(10_000)
        }
    }

    @Test func aPredictionThatNobodyWaitsForEnds() throws {
        let begun = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        let bench = try Bench(predict: { model, _ in
            begun.signal()
            while model.allowance.isWanted() { usleep(1_000) }
            ended.signal()
            throw CancellationError()
        })
        let pending = bench.begin(
            .post, "/v1/models/\(try bench.trainedModel())/predict", fields: Self.json, body: #"{"rows":["a"]}"#)
        begun.wait()
        pending.abandon()
        #expect(ended.wait(timeout: .now() + 30) == .success)
        #expect(pending.waitForUnseenStatus() == 408)
    }

    @Test func anExportThatNobodyWaitsForEnds() throws {
        let begun = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        let bench = try Bench(export: { model, _ in
            begun.signal()
            while model.allowance.isWanted() { usleep(1_000) }
            ended.signal()
            throw CancellationError()
        })
        let pending = bench.begin(.get, "/v1/models/\(try bench.trainedModel())/content")
        begun.wait()
        pending.abandon()
        #expect(ended.wait(timeout: .now() + 30) == .success)
    }

    @Test func anInspectionThatNobodyWaitsForEnds() throws {
        let bench = try Bench()
        let text = "x,y\n" + String(repeating: "1,abcdefghijklmnopqrstuvwxyz\n", count: 1 << 20)
        let pending = bench.begin(
            .post, "/v1/datasets?name=large", fields: [.contentType: "text/csv"], bytes: Array(text.utf8),
            pieceBytes: 1 << 20)
        pending.abandon()
        #expect(pending.waitForUnseenStatus() == 408)
        #expect(try bench.ask(.get, "/v1/datasets").json()["items"] == .array([]))
    }

    @Test func anArchiveThatInflatesToTooMuchIsRefused() throws {
        let bench = try Bench { $0.datasetInflatedBytesMax = 100 }
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../DatasetsTests/Arrays/deflated.npz").standardized
        let bytes = [UInt8](try Data(contentsOf: url))
        let answer = bench.ask(
            .post, "/v1/datasets?name=x", fields: [.contentType: "application/x-npz"], bytes: bytes)
        #expect(answer.status == 413 && answer.code == "payload-too-large", "\(answer.text)")
        #expect(try bench.ask(.get, "/v1/server").json()["limits"]?["dataset_inflated_bytes_max"]?.int == 100)
    }

    // MARK: Changed files

    @Test func aDataSetThatTheDiskHasChangedIsNamed() throws {
        let bench = try Bench(checkTargets: { _, sources in
            for source in sources.values { try DatasetFile.check(source) }
        })
        let dataset = try bench.upload()
        let path = bench.store.datasetPath(try #require(Identifier(dataset, kind: .dataset)))
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.seek(toOffset: UInt64(Bench.csv.utf8.count - 1))
        try handle.write(contentsOf: Data("7".utf8))
        try handle.close()
        let answers = [
            bench.ask(.get, "/v1/datasets/\(dataset)/rows"),
            bench.ask(.post, "/v1/jobs?validate_only=true", fields: Self.json, body: Bench.spec(dataset)),
            bench.ask(.post, "/v1/jobs", fields: Self.json, body: Bench.spec(dataset)),
        ]
        for answer in answers {
            #expect(answer.status == 500 && answer.code == "internal", "\(answer.text)")
            #expect(answer.text.contains(dataset), "\(answer.text)")
        }
    }
}
