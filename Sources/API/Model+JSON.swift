import JobStore
import Jobs

extension JSONWriter {
    mutating func value(_ model: ModelRecord) {
        object { writer in
            writer.name("id")
            writer.value(model.id.description)
            writer.name("job")
            writer.value(model.job.description)
            writer.name("name")
            writer.value(model.name)
            writer.name("bytes")
            writer.value(model.bytes)
            writer.name("weights_sha256")
            writer.value(model.weightsSHA256)
            writer.name("epoch")
            writer.value(model.epoch)
            writer.name("tasks")
            writer.array { writer in model.tasks.forEach { writer.value($0) } }
            writer.name("test_metrics")
            writer.testMetrics(model.testMetrics)
            writer.name("created_at")
            writer.value(model.createdAt)
        }
    }

    private mutating func value(_ task: TrainedModel.Task) {
        object { writer in
            writer.name("name")
            writer.value(task.name)
            writer.name("type")
            writer.value(task.type)
            writer.name("classes")
            writer.value(JSONValue(task.classes))
            writer.name("metrics")
            writer.metrics(task.metrics)
        }
    }

    mutating func testMetrics(_ metrics: [String: [String: Double?]]?) {
        guard let metrics else { return null() }
        object { writer in
            for (task, values) in metrics.sorted(by: { $0.key < $1.key }) {
                writer.name(escaping: task)
                writer.metrics(values)
            }
        }
    }
}
