import HTTPTypes
import HTTPWire
import JobStore
import Jobs
import Metrics

/// `/metrics`: what was counted since the start, and what is the case right now, for Prometheus.
struct MetricsResource: Sendable {
    private let services: Services
    private let hub: EventHub
    private let refusals: Refusals

    /// Running jobs whose weights are told; a server has as many workers as a machine has cores.
    private static let jobsMax = 500

    init(_ services: Services, _ hub: EventHub, _ refusals: Refusals) {
        self.refusals = refusals
        self.services = services
        self.hub = hub
    }

    var routes: [Route] {
        [Route(.get, "/metrics", scope: .read, offers: [.prometheus, .openMetrics], .blocking(show))]
    }

    private func show(_ request: APIRequest) throws -> Handled {
        let type = try request.negotiated()
        // States live as long as this answer: a job that has ended must not leave its last weight standing.
        let states = States()
        tellTransport(states)
        refusals.count(handshakes: services.handshakeRefusals())
        try tellStore(states)
        try tellRunningJobs(states)
        tellProcess(states)
        var exposition = Exposition(type == .openMetrics ? .openMetrics : .prometheus)
        services.metrics.write(to: &exposition)
        states.registry.write(to: &exposition)
        return .reply(Reply(bytes: exposition.bytes, type: type).with(.cacheControl, "no-store"))
    }

    /// What is the case at the moment of the scrape.
    private struct States {
        let registry = MetricsRegistry()

        func gauge(_ name: String, _ value: Double?, _ labels: [(String, String)] = []) {
            guard let value else { return }
            Gauge(label: name, dimensions: labels, factory: registry).record(value)
        }
    }

    private func tellTransport(_ states: States) {
        states.gauge("tenbin_event_streams", Double(hub.count))
        let load = services.transportLoad()
        states.gauge("tenbin_http_connections", load.map { Double($0.connections) })
        states.gauge("tenbin_http_requests_in_flight", load.map { Double($0.requestsInFlight) })
    }

    private func tellStore(_ states: States) throws {
        let jobs = try services.store.jobsByState()
        for state in JobState.allCases where !state.isTerminal {
            states.gauge("tenbin_jobs", Double(jobs[state] ?? 0), [("state", state.rawValue)])
        }
        states.gauge("tenbin_store_disk_well", services.store.disk.isWell ? 1 : 0)
    }

    private func tellRunningJobs(_ states: States) throws {
        let running = JobFilter(owner: nil, state: .running)
        for job in try services.store.jobs(running, PageRequest(size: Self.jobsMax)).items {
            let label = ("job", job.id.description)
            states.gauge("tenbin_job_epoch", Double(job.progress.epoch), [label])
            states.gauge("tenbin_job_samples_per_second", job.progress.samplesPerSecond, [label])
            let since = max(0, job.progress.epoch - 2)
            let last = try? services.store.epochs(of: job.id, owner: nil, since: since, limit: 2).last
            for task in last?.tasks ?? [] {
                states.gauge("tenbin_task_weight", task.weight, [label, ("task", task.name)])
            }
        }
    }

    private func tellProcess(_ states: States) {
        let figures = ProcessFigures()
        states.gauge("process_resident_memory_bytes", figures.residentBytes)
        states.gauge("process_open_fds", figures.openDescriptors)
        states.gauge("process_max_fds", figures.descriptorsMax)
        states.gauge("process_start_time_seconds", Double(services.startedAt.milliseconds) / 1_000)
        if let seconds = figures.processorSeconds {
            FloatingPointCounter(label: "process_cpu_seconds", factory: states.registry).increment(by: seconds)
        }
        let version = [("version", services.settings.version), ("build", services.settings.build)]
        states.gauge("tenbin_build_info", 1, version)
    }
}
