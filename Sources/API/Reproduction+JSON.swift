import JobStore
import Jobs

extension JSONWriter {
    mutating func value(_ record: ReproductionRecord) {
        object { writer in
            writer.name("job")
            writer.value(record.job.description)
            writer.name("spec")
            writer.raw(record.spec.utf8)
            writer.name("datasets")
            writer.array { writer in record.datasets.forEach { writer.value($0) } }
            writer.name("weighting_switches")
            writer.array { writer in record.weightingSwitches.forEach { writer.value($0) } }
            writer.name("attempts")
            writer.array { writer in record.attempts.forEach { writer.value($0) } }
            writer.name("finish_reason")
            writer.value(record.finishReason?.rawValue)
            writer.name("weights_sha256")
            writer.value(record.weightsSHA256)
            writer.name("bit_exact")
            if let bitExact = record.bitExact { writer.value(bitExact) } else { writer.null() }
        }
    }

    private mutating func value(_ dataset: ReproductionRecord.Dataset) {
        object { writer in
            writer.name("id")
            writer.value(dataset.id.description)
            writer.name("sha256")
            writer.value(dataset.sha256)
        }
    }

    private mutating func value(_ weighting: WeightingSwitch) {
        object { writer in
            writer.name("from_epoch")
            writer.value(weighting.fromEpoch)
            writer.name("weighting")
            writer.value(weighting.weighting.json)
        }
    }

    private mutating func value(_ attempt: ReproductionRecord.Attempt) {
        object { writer in
            writer.name("attempt")
            writer.value(attempt.attempt)
            writer.name("environment")
            writer.raw(attempt.environment.utf8)
            writer.name("claimed_at")
            writer.value(attempt.claimedAt)
        }
    }
}
