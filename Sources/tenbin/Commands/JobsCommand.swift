import ArgumentParser
import Foundation
import Jobs

/// `tenbin jobs`
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Submit, watch and steer jobs.",
        subcommands: [
            Submit.self, List.self, Show.self, Watch.self, Cancel.self, Stop.self, Pause.self, Resume.self,
        ])

    struct Submit: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Submit a job; prints its identifier.")

        @Argument(help: "A JSON file with the job's spec; - for standard input.")
        var file: String

        @Flag(help: "Only check it.")
        var validateOnly = false

        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            let target = "/v1/jobs" + (validateOnly ? "?validate_only=true" : "")
            let answer = try api.post(target, try InputFile.document(of: file))
            if client.json || validateOnly { show(answer) } else { print(answer.identifier) }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "List jobs, newest first.")

        @Option(help: "Only jobs in this state.")
        var state: String?

        @Option(help: "Only jobs with this label, NAME:VALUE.")
        var label: String?

        @OptionGroup var page: PageOptions
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(
                try api.get("/v1/jobs" + page.query([("state", state), ("label", label)])),
                columns: ["id", "name", "state", "finish_reason", "best_epoch", "created_at"])
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Show where a job stands.")

        @OptionGroup var job: JobArgument
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.get(job.path))
        }
    }

    struct Watch: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow a job epoch by epoch to its end; exit status 1 unless it succeeds.")

        @OptionGroup var job: JobArgument
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            _ = try JobFollower(api: api, screen: Screen()).follow(job.id)
        }
    }

    struct Cancel: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "End a job and keep only what is recorded.")

        @Flag(help: "Do not wait for the worker.")
        var force = false

        @OptionGroup var job: JobArgument
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.post(job.path + "/cancel" + (force ? "?force=true" : "")))
        }
    }

    struct Stop: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "End a job now and keep its best model.")

        @OptionGroup var job: JobArgument
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.post(job.path + "/stop"))
        }
    }

    struct Pause: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Checkpoint a job and release its worker.")

        @OptionGroup var job: JobArgument
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.post(job.path + "/pause"))
        }
    }

    struct Resume: ClientCommand {
        static let configuration = CommandConfiguration(abstract: "Put a paused job back into the queue.")

        @OptionGroup var job: JobArgument
        @OptionGroup var client: ClientOptions

        func run(_ api: APIClient) throws {
            show(try api.post(job.path + "/resume"))
        }
    }
}

/// A job named on the command line.
struct JobArgument: ParsableArguments {
    @Argument(help: "The job's identifier.")
    var id: String

    var path: String { "/v1/jobs/\(id.escapedForPath)" }
}
