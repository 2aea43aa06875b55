import API
import Compression
import Crypto
import Foundation
import HTTPTypes
import Jobs
import Testing

struct ContentCodingAPITests {
    private static let gzip: HTTPFields = [.acceptEncoding: "gzip"]

    private static func compressed(_ text: String) throws -> [UInt8] {
        try #require(GzipWriter(level: 6)?.compressed(Array(text.utf8)))
    }

    private static func inflated(_ bytes: [UInt8]) throws -> [UInt8] {
        try GzipReader.inflated(bytes, within: .init(bytesMax: 1 << 24))
    }

    @Test(arguments: ["/openapi.json", "/openapi.yaml", "/", "/v1/errors", "/v1/weighting-strategies", "/metrics"])
    func aLongTextIsCompressedForWhoeverAsks(target: String) throws {
        let bench = try Bench()
        let plain = bench.ask(.get, target)
        #expect(plain.fields[.contentEncoding] == nil)
        #expect(plain.fields[.vary]?.contains("Accept-Encoding") == true)
        let answer = bench.ask(.get, target, fields: [.acceptEncoding: "br, gzip;q=0.5"])
        #expect(answer.fields[.contentEncoding] == "gzip")
        #expect(answer.fields[.vary] == plain.fields[.vary])
        #expect(answer.fields[.contentType] == plain.fields[.contentType])
        let content = try Self.inflated(answer.body)
        // Figures move between two looks.
        if target != "/metrics" { #expect(content == plain.body) }
        #expect(answer.body.count < content.count / 2)
    }

    @Test(arguments: ["", "br", "gzip;q=0", "identity", "identity, gzip;q=0.5", "*;q=0", "gzip; q=0.0, *"])
    func whoDoesNotWantItGetsTheTextAsItIs(accept: String) throws {
        let answer = try Bench().ask(.get, "/openapi.json", fields: [.acceptEncoding: accept])
        #expect(answer.status == 200)
        #expect(answer.fields[.contentEncoding] == nil)
    }

    @Test func aShortTextIsLeftAlone() throws {
        let bench = try Bench()
        #expect(bench.ask(.get, "/healthz", fields: Self.gzip).fields[.contentEncoding] == nil)
        let onlyGzip = bench.ask(.get, "/healthz", fields: [.acceptEncoding: "gzip, identity;q=0"])
        #expect(try Self.inflated(onlyGzip.body) == bench.ask(.get, "/healthz").body)
    }

    @Test func theAnswerToAChangeIsNeverCompressed() throws {
        let bench = try Bench()
        let name = String(repeating: "k", count: 200)
        let answer = bench.ask(
            .post, "/v1/api-keys", fields: [.contentType: "application/json", .acceptEncoding: "gzip, identity;q=0"],
            body: #"{"name":"\#(name)","scopes":["admin"]}"#)
        #expect(answer.status == 201)
        #expect(answer.fields[.contentEncoding] == nil)
        #expect(answer.fields[.vary]?.contains("Accept-Encoding") != true)
    }

    @Test func bothRepresentationsHaveTagsOfTheirOwnAndEitherSavesTheAnswer() throws {
        let bench = try Bench()
        let target =
            "/v1/jobs/\(try bench.submit(try bench.upload(), #","labels":{"a":"\#(String(repeating: "b", count: 60))"}"#))"
        let (plain, small) = (bench.ask(.get, target), bench.ask(.get, target, fields: Self.gzip))
        #expect(small.fields[.contentEncoding] == "gzip")
        let (tag, smallTag) = (try #require(plain.fields[.eTag]), try #require(small.fields[.eTag]))
        #expect(tag != smallTag)
        #expect(!smallTag.hasPrefix("W/"))
        for (known, accept, status) in [
            (tag, nil, 304), (tag, "gzip", 304), (smallTag, "gzip", 304), (smallTag, nil, 200),
            ("W/" + smallTag, "gzip", 304),
        ] {
            var fields: HTTPFields = [.ifNoneMatch: known]
            fields[.acceptEncoding] = accept
            let answer = bench.ask(.get, target, fields: fields)
            #expect(answer.status == status, "\(known) \(accept ?? "")")
            if status == 304 {
                #expect(known.hasSuffix(answer.fields[.eTag] ?? "?"))
                #expect(answer.fields[.vary]?.contains("Accept-Encoding") == true)
            }
        }
        // A change is meant for the row, whichever way it was read.
        let patched = bench.ask(
            .patch, target, fields: [.ifMatch: smallTag, .contentType: "application/json"], body: #"{"name":"x"}"#)
        #expect(patched.status == 200)
    }

    @Test func headSaysWhatGetSays() throws {
        let bench = try Bench()
        let (get, head) = (
            bench.ask(.get, "/openapi.json", fields: Self.gzip), bench.ask(.head, "/openapi.json", fields: Self.gzip)
        )
        #expect(head.fields == get.fields)
        #expect(head.body == get.body, "the transport leaves it out and sends its length")
    }

    @Test(arguments: [1, 7, 1_000])
    func anUploadMayBeCompressed(pieceBytes: Int) throws {
        let bench = try Bench()
        let content = try Self.compressed(Bench.csv)
        let answer = bench.ask(
            .post, "/v1/datasets?name=a", fields: [.contentType: "text/csv", .contentEncoding: "gzip"], bytes: content,
            pieceBytes: pieceBytes)
        #expect(answer.status == 201)
        #expect(try answer.json()["bytes"]?.int == Bench.csv.utf8.count)
        #expect(try answer.json()["rows"]?.int == 5)
    }

    @Test func theDigestIsThatOfTheContentThatIsSent() throws {
        let content = try Self.compressed(Bench.csv)
        func status(_ digested: [UInt8]) throws -> Int {
            let name = try #require(HTTPField.Name("Content-Digest"))
            return try Bench().ask(
                .post, "/v1/datasets?name=a",
                fields: [.contentType: "text/csv", .contentEncoding: "gzip", name: Self.digest(digested)],
                bytes: content
            ).status
        }
        #expect(try status(content) == 201)
        #expect(try status(Array(Bench.csv.utf8)) == 400)
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        "sha-256=:\(Data(SHA256.hash(data: bytes)).base64EncodedString()):"
    }

    @Test func aDocumentMayBeCompressed() throws {
        let bench = try Bench()
        let spec = try Self.compressed(Bench.spec(try bench.upload()))
        let fields: HTTPFields = [.contentType: "application/json", .contentEncoding: "gzip"]
        #expect(bench.ask(.post, "/v1/jobs", fields: fields, bytes: spec).status == 202)
        let torn = bench.ask(.post, "/v1/jobs", fields: fields, bytes: Array(spec.dropLast(3)))
        #expect(torn.status == 400)
        #expect(torn.code == "malformed-request")
        #expect(bench.ask(.post, "/v1/jobs", fields: fields, body: "{}").status == 400)
    }

    @Test func aTornUploadLeavesNothing() throws {
        let bench = try Bench()
        let answer = bench.ask(
            .post, "/v1/datasets?name=a", fields: [.contentType: "text/csv", .contentEncoding: "gzip"],
            bytes: Array(try Self.compressed(Bench.csv).dropLast(4)))
        #expect(answer.status == 400)
        #expect(try bench.uploadedFiles() == [])
    }

    @Test func contentThatInflatesBeyondTheBoundIsTooLarge() throws {
        let bench = try Bench {
            $0.documentBytesMax = 1_000
            $0.datasetBytesMax = 1_000
        }
        let blank = try Self.compressed("a,b\n" + String(repeating: "1,2\n", count: 300))
        for (target, type) in [("/v1/datasets?name=a", "text/csv"), ("/v1/jobs", "application/json")] {
            let answer = bench.ask(.post, target, fields: [.contentType: type, .contentEncoding: "gzip"], bytes: blank)
            #expect(answer.status == 413)
            #expect(answer.code == "payload-too-large")
        }
        #expect(try bench.uploadedFiles() == [])
    }

    @Test(arguments: ["br", "gzip, gzip", "zstd", "deflate"])
    func anotherCodingIsRefusedWithThoseThatAreTaken(coding: String) throws {
        for (target, type) in [("/v1/datasets?name=a", "text/csv"), ("/v1/jobs", "application/json")] {
            let answer = try Bench().ask(
                .post, target, fields: [.contentType: type, .contentEncoding: coding], body: "a\n1\n")
            #expect(answer.status == 415)
            #expect(answer.fields[.acceptEncoding] == "gzip, identity")
        }
    }

    @Test func theSameDocumentCompressedOrNotIsTheSameRequest() throws {
        let bench = try Bench()
        let spec = Bench.spec(try bench.upload())
        let key = try #require(HTTPField.Name("Idempotency-Key"))
        let plain = bench.ask(.post, "/v1/jobs", fields: [.contentType: "application/json", key: "k"], body: spec)
        let again = bench.ask(
            .post, "/v1/jobs", fields: [.contentType: "application/json", .contentEncoding: "gzip", key: "k"],
            bytes: try Self.compressed(spec))
        #expect(again.status == 202)
        #expect(try again.json()["id"] == plain.json()["id"])
    }
}
