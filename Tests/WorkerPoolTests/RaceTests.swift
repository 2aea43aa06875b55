import Dispatch
import Foundation
import JobStore
import Jobs
import Locks
import Testing
import WorkerPool

/// Sixteen clients order running jobs about, all at once. Meant to run under the thread sanitizer too.
///
/// `TENBIN_RACE_SECONDS` asks for more than the everyday run.
struct RaceTests {
    private static let seconds =
        ProcessInfo.processInfo.environment["TENBIN_RACE_SECONDS"].flatMap { Double($0) } ?? 1
    private static let clients = 16
    private static let epochs = 5
    /// Few enough that each is ordered about many times.
    private static let jobsMax = 300

    /// Trains from where the checkpoint says, and looks for a wish between two batches.
    @Sendable private static func trainObediently(
        _ assignment: TrainingAssignment, _ context: any TrainingContext
    ) throws -> TrainingOutcome {
        _ = try context.begin(epoch: 1)
        var epoch = Int(assignment.checkpoint?[2] ?? 0)
        while epoch < epochs {
            for batch in 1...20 {
                sched_yield()
                switch context.wish {
                case .goOn: break
                case .cancel: return .cancelled
                case .stop: return .succeeded(.stopped, makeModel(epoch: max(1, epoch)))
                case .pause:
                    try context.save(makeCheckpoint(.interim, epoch: epoch, batch: batch))
                    return .yielded
                }
                context.report(
                    TrainingProgress(
                        epoch: epoch + 1, epochs: epochs, batch: batch, batches: 20, samplesPerSecond: 100))
            }
            epoch += 1
            try context.report(
                makeEpoch(epoch, attempt: assignment.attempt), checkpoint: makeCheckpoint(epoch: epoch))
        }
        return .succeeded(.completed, makeModel(epoch: epoch))
    }

    /// One client: submits, commands and deletes what it finds, until time is up.
    private static func disturb(_ store: Store, dataset: Identifier, jobs: Lock<[Identifier]>) throws {
        var generator = SystemRandomNumberGenerator()
        let end = DispatchTime.now() + seconds
        while DispatchTime.now() < end {
            let (job, count) = jobs.withLock { ($0.randomElement(using: &generator), $0.count) }
            let choice = Int.random(in: 0..<12, using: &generator)
            guard let job, choice > 1 || count >= jobsMax else {
                let id = try store.submit("race", on: dataset)
                jobs.withLock { $0.append(id) }
                continue
            }
            do {
                if choice == 2 {
                    try store.deleteJob(job, owner: nil).commitAndWait()
                    // So that others are submitted in its place.
                    jobs.withLock { jobs in jobs.removeAll { $0 == job } }
                } else if let command = JobCommand.allCases.randomElement(using: &generator) {
                    // Most jobs should live long enough for something to happen to them.
                    let isFinal = command == .cancel || command == .forceCancel
                    try store.send(isFinal && choice < 9 ? .resume : command, to: job)
                }
                _ = try store.job(job, owner: nil)
            } catch StoreError.notFound, StoreError.invalidTransition, StoreError.notDeletable {
                continue
            }
        }
    }

    @Test func whateverClientsDoAtOnceEachJobsHistoryIsAPathOfTheTransitionFunction() throws {
        let shop = Workshop()
        let store = try shop.openStore()
        shop.trainer.on("race") { try Self.trainObediently($0, $1) }
        let pool = shop.makePool(store, workers: 4)
        pool.start()
        let dataset = try store.makeDataset()
        let jobs = Lock<[Identifier]>([])
        let failures = Lock<[String]>([])
        let clients = DispatchGroup()
        for _ in 0..<Self.clients {
            clients.enter()
            // Threads, not Dispatch: that would run only as many clients at once as there are cores.
            Thread.detachNewThread {
                defer { clients.leave() }
                do {
                    try Self.disturb(store, dataset: dataset, jobs: jobs)
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        clients.wait()
        #expect(failures.withLock { $0 } == [])
        #expect(pool.drain(seconds: 20))
        var ends: [JobState: Int] = [:]
        for id in jobs.withLock({ $0 }) {
            guard let job = try? store.job(id, owner: nil) else { continue }
            ends[job.state, default: 0] += 1
            try expectConsistent(job, in: store)
        }
        // How they ended depends on the machine's speed; that there were any does not.
        #expect(!ends.isEmpty)
        #expect(try store.searchForDamage() == [])
        let kept = try store.jobs(JobFilter(owner: nil), PageRequest(size: 500))
        #expect(kept.items.allSatisfy { !$0.state.isActive }, "a worker still holds a job after draining")
    }

    private func expectConsistent(_ job: Job, in store: Store) throws {
        var state: JobState?
        var seq = 0
        for event in try store.events(of: job.id, owner: nil, after: 0, limit: 100_000) {
            seq += 1
            #expect(event.seq == seq)
            guard event.kind == .state, let to = event.to else { continue }
            #expect(event.from == state, "\(job.id)")
            if let from = event.from {
                #expect(JobState.diagram.contains("    \(from.rawValue) --> \(to.rawValue):"), "\(from) > \(to)")
            }
            state = to
        }
        #expect(state == job.state)
        let epochs = try store.epochs(of: job.id, owner: nil, since: 0, limit: 100).map(\.epoch)
        #expect(epochs == Array(1..<(epochs.count + 1)))
        #expect((job.model != nil) == (job.state == .succeeded))
    }
}
