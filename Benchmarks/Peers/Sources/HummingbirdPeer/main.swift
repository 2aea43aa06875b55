import Hummingbird
import Logging

// A Hummingbird application as its documentation has it, with Codable answers and no database behind them:
// `HummingbirdPeer PORT`. `/` is a small value; `/v1/jobs/{id}` has the members of Tenbin's answer for a job.

struct Small: ResponseEncodable {
    var id: String
    var state: String
    var epoch: Int
}

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
let router = Router()
router.get("/") { _, _ in Small(id: "job_0190b6a7-7d5c-7e6e-8f1e-0123456789ab", state: "running", epoch: 12) }
router.get("/v1/jobs/{id}") { _, context in Job(id: try context.parameters.require("id")) }
var logger = Logger(label: "peer")
logger.logLevel = .error
let application = Application(
    router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
try await application.runService()
