import JobStore
import Jobs
import Logging

extension WorkerPool {
    /// Runs a claimed job to the end of its attempt, on the calling thread.
    func execute(_ run: Run) {
        do {
            try conclude(run, with: outcome(of: run))
        } catch .fencedOut {
            configuration.logger.info("\(run.lease.job): the attempt was over before the worker noticed")
        } catch {
            // The row still says that a worker has the job; the next start gives it back to the queue.
            configuration.logger.error("\(run.lease.job): how the attempt ended could not be recorded: \(error)")
        }
        store.endLive(run.lease)
    }

    private func outcome(of run: Run) throws(StoreError) -> TrainingOutcome {
        guard mayHold(run) else {
            return .failed(
                .error,
                JobFailure(
                    code: .outOfMemory,
                    detail: "The job needs \(run.memoryBytes) bytes of memory; "
                        + "the jobs of this server may take \(configuration.memoryBytesMax) bytes together now."))
        }
        do {
            let assignment = try run.assignment(from: store)
            return try run.reading(orFailingAs: .datasetInvalid) { _ in try train(assignment, run) }
        } catch let interruption as Run.Interruption {
            return interruption.outcome
        } catch StoreError.outOfMemory(let error) {
            return .failed(.error, JobFailure(code: .outOfMemory, detail: "\(error)"))
        } catch let failure as JobFailure {
            return .failed(.error, failure)
        } catch let error as StoreError where error == .fencedOut || error.isDiskTrouble || error == .closed {
            throw error
        } catch {
            configuration.logger.error("\(run.lease.job): \(error)")
            return .failed(.error, JobFailure(code: .internal, detail: "The trainer failed: \(error)"))
        }
    }

    private func conclude(_ run: Run, with outcome: TrainingOutcome) throws(StoreError) {
        let (lease, milliseconds) = (run.lease, run.runningMilliseconds)
        switch outcome {
        case .succeeded(let reason, let model):
            let reason = reason == .stopped && run.endedByClock ? .maxRuntime : reason
            try end(run) { () throws(StoreError) in
                try store.succeed(lease, reason, model: model, runningMilliseconds: milliseconds)
            }
        case .yielded:
            try end(run) { store.release(lease, runningMilliseconds: milliseconds) }
        case .cancelled:
            try end(run) { store.cancelled(lease, runningMilliseconds: milliseconds) }
        case .failed(let reason, let failure):
            try end(run) { store.fail(lease, reason, failure, runningMilliseconds: milliseconds) }
        }
    }

    private func end<Value>(_ run: Run, _ last: () throws(StoreError) -> Write<Value>) throws(StoreError) {
        _ = try run.durably { () throws(StoreError) in try last().commitAndWait { isEnding(run) } }
    }
}
