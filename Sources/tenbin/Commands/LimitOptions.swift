import API
import ArgumentParser
import HTTPServer
import HTTPWire
import JobStore

/// Everything that bounds what clients can make the server hold or wait for.
struct LimitOptions: ParsableArguments {
    @Option(
        help: """
            Bytes of memory that running jobs may plan for, all together; 80 % of what the machine or the cgroup has by \
            default.
            """)
    var memoryMax: Int?

    @Option(help: "Bytes of memory that one job may plan for; 8 GiB by default, at most --memory-max.")
    var jobMemoryMax: Int?

    @Option(help: "Bytes of one uploaded data set.")
    var datasetBytesMax = APISettings().datasetBytesMax

    @Option(
        help: """
            Bytes of all arrays of an uploaded NPZ file together, inflated; more is answered 413.
            """)
    var datasetInflatedBytesMax = APISettings().datasetInflatedBytesMax

    @Option(help: "Jobs that may wait in the queue.")
    var queuedJobsMax = StoreLimits().queuedJobsMax

    @Option(
        help: """
            Bytes of a request's header section, over HTTP/2 twice as many with 32 for each field; more is answered 431.
            """)
    var headerBytesMax = ServerLimits().http1.fieldBytesMax

    @Option(help: "Fields of a request's header section; more is answered 431.")
    var headerFieldsMax = ServerLimits().http1.fieldsMax

    @Option(help: "Bytes of a request's target; more is answered 414.")
    var targetBytesMax = ServerLimits().http1.targetBytesMax

    @Option(help: "Requests of one HTTP/2 connection that are being answered; HTTP/1.1 answers one after the other.")
    var streamsMax = ServerLimits().http2.streamsMax

    @Option(
        help: """
            Bytes of data sets and models that one owner may have here, with specs, labels, names and kept answers; no bound \
            by default.
            """)
    var ownerStoredBytesMax: Int?

    @Option(help: "Jobs that one owner may have in the queue; no bound by default.")
    var ownerQueuedJobsMax: Int?

    @Option(help: "Jobs of one owner that may train at once; no bound by default.")
    var ownerRunningJobsMax: Int?

    @Option(help: "Requests that one key may make in a minute.")
    var keyRequestsPerMinute = APISettings().requestsPerKeyAndMinute

    @Option(help: "Connections in all.")
    var connectionsMax = ServerLimits().connectionsMax

    @Option(help: "Connections from one address.")
    var connectionsPerAddressMax = ServerLimits().connectionsPerAddressMax

    @Option(help: "Requests that are being answered, in all.")
    var requestsInFlightMax = ServerLimits().requestsInFlightMax

    @Option(help: "Seconds for a request's head to arrive.")
    var headerSeconds = ServerLimits().headerSeconds

    @Option(help: "Seconds for a TLS handshake.")
    var handshakeSeconds = ServerLimits().handshakeSeconds

    @Option(help: "Seconds that a connection may stay without a request.")
    var idleSeconds = ServerLimits().idleSeconds

    @Option(help: "Seconds without a byte taken after which a slow reader is cut.")
    var writeStallSeconds = ServerLimits().writeStallSeconds

    @Option(help: "Bytes a second at which a request's content must at least arrive.")
    var bodyBytesPerSecondMin = ServerLimits().bodyBytesPerSecondMin

    func validate() throws {
        let counts = [
            ("--memory-max", memoryMax ?? 1), ("--job-memory-max", jobMemoryMax ?? 1),
            ("--dataset-bytes-max", datasetBytesMax), ("--dataset-inflated-bytes-max", datasetInflatedBytesMax),
            ("--queued-jobs-max", queuedJobsMax), ("--connections-max", connectionsMax),
            ("--connections-per-address-max", connectionsPerAddressMax),
            ("--requests-in-flight-max", requestsInFlightMax), ("--header-bytes-max", headerBytesMax),
            ("--header-fields-max", headerFieldsMax), ("--target-bytes-max", targetBytesMax),
            ("--streams-max", streamsMax),
            ("--owner-stored-bytes-max", ownerStoredBytesMax ?? 1),
            ("--owner-queued-jobs-max", ownerQueuedJobsMax ?? 1),
            ("--owner-running-jobs-max", ownerRunningJobsMax ?? 1),
            ("--key-requests-per-minute", keyRequestsPerMinute),
        ]
        for (name, value) in counts where value < 1 { throw ValidationError("\(name) must be at least 1") }
        let seconds = [
            ("--header-seconds", headerSeconds), ("--idle-seconds", idleSeconds),
            ("--write-stall-seconds", writeStallSeconds), ("--handshake-seconds", handshakeSeconds),
        ]
        for (name, value) in seconds where !(value > 0 && value <= 86_400) {
            throw ValidationError("\(name) must lie above 0 and be at most 86400")
        }
        guard bodyBytesPerSecondMin >= 0 else {
            throw ValidationError("--body-bytes-per-second-min must not be negative")
        }
        guard max(headerBytesMax, targetBytesMax) <= Self.headBytesCeiling, streamsMax <= Self.streamsCeiling else {
            throw ValidationError(
                """
                --header-bytes-max and --target-bytes-max may be at most \(Self.headBytesCeiling), \
                --streams-max at most \(Self.streamsCeiling)
                """)
        }
    }

    /// A head is gathered in memory before anybody is asked who they are.
    private static let headBytesCeiling = 1 << 20
    /// Streams that one client may have open.
    private static let streamsCeiling = 10_000

    var server: ServerLimits {
        var limits = ServerLimits()
        limits.http1.fieldBytesMax = headerBytesMax
        // HTTP/2 counts 32 bytes more for each field (RFC 9113 section 10.5.1).
        limits.http2.headerListBytesMax = headerBytesMax * 2
        limits.http1.fieldsMax = headerFieldsMax
        limits.http1.targetBytesMax = targetBytesMax
        limits.http2.fieldsMax = headerFieldsMax
        limits.http2.targetBytesMax = targetBytesMax
        limits.http2.streamsMax = streamsMax
        limits.handshakeSeconds = handshakeSeconds
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
        limits.queuedJobsPerOwnerMax = ownerQueuedJobsMax
        limits.storedBytesPerOwnerMax = ownerStoredBytesMax
        return limits
    }

    func apply(to settings: inout APISettings) {
        settings.memoryBytesMax = memoryMax ?? MachineMemory.bytesForJobs
        settings.jobMemoryBytesMax = min(jobMemoryMax ?? settings.jobMemoryBytesMax, settings.memoryBytesMax)
        settings.datasetBytesMax = datasetBytesMax
        settings.datasetInflatedBytesMax = datasetInflatedBytesMax
        settings.runningJobsPerOwnerMax = ownerRunningJobsMax
        settings.requestsPerKeyAndMinute = keyRequestsPerMinute
    }
}
