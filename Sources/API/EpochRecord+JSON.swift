import Jobs

extension JSONWriter {
    /// An epoch as `/epochs` shows it.
    mutating func value(_ epoch: EpochRecord) {
        object { writer in
            writer.name("epoch")
            writer.value(epoch.epoch)
            writer.name("attempt")
            writer.value(epoch.attempt)
            writer.name("strategy")
            writer.value(epoch.strategy)
            writer.name("learning_rate")
            writer.value(epoch.learningRate)
            writer.name("seconds")
            writer.value(epoch.seconds)
            writer.name("samples_per_second")
            writer.value(epoch.samplesPerSecond)
            writer.name("train_loss")
            writer.value(epoch.trainLoss)
            writer.name("validation_loss")
            writer.value(epoch.validationLoss)
            writer.name("gradient_norm")
            writer.value(epoch.gradientNorm)
            writer.name("backward_passes")
            writer.value(epoch.backwardPasses)
            writer.name("solver_fallbacks")
            writer.value(epoch.solverFallbacks)
            writer.name("gradient_cosine")
            writer.value(matrix: epoch.gradientCosine)
            writer.name("tasks")
            writer.array { writer in epoch.tasks.forEach { writer.value($0) } }
        }
    }

    private mutating func value(_ task: EpochRecord.Task) {
        object { writer in
            writer.name("name")
            writer.value(task.name)
            writer.name("weight")
            writer.value(task.weight)
            writer.name("weight_share")
            writer.value(task.weightShare)
            writer.name("train_loss")
            writer.value(task.trainLoss)
            writer.name("validation_loss")
            writer.value(task.validationLoss)
            writer.name("gradient_norm")
            writer.value(task.gradientNorm)
            writer.name("best")
            writer.value(task.best?.json ?? .null)
            writer.name("metrics")
            writer.metrics(task.metrics)
        }
    }

    /// Metrics by name, in the order of their names.
    mutating func metrics(_ metrics: [String: Double?]) {
        object { writer in
            for (name, value) in metrics.sorted(by: { $0.key < $1.key }) {
                writer.name(escaping: name)
                writer.value(value)
            }
        }
    }

    mutating func value(matrix: [[Double?]]?) {
        guard let matrix else { return null() }
        array { writer in
            for row in matrix {
                writer.array { writer in row.forEach { writer.value($0) } }
            }
        }
    }
}
