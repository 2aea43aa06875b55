import Hummingbird
import Logging

// A Hummingbird application as its documentation has it, with one route that answers a small Codable value and no database
// behind it: `HummingbirdPeer PORT`.

struct Job: ResponseEncodable {
    var id: String
    var state: String
    var epoch: Int
}

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
let router = Router()
router.get("/v1/jobs/{id}") { _, context -> Job in
    Job(id: try context.parameters.require("id"), state: "running", epoch: 12)
}
router.get("/") { _, _ -> Job in
    Job(id: "job_0190b6a7-7d5c-7e6e-8f1e-0123456789ab", state: "running", epoch: 12)
}
var logger = Logger(label: "peer")
logger.logLevel = .error
let application = Application(
    router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
try await application.runService()
