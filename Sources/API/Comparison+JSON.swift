import Comparisons
import JobStore
import Jobs

extension JSONWriter {
    /// A comparison in full: where it stands, its runs, and what is known of them.
    mutating func value(_ comparison: ComparisonRecord, _ report: ComparisonReport) {
        object { writer in
            writer.members(of: comparison)
            writer.name("jobs")
            writer.value(JSONValue(comparison.runs.map(\.job.description)))
            writer.name("runs")
            writer.array { writer in comparison.runs.forEach { writer.value($0) } }
            writer.name("minimum_effect")
            writer.value(report.minimumEffectJSON)
            writer.name("rows")
            writer.value(JSONValue.array(report.rows.map(\.json)))
            writer.name("judgements")
            writer.value(JSONValue.array(report.judgements.map(\.json)))
            writer.name("notes")
            writer.value(JSONValue.array(report.notes.map(\.json)))
            writer.name("verdict")
            writer.value(comparison.state.isOver ? report.verdict : nil)
        }
    }

    /// A comparison as lists show it.
    mutating func value(_ comparison: ComparisonRecord) {
        object { $0.members(of: comparison) }
    }

    private mutating func members(of comparison: ComparisonRecord) {
        name("id")
        value(comparison.id.description)
        name("name")
        value(comparison.name)
        name("state")
        value(comparison.state.rawValue)
        name("dataset")
        value(comparison.dataset.description)
        name("progress")
        value(comparison.progress)
        name("created_at")
        value(comparison.createdAt)
        name("cancelled_at")
        value(comparison.cancelledAt)
    }

    private mutating func value(_ progress: ComparisonRecord.Progress) {
        object { writer in
            writer.name("runs")
            writer.value(progress.runs)
            writer.name("queued")
            writer.value(progress.queued)
            writer.name("running")
            writer.value(progress.running)
            writer.name("paused")
            writer.value(progress.paused)
            writer.name("succeeded")
            writer.value(progress.succeeded)
            writer.name("failed")
            writer.value(progress.failed)
            writer.name("cancelled")
            writer.value(progress.cancelled)
            writer.name("fraction")
            writer.value(progress.fraction)
        }
    }

    private mutating func value(_ run: ComparisonRecord.Run) {
        object { writer in
            writer.name("job")
            writer.value(run.job.description)
            writer.name("state")
            writer.value(run.state?.rawValue)
            for member in run.key.members ?? [] {
                writer.name(escaping: member.name)
                writer.value(member.value)
            }
            writer.name("epoch")
            writer.value(run.outcome?.epoch)
            writer.name("validation_loss")
            writer.value(run.outcome?.validationLoss)
            writer.name("seconds")
            writer.value(run.outcome?.seconds)
            writer.name("cpu_seconds")
            writer.value(run.end.cpuSeconds)
            writer.name("finish_reason")
            writer.value(run.end.finishReason?.rawValue)
            writer.name("failure")
            writer.value(run.end.failure)
            writer.name("test_metrics")
            writer.testMetrics(run.outcome?.testMetrics)
        }
    }
}
