import Weighting

extension OptimizerSpec: DescribedRecord {
    package static let schemaName = "OptimizerSpec"
    package static let summary = "How the parameters follow their gradients."
    package static let standard = OptimizerSpec()
    package static let members: [Member<OptimizerSpec>] = [
        Member("type", \.kind, .choice, "The update rule."),
        Member("learning_rate", \.learningRate, .number(.above(0, to: 1_000)), "Size of a step."),
        Member("momentum", \.momentum, .number(.from(0, below: 1)), "Momentum of `sgd`."),
        Member("nesterov", \.nesterov, .flag, "Nesterov's momentum, for `sgd` with a momentum above 0."),
        Member(
            "betas", \.betas, .array(.number(.from(0, below: 1)), count: 2...2),
            "Decay rates of the first and the second moment, for `adam` and `adamw`."),
        Member("epsilon", \.epsilon, .number(.above(0, to: 1)), "Added to the root of the second moment."),
        Member(
            "weight_decay", \.weightDecay, .number(.from(0, to: 1_000)),
            "L2 penalty for `sgd` and `adam`, decoupled decay for `adamw`."),
    ]

    package mutating func settle(_ reader: SpecReader) {
        if betas.count != 2 { betas = Self.standard.betas }
        if nesterov, kind != .sgd || momentum == 0 {
            reader.report("nesterov", "needs \"type\": \"sgd\" and a momentum above 0")
        }
    }
}

extension ScheduleSpec: DescribedRecord {
    package static let schemaName = "ScheduleSpec"
    package static let summary = "How the learning rate changes while training goes on."
    package static let standard = ScheduleSpec()
    package static let members: [Member<ScheduleSpec>] = [
        Member("type", \.kind, .choice, "The shape of the schedule."),
        Member(
            "warmup_epochs", \.warmupEpochs, .integer(0...TrainingSpec.epochsMax),
            "Epochs of linear warm-up before the schedule proper."),
        Member(
            "step_epochs", \.stepEpochs, .integer(1...TrainingSpec.epochsMax), "Epochs between two steps of `step`."),
        Member(
            "gamma", \.gamma, .number(.above(0, to: 1)),
            "Factor of `step` (by default 0.1) and `exponential` (by default 0.95)."),
        Member(
            "learning_rate_max", \.learningRateMax, .number(.above(0, to: 1_000)),
            "Peak of `one_cycle`; by default the optimizer's learning rate."),
    ]

    package mutating func settle(_ reader: SpecReader) {
        if !reader.has("gamma") { gamma = ScheduleSpec(kind: kind).gamma }
    }
}

extension CheckpointSpec: DescribedRecord {
    package static let schemaName = "CheckpointSpec"
    package static let summary = "When the state of a run is written, so that it can go on from there."
    package static let standard = CheckpointSpec()
    package static let members: [Member<CheckpointSpec>] = [
        Member(
            "every_epochs", \.everyEpochs, .integer(1...TrainingSpec.epochsMax), "Epochs between two checkpoints."),
        Member(
            "every_seconds", \.everySeconds, .integer(1...31_536_000),
            "Seconds between two checkpoints within an epoch; by default there are none."),
        Member("keep", \.keep, .integer(1...1_000), "Checkpoints of finished epochs that are kept."),
    ]
}
