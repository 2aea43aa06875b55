import API
import ArgumentParser
import HTTPServer
import JobStore

/// Everything that bounds what clients can make the server hold or wait for.
struct LimitOptions: ParsableArguments {
    @Option(help: "Bytes of memory that one job may plan for.")
    var jobMemoryMax = APISettings().jobMemoryBytesMax

    @Option(help: "Bytes of one uploaded data set.")
    var datasetBytesMax = APISettings().datasetBytesMax

    @Option(help: "Jobs that may wait in the queue.")
    var queuedJobsMax = StoreLimits().queuedJobsMax

    @Option(help: "Connections in all.")
    var connectionsMax = ServerLimits().connectionsMax

    @Option(help: "Connections from one address.")
    var connectionsPerAddressMax = ServerLimits().connectionsPerAddressMax

    @Option(help: "Requests that are being answered, in all.")
    var requestsInFlightMax = ServerLimits().requestsInFlightMax

    @Option(help: "Seconds for a request's head to arrive.")
    var headerSeconds = ServerLimits().headerSeconds

    @Option(help: "Seconds that a connection may stay without a request.")
    var idleSeconds = ServerLimits().idleSeconds

    @Option(help: "Seconds without a byte taken after which a slow reader is cut.")
    var writeStallSeconds = ServerLimits().writeStallSeconds

    @Option(help: "Bytes a second at which a request's content must at least arrive.")
    var bodyBytesPerSecondMin = ServerLimits().bodyBytesPerSecondMin

    func validate() throws {
        let counts = [
            ("--job-memory-max", jobMemoryMax), ("--dataset-bytes-max", datasetBytesMax),
            ("--queued-jobs-max", queuedJobsMax), ("--connections-max", connectionsMax),
            ("--connections-per-address-max", connectionsPerAddressMax),
            ("--requests-in-flight-max", requestsInFlightMax),
        ]
        for (name, value) in counts where value < 1 { throw ValidationError("\(name) must be at least 1") }
        let seconds = [
            ("--header-seconds", headerSeconds), ("--idle-seconds", idleSeconds),
            ("--write-stall-seconds", writeStallSeconds),
        ]
        for (name, value) in seconds where !(value > 0 && value <= 86_400) {
            throw ValidationError("\(name) must lie above 0 and be at most 86400")
        }
        guard bodyBytesPerSecondMin >= 0 else {
            throw ValidationError("--body-bytes-per-second-min must not be negative")
        }
    }

    var server: ServerLimits {
        var limits = ServerLimits()
        limits.connectionsMax = connectionsMax
        limits.connectionsPerAddressMax = connectionsPerAddressMax
        limits.requestsInFlightMax = requestsInFlightMax
        limits.headerSeconds = headerSeconds
        limits.idleSeconds = idleSeconds
        limits.writeStallSeconds = writeStallSeconds
        limits.bodyBytesPerSecondMin = bodyBytesPerSecondMin
        return limits
    }

    var store: StoreLimits {
        var limits = StoreLimits()
        limits.queuedJobsMax = queuedJobsMax
        return limits
    }

    func apply(to settings: inout APISettings) {
        settings.jobMemoryBytesMax = jobMemoryMax
        settings.datasetBytesMax = datasetBytesMax
    }
}
