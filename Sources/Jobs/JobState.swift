/// Where a job stands.
package enum JobState: String, Sendable, Hashable, CaseIterable {
    case queued, starting, running, pausing, paused, cancelling, succeeded, failed, cancelled, expired

    /// Nothing can happen to the job any more.
    package var isTerminal: Bool {
        switch self {
        case .succeeded, .failed, .cancelled, .expired: true
        case .queued, .starting, .running, .pausing, .paused, .cancelling: false
        }
    }

    /// A worker holds the job.
    package var isActive: Bool {
        switch self {
        case .starting, .running, .pausing, .cancelling: true
        case .queued, .paused, .succeeded, .failed, .cancelled, .expired: false
        }
    }
}

/// What an owner can ask of a job.
package enum JobCommand: String, Sendable, Hashable, CaseIterable {
    case cancel
    /// Cancel without waiting for the worker, which is fenced out.
    case forceCancel = "force_cancel"
    /// End now and keep the best model.
    case stop
    case pause
    case resume
}

/// What happens to a job: a command of its owner, or news of its worker.
package enum JobTrigger: Sendable, Hashable {
    case command(JobCommand)
    /// A worker took the job.
    case claimed
    /// The first batch is about to be trained.
    case started
    case succeeded
    case failed
    /// The worker ended because it was told to cancel.
    case obeyedCancel
    /// The worker checkpointed and let go: it was told to pause, or the server is going down.
    case yielded
    /// The process died while a worker held the job.
    case crashed
    /// The process died while a worker held the job, once too often.
    case crashedTooOften
    case deadlinePassed
}

/// What a trigger does to a job.
package enum JobTransition: Sendable, Hashable {
    /// The trigger asks for what is already so.
    case unchanged
    /// The job passes through these states in order, one event each; none when only the wish to stop is new.
    case move([JobState], wantsStop: Bool = false)
    /// The trigger is impossible here.
    case refused
}

/// What decides how a job answers a trigger.
package struct JobSituation: Sendable, Hashable {
    package var state: JobState
    package var finishReason: FinishReason?
    /// Its owner asked to end it with the best model, and no worker has done so yet.
    package var wantsStop: Bool
    /// A finished epoch is checkpointed, so that a model can be made without training.
    package var hasBestModel: Bool

    package init(
        state: JobState, finishReason: FinishReason? = nil, wantsStop: Bool = false, hasBestModel: Bool = false
    ) {
        self.state = state
        self.finishReason = finishReason
        self.wantsStop = wantsStop
        self.hasBestModel = hasBestModel
    }

    /// The only place that knows which moves exist. Pure: the store turns the answer into a compare-and-set.
    package func transition(on trigger: JobTrigger) -> JobTransition {
        switch trigger {
        case .command(let command): transition(on: command)
        case .claimed: state == .queued ? .move([.starting]) : .refused
        case .started: transitionOnStart()
        case .succeeded: transitionOnSuccess()
        case .failed: transitionOnFailure()
        case .obeyedCancel: state == .cancelling ? .move([.cancelled]) : .refused
        case .yielded, .crashed: transitionOnRelease()
        case .crashedTooOften: state == .starting || state == .running ? .move([.failed]) : transitionOnRelease()
        case .deadlinePassed: state == .queued ? .move([.expired]) : .refused
        }
    }

    /// The commands that would not be refused now.
    package var allowedCommands: [JobCommand] {
        JobCommand.allCases.filter { transition(on: .command($0)) != .refused }
    }
}

// MARK: - Commands

extension JobSituation {
    private func transition(on command: JobCommand) -> JobTransition {
        switch command {
        case .cancel: transitionOnCancel()
        case .forceCancel: transitionOnForceCancel()
        case .stop: transitionOnStop()
        case .pause: transitionOnPause()
        case .resume: transitionOnResume()
        }
    }

    private func transitionOnCancel() -> JobTransition {
        switch state {
        case .queued, .paused: .move([.cancelled])
        case .starting, .running, .pausing: .move([.cancelling])
        case .cancelling, .cancelled: .unchanged
        case .succeeded, .failed, .expired: .refused
        }
    }

    private func transitionOnForceCancel() -> JobTransition {
        switch state {
        case .starting, .running, .pausing: .move([.cancelling, .cancelled])
        case .cancelling: .move([.cancelled])
        case .queued, .paused, .cancelled, .succeeded, .failed, .expired: transitionOnCancel()
        }
    }

    private func transitionOnStop() -> JobTransition {
        switch state {
        case .running: wantsStop ? .unchanged : .move([], wantsStop: true)
        // A worker makes the model from the last checkpoint; nothing is trained any more.
        case .queued where wantsStop: .unchanged
        case .queued where hasBestModel: .move([], wantsStop: true)
        case .paused where hasBestModel: .move([.queued], wantsStop: true)
        case .succeeded where finishReason == .stopped: .unchanged
        case .queued, .starting, .pausing, .paused, .cancelling, .succeeded, .failed, .cancelled, .expired: .refused
        }
    }

    private func transitionOnPause() -> JobTransition {
        switch state {
        case .queued: .move([.paused])
        case .starting, .running: .move([.pausing])
        case .pausing, .paused: .unchanged
        case .cancelling, .succeeded, .failed, .cancelled, .expired: .refused
        }
    }

    private func transitionOnResume() -> JobTransition {
        switch state {
        case .paused: .move([.queued])
        case .queued, .starting, .running: .unchanged
        case .pausing, .cancelling, .succeeded, .failed, .cancelled, .expired: .refused
        }
    }
}

// MARK: - News of the worker

extension JobSituation {
    private func transitionOnStart() -> JobTransition {
        switch state {
        case .starting: .move([.running])
        case .running, .pausing, .cancelling: .unchanged
        case .queued, .paused, .succeeded, .failed, .cancelled, .expired: .refused
        }
    }

    /// A cancel that was accepted stays accepted, even when the worker was faster.
    private func transitionOnSuccess() -> JobTransition {
        switch state {
        // Nothing was left to train.
        case .starting: .move([.running, .succeeded])
        case .running, .pausing: .move([.succeeded])
        case .cancelling: .move([.cancelled])
        case .queued, .paused, .succeeded, .failed, .cancelled, .expired: .refused
        }
    }

    private func transitionOnFailure() -> JobTransition {
        switch state {
        case .starting, .running, .pausing: .move([.failed])
        case .cancelling: .move([.cancelled])
        case .queued, .paused, .succeeded, .failed, .cancelled, .expired: .refused
        }
    }

    private func transitionOnRelease() -> JobTransition {
        switch state {
        case .starting, .running: .move([.queued])
        case .pausing: .move([.paused])
        case .cancelling: .move([.cancelled])
        case .queued, .paused, .succeeded, .failed, .cancelled, .expired: .refused
        }
    }
}
