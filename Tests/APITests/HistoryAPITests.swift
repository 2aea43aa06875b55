import API
import Foundation
import HTTPTypes
import JobStore
import Jobs
import Testing

struct HistoryAPITests {
    @Test func aJobsHistoryIsToldFromSubmissionToEnd() throws {
        let bench = try Bench()
        let job = try bench.train(epochs: 2)
        let items = try #require(try bench.ask(.get, "/v1/jobs/\(job)/events").json()["items"]?.elements)
        #expect(items.compactMap { $0["seq"]?.int } == Array(1...items.count))
        let states = items.filter { $0["type"]?.text == "state" }.compactMap { $0["to"]?.text }
        #expect(states == ["queued", "starting", "running", "succeeded"])
        let epochs = items.filter { $0["type"]?.text == "epoch" }.compactMap { $0["detail"]?["epoch"]?.int }
        #expect(epochs == [1, 2])
    }

    @Test(arguments: [
        ("/v1/events", "number"), ("/v1/jobs/{job}/events", "seq"), ("/v1/jobs/{job}/logs", "seq"),
        ("/v1/jobs/{job}/checkpoints", "step"), ("/v1/datasets/{dataset}/rows", "width"), ("/v1/jobs", "id"),
        ("/v1/datasets", "id"), ("/v1/models", "id"), ("/v1/api-keys", "id"), ("/v1/audit-log", "number"),
    ])
    func everyListIsATableToo(list: String, column: String) throws {
        let bench = try Bench()
        let job = try bench.train()
        let made = bench.ask(
            .post, "/v1/api-keys", fields: [.contentType: "application/json"], body: #"{"name":"k","scopes":["admin"]}"#
        )
        let key: HTTPFields = [.authorization: "Bearer " + (try #require(try made.json()["secret"]?.text))]
        // The key's first use is written down before the answer to a change is.
        var posting = key
        posting[.contentType] = "application/json"
        let other = bench.ask(.post, "/v1/api-keys", fields: posting, body: #"{"name":"l","scopes":["read"]}"#)
        #expect(other.status == 201)
        let dataset = try #require(try bench.ask(.get, "/v1/jobs/\(job)", fields: key).json()["dataset"]?.text)
        let target = list.replacing("{job}", with: job).replacing("{dataset}", with: dataset)
        let items = try #require(try bench.ask(.get, target, fields: key).json()["items"]?.elements)
        let byEnding = bench.ask(.get, target + ".csv", fields: key)
        var accepting = key
        accepting[.accept] = "text/csv"
        let byAccept = bench.ask(.get, target, fields: accepting)
        #expect(byEnding.status == 200 && byAccept.status == 200)
        #expect(byEnding.fields[.contentType] == "text/csv; charset=utf-8")
        let lines = byEnding.text.split(separator: "\r\n")
        #expect(lines.count == items.count + 1)
        #expect(lines.first?.split(separator: ",").contains(Substring(column)) == true)
        #expect(byAccept.body == byEnding.body)
    }

    @Test(arguments: ["events", "logs", "epochs"])
    func aGrowingListIsReadOnFromAPositionAndByPages(list: String) throws {
        let bench = try Bench()
        let job = try bench.train()
        let position = list == "epochs" ? "epoch" : "seq"
        func positions(_ target: String) throws -> ([Int], next: String?) {
            let page = try bench.ask(.get, target).json()
            return (
                (page["items"]?.elements ?? []).compactMap { $0[position]?.int }, page["next_page_token"]?.text
            )
        }
        let all = try positions("/v1/jobs/\(job)/\(list)").0
        #expect(all.count > 1)
        #expect(try positions("/v1/jobs/\(job)/\(list)?since=1").0 == all.filter { $0 > 1 })
        var (seen, next) = try positions("/v1/jobs/\(job)/\(list)?page_size=1")
        while let token = next {
            let page = try positions("/v1/jobs/\(job)/\(list)?page_size=1&page_token=\(token)")
            seen += page.0
            next = page.next
        }
        #expect(seen == all)
        let token = try #require(try positions("/v1/jobs/\(job)/\(list)?page_size=1").next)
        #expect(bench.ask(.get, "/v1/jobs/\(job)/\(list)?since=1&page_token=\(token)").status == 400)
        #expect(bench.ask(.get, "/v1/jobs/\(job)/\(list)?since=-1").status == 400)
        let last = try #require(all.last)
        #expect(try positions("/v1/jobs/\(job)/\(list)?since=\(last)").0 == [])
        let future = bench.ask(.get, "/v1/jobs/\(job)/\(list)?since=\(last + 1)")
        #expect(future.status == 400 && future.code == "malformed-request")
    }

    @Test func aPositionInTheFutureIsRefusedWhereThereIsNothingYet() throws {
        let bench = try Bench()
        let job = try bench.submit(try bench.upload())
        for list in ["logs", "epochs", "task-weights"] {
            #expect(bench.ask(.get, "/v1/jobs/\(job)/\(list)?since=0").status == 200)
            let future = bench.ask(.get, "/v1/jobs/\(job)/\(list)?since=1")
            #expect(future.status == 400 && future.code == "malformed-request")
        }
    }

    @Test func checkpointsAreListedAndDownloaded() throws {
        let bench = try Bench()
        let job = try bench.train()
        let items = try #require(try bench.ask(.get, "/v1/jobs/\(job)/checkpoints").json()["items"]?.elements)
        #expect(items.compactMap { $0["epoch"]?.int } == [2, 3])
        #expect(try bench.ask(.get, "/v1/jobs/\(job)/checkpoints/3").json() == items.last)
        let content = bench.ask(.get, "/v1/jobs/\(job)/checkpoints/3/content")
        // Then comes the digest of it.
        #expect(content.body.dropLast(32) == Array("checkpoint 3".utf8)[...])
        #expect(content.fields[.eTag] == items.last?["sha256"]?.text.map { "\"\($0)\"" })
        let part = bench.ask(.get, "/v1/jobs/\(job)/checkpoints/3/content", fields: [.range: "bytes=-1"])
        #expect(part.status == 206)
        #expect(part.body == content.body.suffix(1))
    }

    /// The bytes that an entity tag and a digest vouch for, or none.
    @Test(arguments: [HTTPFields(), [.range: "bytes=0-0"]])
    func aCheckpointWhoseBytesHaveChangedIsNotServed(fields: HTTPFields) throws {
        let bench = try Bench()
        let job = try bench.train()
        let path = "/v1/jobs/\(job)/checkpoints/3/content"
        let content = bench.ask(.get, path)
        #expect(content.status == 200)
        let id = try #require(Identifier(job, kind: .job))
        let record = try bench.store.checkpoint(of: id, owner: nil, epoch: 3)
        let file = URL(filePath: bench.store.files.path(.checkpoints, record.file))
        var altered = Data(content.body)
        altered[0] ^= 1
        try altered.write(to: file)
        let answer = bench.ask(.get, path, fields: fields)
        #expect(answer.status == 500 && answer.code == "internal")
        try Data(content.body).write(to: file)
        #expect(bench.ask(.get, path).body == content.body)
    }

    @Test(arguments: ["1", "4", "0", "-1", "03", "x", "99999999999999999999"])
    func aCheckpointThatIsNotKeptIs404(epoch: String) throws {
        let bench = try Bench()
        let job = try bench.train()
        #expect(bench.ask(.get, "/v1/jobs/\(job)/checkpoints/\(epoch)").status == 404)
        #expect(bench.ask(.get, "/v1/jobs/\(job)/checkpoints/\(epoch)/content").status == 404)
    }

    @Test func whatItTakesToTrainAgainIsTold() throws {
        let bench = try Bench()
        let job = try bench.train()
        let shown = try bench.ask(.get, "/v1/jobs/\(job)").json()
        let record = try bench.ask(.get, "/v1/jobs/\(job)/reproduction").json()
        #expect(record["spec"] == shown["spec"])
        #expect(record["weights_sha256"] == shown["weights_sha256"])
        #expect(record["attempts"]?.elements?.count == 1)
        #expect(record["datasets"]?.elements?.first?["id"] == shown["dataset"])
        #expect(record["bit_exact"] == .bool(true))
        let fresh = try bench.submit(try bench.upload())
        #expect(try bench.ask(.get, "/v1/jobs/\(fresh)/reproduction").json()["bit_exact"] == .null)
    }
}
