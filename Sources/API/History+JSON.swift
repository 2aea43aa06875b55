import JobStore
import Jobs

extension JSONWriter {
    /// An entry of a job's history, as a page and as the data of a server-sent event.
    mutating func value(_ event: JobEvent) {
        object { writer in
            writer.name("seq")
            writer.value(event.seq)
            writer.name("number")
            writer.value(event.number)
            writer.name("job")
            writer.value(event.job.description)
            writer.name("type")
            writer.value(event.kind.rawValue)
            writer.name("from")
            writer.value(event.from?.rawValue)
            writer.name("to")
            writer.value(event.to?.rawValue)
            writer.name("actor")
            writer.value(event.actor)
            writer.name("at")
            writer.value(event.at)
            writer.name("detail")
            if let detail = event.detail { writer.raw(detail.utf8) } else { writer.null() }
        }
    }

    mutating func value(_ line: LogLine) {
        object { writer in
            writer.name("seq")
            writer.value(line.seq)
            writer.name("at")
            writer.value(line.at)
            writer.name("level")
            writer.value(line.level.rawValue)
            writer.name("message")
            writer.value(line.message)
        }
    }

    mutating func value(_ checkpoint: CheckpointRecord) {
        object { writer in
            writer.name("epoch")
            writer.value(checkpoint.epoch)
            writer.name("batch")
            writer.value(checkpoint.batch)
            writer.name("step")
            writer.value(checkpoint.step)
            writer.name("kind")
            writer.value(checkpoint.kind.rawValue)
            writer.name("bytes")
            writer.value(checkpoint.bytes)
            writer.name("sha256")
            writer.value(checkpoint.sha256)
            writer.name("created_at")
            writer.value(checkpoint.createdAt)
        }
    }
}
