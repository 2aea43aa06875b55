import API
import HTTPTypes
import Jobs
import Testing

struct ServerAPITests {
    @Test func aServerThatCanWorkIsReady() throws {
        let bench = try Bench()
        #expect(bench.ask(.get, "/healthz").status == 200)
        #expect(try bench.ask(.get, "/readyz").json()["status"]?.text == "ready")
    }

    @Test func aServerThatCannotWorkSaysWhy() throws {
        let answer = try Bench({ $0.diskFreeBytesMin = .max }, isDraining: true, faults: ["a page is damaged"])
            .ask(.get, "/readyz")
        #expect(answer.status == 503)
        #expect(answer.code == "draining")
        #expect(try answer.json()["reasons"]?.elements?.count == 3)
        #expect(answer.text.contains("a page is damaged"))
    }

    @Test func theServerTellsItsLimits() throws {
        let server = try Bench({
            $0.version = "9.9"; $0.documentBytesMax = 17; $0.memoryBytesMax = 12_345
        }).ask(.get, "/v1/server").json()
        #expect(server["version"]?.text == "9.9")
        #expect(server["state"]?.text == "serving")
        #expect(server["limits"]?["document_bytes_max"]?.int == 17)
        #expect(server["limits"]?["memory_bytes_max"]?.int == 12_345)
        #expect(server["capacity"]?["memory_bytes_free"]?.int == 12_345)
        #expect(server["uptime_seconds"]?.double == 0)
    }
}
