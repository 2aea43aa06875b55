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
            abstract: "Follow a job epoch by epoch to its end; exit status 3 unless it succeeds.",
            discussion: """
                Ctrl-C ends the watching, not the job. With --json each line is one JSON object: \
                {"type":"state","job":…} when the state changes, {"type":"epoch","epoch":…} and {"type":"end","job":…}.
                """)

        @OptionGroup var job: JobArgument

        @Option(help: "How long a server that is away or busy is asked again, in seconds.")
        var retrySeconds = Patience.secondsDefault

        @OptionGroup var client: ClientOptions

        func validate() throws {
            guard (0...31_536_000).contains(retrySeconds) else {
                throw ValidationError("--retry-seconds must lie between 0 and 31536000")
            }
        }

        func run(_ api: APIClient) throws {
            let interruption = Interruption("the job goes on; follow it again with: tenbin jobs watch \(job.id)")
            let patience = Patience(seconds: retrySeconds)
            let output: any WatchOutput = client.json ? JSONLines() : EpochTable(Screen())
            let ended = try JobFollower(api: api, patience: patience).follow(job.id, showing: output)
            withExtendedLifetime(interruption) {}
            guard ended["state"]?.text == "succeeded" else { throw EndedOtherwise(reasonOf: ended) }
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
