package import Jobs

// What a pool tells of its jobs without writing it down.

extension Store {
    /// The number of the last change of a job, as it is shown, that is not written down.
    package func tick(of job: Job) -> Int { live.tick(of: job) }

    /// Where a run stands.
    package func report(_ progress: TrainingProgress, under lease: Lease) {
        if live.report(progress, of: lease.job, attempt: lease.attempt, at: now) {
            changes.notify(.progress(lease.job))
        }
    }

    /// The job is held in memory because the disk takes no writes, or goes on.
    package func setHeld(_ isHeld: Bool, under lease: Lease) {
        if live.setHeld(isHeld, job: lease.job, attempt: lease.attempt) { changes.notify(.progress(lease.job)) }
    }

    /// Why the first of the queue waits.
    package func setWaitingReason(_ reason: WaitingReason) {
        if live.setWaitingReason(reason) { changes.notify(.waiting) }
    }

    /// The worker has the job no longer, whatever its row says.
    package func endLive(_ lease: Lease) {
        live.end(lease.job, attempt: lease.attempt)
    }
}
