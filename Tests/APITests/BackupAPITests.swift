import API
import Dispatch
import HTTPTypes
import HTTPWire
import Jobs
import Testing

/// `/v1/backup`: what is in the archive is the store's business, how it is handed out is tested here.
struct BackupAPITests {
    /// Takes the rest of a stream, in pieces of at most that size.
    private static func read(_ stream: any ContentSource, bytesMax: Int = 4_000) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let woken = DispatchSemaphore(value: 0)
            switch stream.next(bytesMax: bytesMax, wake: { woken.signal() }) {
            case .bytes(let piece):
                #expect(!piece.isEmpty && piece.count <= bytesMax)
                bytes += piece
            case .later: try #require(woken.wait(timeout: .now() + .seconds(20)) == .success)
            case .end: return bytes
            case .failed: throw Unexpected("the stream failed")
            }
        }
    }

    @Test(arguments: [511, 4_000, 1 << 20])
    func theArchiveIsHandedOutInPiecesThatFit(bytesMax: Int) throws {
        let bench = try Bench()
        _ = try bench.upload()
        let answer = bench.ask(.get, "/v1/backup")
        #expect(answer.status == 200)
        #expect(answer.fields[.contentType] == "application/x-tar")
        #expect(answer.fields[.contentDisposition]?.hasSuffix(".tar\"") == true)
        let archive = try Self.read(#require(answer.stream), bytesMax: bytesMax)
        #expect(archive.starts(with: Array("manifest.json".utf8)))
        #expect(archive.count.isMultiple(of: 512) && archive.suffix(1_024).allSatisfy { $0 == 0 })
        let table = Array(Bench.csv.utf8)
        #expect(archive.firstRange(of: table) != nil)
    }

    @Test func oneIsMadeAtATime() throws {
        let bench = try Bench()
        let first = try #require(bench.ask(.get, "/v1/backup").stream)
        let refused = bench.ask(.get, "/v1/backup")
        #expect(refused.status == 503)
        #expect(refused.code == "overloaded" && refused.fields[.retryAfter] != nil)
        // Looking at the head makes none.
        #expect(bench.ask(.head, "/v1/backup").status == 200)
        _ = try Self.read(first)
        let second = try #require(bench.ask(.get, "/v1/backup").stream)
        second.cancel()
        let third = bench.ask(.get, "/v1/backup")
        #expect(third.status == 200)
        third.stream?.cancel()
    }

    @Test func onlyAnAdminGetsOne() throws {
        let bench = try Bench()
        func key(_ scope: String, _ fields: HTTPFields) throws -> HTTPFields {
            let answer = bench.ask(
                .post, "/v1/api-keys", fields: fields, body: #"{"name":"k","owner":"local","scopes":["\#(scope)"]}"#)
            return [.authorization: "Bearer " + (try #require(try answer.json()["secret"]?.text))]
        }
        let json: HTTPFields = [.contentType: "application/json"]
        let admin = try key("admin", json)
        let writer = try key("write", [.contentType: "application/json", .authorization: admin[.authorization] ?? ""])
        #expect(bench.ask(.get, "/v1/backup").status == 401)
        #expect(bench.ask(.get, "/v1/backup", fields: writer).status == 403)
        let answer = bench.ask(.get, "/v1/backup", fields: admin)
        #expect(answer.status == 200)
        answer.stream?.cancel()
    }
}
