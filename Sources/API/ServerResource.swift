import HTTPTypes
import HTTPWire
import JobStore
import Jobs

/// `/v1/server`: what this server is and what it takes.
struct ServerResource: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    var routes: [Route] {
        [Route(.get, "/v1/server", scope: .read, .blocking { _ in .reply(show()) })]
    }

    private func show() -> Reply {
        let (settings, now) = (services.settings, services.clock())
        return Reply.json { writer in
            writer.object { writer in
                writer.name("version")
                writer.value(settings.version)
                writer.name("build")
                writer.value(settings.build)
                writer.name("state")
                writer.value(services.isDraining() ? "draining" : "serving")
                writer.name("started_at")
                writer.value(services.startedAt)
                writer.name("uptime_seconds")
                writer.value(Double(now.milliseconds - services.startedAt.milliseconds) / 1_000)
                writer.name("capacity")
                writer.object { writer in
                    writer.name("workers")
                    writer.value(settings.workers)
                    writer.name("threads")
                    writer.value(settings.threadsMax)
                    writer.name("queued_jobs_max")
                    writer.value(services.store.configuration.limits.queuedJobsMax)
                    writer.name("memory_bytes_free")
                    writer.value(services.memoryBytesFree())
                }
                writer.name("limits")
                writer.object { writer in
                    writer.name("dataset_bytes_max")
                    writer.value(settings.datasetBytesMax)
                    writer.name("document_bytes_max")
                    writer.value(settings.documentBytesMax)
                    writer.name("dataset_inflated_bytes_max")
                    writer.value(settings.datasetInflatedBytesMax)
                    writer.name("predict_bytes_max")
                    writer.value(settings.predictBytesMax)
                    writer.name("document_values_max")
                    writer.value(settings.documentValuesMax)
                    writer.name("job_memory_bytes_max")
                    writer.value(settings.jobMemoryBytesMax)
                    writer.name("memory_bytes_max")
                    writer.value(settings.memoryBytesMax)
                    writer.name("page_size_max")
                    writer.value(services.store.configuration.limits.pageSizeMax)
                    writer.name("requests_per_key_and_minute")
                    writer.value(settings.requestsPerKeyAndMinute)
                }
                writer.name("quotas")
                writer.object { writer in
                    writer.name("stored_bytes_max")
                    writer.value(services.store.configuration.limits.storedBytesPerOwnerMax)
                    writer.name("queued_jobs_max")
                    writer.value(services.store.configuration.limits.queuedJobsPerOwnerMax)
                    writer.name("running_jobs_max")
                    writer.value(settings.runningJobsPerOwnerMax)
                }
            }
        }
    }
}
