package import Logging

/// What a pool needs of its surroundings.
package struct WorkerPoolConfiguration: Sendable {
    /// Threads that train at the same time. A job takes as many as its spec asks for, at most all of them.
    package var workers: Int
    /// What jobs run on: build, CPU features, library versions. A job that goes on elsewhere says so in its events.
    package var environment: [String: String]
    /// How many jobs of one owner run at the same time; nil for no limit.
    package var runningJobsPerOwnerMax: Int?
    /// Bytes of memory that running jobs may plan for, all together.
    package var memoryBytesMax: Int
    package var timers: any PoolTimers
    package var logger: Logger

    package init(
        workers: Int, environment: [String: String], runningJobsPerOwnerMax: Int? = nil, memoryBytesMax: Int = .max,
        timers: any PoolTimers = DispatchTimers(), logger: Logger
    ) {
        self.workers = max(1, workers)
        self.environment = environment
        self.runningJobsPerOwnerMax = runningJobsPerOwnerMax
        self.memoryBytesMax = memoryBytesMax
        self.timers = timers
        self.logger = logger
    }
}
