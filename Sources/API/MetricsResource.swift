import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/metrics`: figures for Prometheus.
struct MetricsResource: Sendable {
    private let services: Services
    private let requests: RequestMetrics
    private let hub: EventHub

    /// Running jobs whose weights are told; a server has as many workers as a machine has cores.
    private static let jobsMax = 500

    init(_ services: Services, _ requests: RequestMetrics, _ hub: EventHub) {
        self.services = services
        self.requests = requests
        self.hub = hub
    }

    var routes: [Route] {
        [Route(.get, "/metrics", scope: .read, offers: [.prometheus, .openMetrics], .blocking(show))]
    }

    private func show(_ request: APIRequest) throws -> Handled {
        let type = try request.negotiated()
        var exposition = Exposition(type == .openMetrics ? .openMetrics : .prometheus)
        requests.write(to: &exposition)
        writeTransport(to: &exposition)
        try writeStore(to: &exposition)
        try writeRunningJobs(to: &exposition)
        writeProcess(to: &exposition)
        return .reply(Reply(bytes: exposition.bytes, type: type).with(.cacheControl, "no-store"))
    }

    private func writeTransport(to exposition: inout Exposition) {
        exposition.value(
            "tenbin_event_streams", .gauge, "Open streams of server-sent events.", Double(hub.count))
        guard let load = services.transportLoad() else { return }
        exposition.value("tenbin_http_connections", .gauge, "Open connections.", Double(load.connections))
        exposition.value(
            "tenbin_http_requests_in_flight", .gauge, "Requests being answered.", Double(load.requestsInFlight))
    }

    private func writeStore(to exposition: inout Exposition) throws {
        let figures = try services.store.statistics()
        let states = JobState.allCases.filter { !$0.isTerminal }
        exposition.family(
            "tenbin_jobs", .gauge, "Jobs that are not over, by state.",
            states.map { ([("state", $0.rawValue)], Double(figures.jobsByState[$0] ?? 0)) })
        exposition.value("tenbin_store_commits", .counter, "Transactions made durable.", Double(figures.commits))
        exposition.value(
            "tenbin_store_writes", .counter, "Changes that those transactions held.", Double(figures.writes))
        exposition.value(
            "tenbin_store_commit_seconds", .counter, "Time spent in transactions and their syncs.",
            figures.commitSeconds)
        exposition.value(
            "tenbin_store_wal_bytes", .gauge, "Length of the write-ahead log.", Double(figures.walBytes))
        exposition.value(
            "tenbin_store_disk_well", .gauge, "1 while the disk takes writes.", services.store.disk.isWell ? 1 : 0)
    }

    private func writeRunningJobs(to exposition: inout Exposition) throws {
        let jobs = try services.store.jobs(
            JobFilter(owner: nil, state: .running), PageRequest(size: Self.jobsMax)
        ).items
        var (weights, epochs, speeds): ([Sample], [Sample], [Sample]) = ([], [], [])
        for job in jobs {
            let name = (name: "job", value: job.id.description)
            epochs.append(([name], Double(job.progress.epoch)))
            if let speed = job.progress.samplesPerSecond { speeds.append(([name], speed)) }
            let since = max(0, job.progress.epoch - 2)
            let last = try? services.store.epochs(of: job.id, owner: nil, since: since, limit: 2).last
            for task in last?.tasks ?? [] {
                if let weight = task.weight { weights.append(([name, ("task", task.name)], weight)) }
            }
        }
        exposition.family("tenbin_job_epoch", .gauge, "The epoch that a running job trains.", epochs)
        exposition.family("tenbin_job_samples_per_second", .gauge, "Rows trained a second.", speeds)
        exposition.family(
            "tenbin_task_weight", .gauge, "The weight of each task of a running job in its last epoch.", weights)
    }

    private typealias Sample = (labels: Exposition.Labels, value: Double)

    private func writeProcess(to exposition: inout Exposition) {
        let figures = ProcessFigures()
        func write(_ name: String, _ kind: Exposition.Kind, _ help: String, _ value: Double?) {
            if let value { exposition.value(name, kind, help, value) }
        }
        write("process_resident_memory_bytes", .gauge, "Memory in use.", figures.residentBytes)
        write("process_open_fds", .gauge, "Open file descriptors.", figures.openDescriptors)
        write("process_max_fds", .gauge, "File descriptors allowed.", figures.descriptorsMax)
        write("process_cpu_seconds", .counter, "Processor time used.", figures.processorSeconds)
        write(
            "process_start_time_seconds", .gauge, "When the process started, since 1970.",
            Double(services.startedAt.milliseconds) / 1_000)
        exposition.family(
            "tenbin_build_info", .gauge, "1, with the version as a label.",
            [([("version", services.settings.version), ("build", services.settings.build)], 1)])
    }
}
