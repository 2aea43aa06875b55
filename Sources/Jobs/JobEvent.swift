/// One entry of a job's history. Never changed once written.
package struct JobEvent: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The job moved from one state to another.
        case state
        /// An epoch was recorded.
        case epoch
        /// A checkpoint was recorded.
        case checkpoint
        /// A checkpoint was found torn or altered and is no longer used.
        case checkpointDiscarded = "checkpoint_discarded"
        /// An epoch that was trained again after a crash showed other losses than the first time.
        case resumeMismatch = "resume_mismatch"
        /// The job goes on with other CPU features, another build, other libraries or other threads than before.
        case resumedOnDifferentHardware = "resumed_on_different_hardware"
        case stopRequested = "stop_requested"
        case weightingChanged = "weighting_changed"
        /// Name, labels, priority or deadline changed.
        case edited
    }

    /// Grows over all jobs, without regard to gaps.
    package var number: Int
    package var job: Identifier
    /// Counts from 1 within the job.
    package var seq: Int
    package var kind: Kind
    package var from: JobState?
    package var to: JobState?
    /// Who caused it: the owner's name, `worker`, or `server`.
    package var actor: String
    package var at: Timestamp
    /// A JSON object, or nil.
    package var detail: String?

    package init(
        number: Int, job: Identifier, seq: Int, kind: Kind, from: JobState?, to: JobState?, actor: String,
        at: Timestamp, detail: String?
    ) {
        self.number = number
        self.job = job
        self.seq = seq
        self.kind = kind
        self.from = from
        self.to = to
        self.actor = actor
        self.at = at
        self.detail = detail
    }
}
