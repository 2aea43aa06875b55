import JobStore
import Jobs

extension JSONWriter {
    /// A job as every answer shows it.
    ///
    /// - Parameter epoch: where a change of weighting was just asked for, the epoch at which it takes effect.
    mutating func value(_ job: Job, switchedFrom epoch: Int? = nil) {
        object { writer in
            writer.name("id")
            writer.value(job.id.description)
            writer.name("name")
            writer.value(job.name)
            writer.name("state")
            writer.value(job.state.rawValue)
            writer.name("attempt")
            writer.value(job.attempt)
            writer.name("crashes")
            writer.value(job.crashes)
            writer.name("finish_reason")
            writer.value(job.finishReason?.rawValue)
            writer.name("error")
            writer.value(job.failure)
            writer.name("dataset")
            writer.value(job.dataset.description)
            writer.name("comparison")
            writer.value(job.comparison?.description)
            writer.name("model")
            writer.value(job.model?.description)
            writer.name("best_epoch")
            writer.value(job.bestEpoch)
            writer.name("best")
            writer.array { writer in job.best.forEach { writer.value($0.json) } }
            writer.name("spec")
            writer.raw(job.spec.utf8)
            writer.name("weighting_switch")
            writer.value(job.weightingSwitch?.json ?? .null)
            writer.name("priority")
            writer.value(job.priority)
            writer.name("labels")
            writer.value(JSONValue(job.labels))
            writer.name("deadline")
            writer.value(job.deadline)
            writer.name("queue_position")
            writer.value(job.queuePosition)
            writer.name("waiting_reason")
            writer.value(job.waitingReason?.rawValue)
            writer.name("memory_bytes")
            writer.value(job.memoryBytes)
            writer.name("progress")
            writer.value(job.progress)
            writer.name("weights_sha256")
            writer.value(job.weightsSHA256)
            writer.name("created_at")
            writer.value(job.createdAt)
            writer.name("started_at")
            writer.value(job.startedAt)
            writer.name("finished_at")
            writer.value(job.finishedAt)
            if let epoch {
                writer.name("weighting_from_epoch")
                writer.value(epoch)
            }
        }
    }

    private mutating func value(_ failure: JobFailure?) {
        guard let failure else { return null() }
        object { writer in
            writer.name("type")
            writer.value("/v1/errors/" + failure.code.rawValue)
            writer.name("detail")
            writer.value(failure.detail)
        }
    }

    mutating func value(_ progress: JobProgress) {
        object { writer in
            writer.name("epoch")
            writer.value(progress.epoch)
            writer.name("epochs")
            writer.value(progress.epochs)
            writer.name("batch")
            writer.value(progress.batch)
            writer.name("batches")
            writer.value(progress.batches)
            writer.name("fraction")
            writer.value(progress.fraction)
            writer.name("samples_per_second")
            writer.value(progress.samplesPerSecond)
            writer.name("eta_seconds")
            writer.value(progress.etaSeconds)
        }
    }
}
