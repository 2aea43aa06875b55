import Foundation
import Glibc
import Jobs
import LoadGenerator

/// How soon a large network lets go and goes on: 9 million parameters, batches of 1,024 rows, Adam. With the best epoch its
/// checkpoint holds 148 MB.
struct Interruptions {
    private static let rounds = 8

    /// In seconds, one a round.
    struct Times {
        var pause: [Double] = []
        var resume: [Double] = []
        var cancel: [Double] = []
        /// From the start of a new server, after a SIGKILL, until the job runs again.
        var restart: [Double] = []
    }

    let tenbin: String
    let folder: String
    /// CSV with a column `y` of two classes.
    let table: [UInt8]

    func times() throws -> Times {
        var times = Times()
        var server = try start()
        let answer = try server.connect().send("POST", "/v1/datasets?name=t", table, type: "text/csv")
        let dataset = try JSONValue(parsing: answer)["id"]?.text ?? ""
        let spec = Array(
            """
            {"dataset":"\(dataset)","tasks":[{"name":"y","target":"y","type":"binary"}],"epochs":100000,"batch_size":1024,
             "max_attempts":1000,"model":{"encoder":{"type":"mlp","hidden":[3000,3000]}}}
            """.utf8)
        for round in 0..<Self.rounds {
            let connection = try server.connect()
            let job = "/v1/jobs/" + (try connection.json("POST", "/v1/jobs", spec)["id"]?.text ?? "")
            while try connection.json("GET", job)["best_epoch"]?.int == nil { usleep(2_000) }
            // Each at another moment of a batch.
            usleep(UInt32(round) * 130_000)
            times.pause.append(try seconds(until: "paused", job, after: "pause", connection))
            times.resume.append(try seconds(until: "running", job, after: "resume", connection))
            server.kill()
            let killed = now()
            server = try start()
            let next = try server.connect()
            try wait(for: "running", job, next)
            times.restart.append(now() - killed)
            times.cancel.append(try seconds(until: "cancelled", job, after: "cancel", next))
        }
        return times
    }

    private func start() throws -> LoadedServer {
        try LoadedServer(binary: tenbin, folder: folder, workers: 1)
    }

    private func seconds(
        until state: String, _ job: String, after command: String, _ connection: Connection
    ) throws -> Double {
        let start = now()
        _ = try connection.send("POST", "\(job)/\(command)")
        try wait(for: state, job, connection)
        return now() - start
    }

    private func wait(for state: String, _ job: String, _ connection: Connection) throws {
        while try connection.json("GET", job)["state"]?.text != state { usleep(2_000) }
    }
}
