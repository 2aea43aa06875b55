import Dispatch
import Foundation
import GRDB
import Jobs
import Locks
import MetricsTestKit
import Testing

@testable import JobStore

struct WriterTests {
    /// Holds the writer's queue until the result is signalled, so that requests gather in line.
    private func hold(_ store: Store) -> DispatchSemaphore {
        let (held, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        store.write { _ in
            held.signal()
            release.wait()
        }.commit { _ in }
        held.wait()
        return release
    }

    @Test func requestsThatWaitTogetherShareACommitAndAreAnsweredInOrder() throws {
        let bench = Bench()
        let store = try bench.open()
        let commits = try bench.metrics.expectTimer("tenbin_store_commit_duration_seconds")
        let release = hold(store)
        let (commitsBefore, writesBefore) = (
            commits.values.count, bench.metrics.counterTotal(label: "tenbin_store_writes")
        )
        let answered = Lock<[Int]>([])
        let done = DispatchSemaphore(value: 0)
        for number in 0..<100 {
            store.write { _ in number }.commit { result in
                answered.withLock { $0.append((try? result.get()) ?? -1) }
                if number == 99 { done.signal() }
            }
        }
        release.signal()
        #expect(done.wait(timeout: .now() + 20) == .success)
        #expect(answered.withLock { $0 } == Array(0..<100))
        #expect(commits.values.count - commitsBefore == 2)
        #expect(bench.metrics.counterTotal(label: "tenbin_store_writes") - writesBefore == 101)
    }

    @Test func aRequestThatFailsUndoesItselfAlone() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let jobs = try (0..<5).map { _ in
            NewJob(id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(dataset))
        }
        let release = hold(store)
        let results = Lock<[Int: Bool]>([:])
        let done = DispatchSemaphore(value: 0)
        for (index, job) in (jobs + [jobs[1]]).enumerated() {
            store.insert(job).commit { result in
                results.withLock { results in
                    if case .success = result { results[index] = true } else { results[index] = false }
                }
                if index == 5 { done.signal() }
            }
        }
        let gone = DispatchSemaphore(value: 0)
        store.deleteJob(store.makeIdentifier(.job), owner: nil).commit { result in
            if case .failure(.notFound) = result { gone.signal() }
        }
        release.signal()
        #expect(done.wait(timeout: .now() + 20) == .success)
        #expect(gone.wait(timeout: .now() + 20) == .success)
        // The sixth has the second one's identifier.
        #expect(results.withLock { $0 } == [0: true, 1: true, 2: true, 3: true, 4: true, 5: false])
        #expect(try store.jobs(JobFilter(owner: nil), PageRequest()).items.count == 5)
        #expect(store.disk.isWell)
    }

    @Test func aRequestThatFailsHalfwayUndoesItselfAloneAndTheOthersHappenOnce() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let jobs = try (0..<3).map { _ in
            NewJob(id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(dataset))
        }
        let release = hold(store)
        let (effects, outcomes) = (Lock<[Int]>([]), Lock<[String]>([]))
        let done = DispatchSemaphore(value: 0)
        for (index, job) in jobs.enumerated() {
            store.write { transaction in
                let row = try Store.accept(job, JobTexts(job.spec), in: transaction)
                transaction.afterCommit { effects.withLock { $0.append(index) } }
                if index == 1 { throw StoreError.notFound }
                return row.number
            }.commit { result in
                outcomes.withLock { list in
                    switch result {
                    case .success: list.append("made \(index)")
                    case .failure(let error): list.append("\(index) \(error)")
                    }
                }
                done.signal()
            }
        }
        release.signal()
        for _ in jobs { #expect(done.wait(timeout: .now() + 20) == .success) }
        #expect(outcomes.withLock { $0 } == ["made 0", "1 \(StoreError.notFound)", "made 2"])
        #expect(effects.withLock { $0 } == [0, 2])
        let kept = try store.jobs(JobFilter(owner: nil), PageRequest()).items.map(\.id)
        #expect(Set(kept) == [jobs[0].id, jobs[2].id])
        for job in [jobs[0], jobs[2]] { #expect(try store.moves(of: job.id) == [" > queued"]) }
    }

    @Test func aChangeAndItsEntryInTheAuditLogAreMadeTogetherOrNeither() throws {
        let store = try Bench().open()
        let new = NewJob(
            id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(store.makeDataset()))
        @Sendable func entry(_ id: String) -> AuditEntry {
            AuditEntry(
                at: Timestamp(milliseconds: 0), actor: "ann", key: nil, action: "POST /v1/jobs", target: "/v1/jobs",
                status: 202, peer: "127.0.0.1", requestID: id)
        }
        func logged() throws -> [String] { try store.auditLog(PageRequest()).items.map(\.requestID) }
        _ = try store.insert(new).auditing { _ in entry("made") }.commitAndWait()
        #expect(throws: StoreError.self) { try store.insert(new).auditing { _ in entry("twice") }.commitAndWait() }
        _ = try store.write { _ in }.auditing { nil }.commitAndWait()
        #expect(try logged() == ["made"])
        try store.writer.exclusively {
            try $0.execute(
                sql: "CREATE TEMP TRIGGER t BEFORE INSERT ON audit_log BEGIN SELECT raise(ABORT, 'no entry'); END")
        }
        #expect(throws: StoreError.self) {
            try store.deleteJob(new.id, owner: nil).auditing { entry("gone") }.commitAndWait()
        }
        #expect(try store.job(new.id, owner: nil).id == new.id)
        #expect(try logged() == ["made"])
    }

    @Test func anAnswerComesOnlyWhenTheChangeCanBeRead() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let new = NewJob(id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(dataset))
        let seen = Lock(false)
        let done = DispatchSemaphore(value: 0)
        store.insert(new).commit { _ in
            let job = try? store.job(new.id, owner: nil)
            seen.withLock { $0 = job != nil }
            done.signal()
        }
        #expect(done.wait(timeout: .now() + 20) == .success)
        #expect(seen.withLock { $0 })
    }

    @Test func aFullDiskFailsTheRequestAloneWithTheTransactionAndLeavesNothingBehind() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        // A page limit is what SQLite reports as a full disk; a reopened connection does not have it.
        try store.writer.exclusively { database in
            try database.execute(sql: "PRAGMA max_page_count = 1; CREATE TEMP TABLE old (x)")
        }
        let large = String(repeating: "x", count: 190)
        var failure: StoreError?
        for _ in 0..<200 {
            do { try store.submit(dataset, [.init("name", .string(large))]) } catch let error as StoreError {
                failure = error
                break
            }
        }
        guard case .diskFull = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(!store.disk.isWell)
        // Reads go on.
        let count = try store.jobs(JobFilter(owner: nil), PageRequest(size: 500)).items.count
        try store.probeDisk()
        #expect(store.disk.isWell)
        let leftover = try store.writer.exclusively { try $0.tableExists("old") }
        #expect(!leftover, "the connection that failed was used again")
        try store.submit(dataset, [.init("name", .string(large))])
        #expect(try store.jobs(JobFilter(owner: nil), PageRequest(size: 500)).items.count == count + 1)
        #expect(try store.searchForDamage() == [])
    }

    @Test func tooManyWaitingRequestsAreRefusedAtOnce() throws {
        var bench = Bench()
        bench.limits.writesPendingMax = 3
        let store = try bench.open()
        let release = hold(store)
        let outcomes = Lock<[String]>([])
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<5 {
            store.write { _ in }.commit { result in
                outcomes.withLock { list in
                    if case .failure(let error) = result { list.append("\(error)") } else { list.append("done") }
                }
                done.signal()
            }
        }
        release.signal()
        for _ in 0..<5 { #expect(done.wait(timeout: .now() + 20) == .success) }
        let overloaded = StoreError.overloaded.description
        #expect(outcomes.withLock { $0 } == [overloaded, overloaded, "done", "done", "done"])
    }

    @Test func theWriteAheadLogIsCopiedAndStartsOver() throws {
        var bench = Bench()
        bench.limits.walBytesBeforeCheckpoint = 100_000
        let store = try bench.open()
        let dataset = try store.makeDataset()
        for _ in 0..<200 { try store.submit(dataset) }
        let walBytes = try #require(bench.metrics.expectMeter("tenbin_store_wal_bytes").lastValue)
        #expect(walBytes > 0 && walBytes < 300_000)
    }

    @Test(arguments: [true, false])
    func noMoreIsAddedThanFitsHoweverManyAskAtOnce(ofOneOwner: Bool) throws {
        var bench = Bench()
        bench.limits.queuedJobsMax = 3
        if ofOneOwner {
            bench.limits.queuedJobsMax = 100
            bench.limits.queuedJobsPerOwnerMax = 3
        }
        let store = try bench.open()
        let dataset = try store.makeDataset()
        try store.submit(dataset)
        let release = hold(store)
        let outcomes = Lock<[StoreError?]>([])
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<6 {
            let new = NewJob(id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(dataset))
            store.insert(new).commit { result in
                outcomes.withLock { list in
                    if case .failure(let error) = result { list.append(error) } else { list.append(nil) }
                }
                done.signal()
            }
        }
        release.signal()
        for _ in 0..<6 { #expect(done.wait(timeout: .now() + 20) == .success) }
        let refusal: StoreError =
            ofOneOwner
            ? .tooManyQueuedJobs(owner: "local", queued: 3, adding: 1, jobsMax: 3) : .queueFull(jobsMax: 3)
        #expect(outcomes.withLock { $0 } == [nil, nil, refusal, refusal, refusal, refusal])
        #expect(try store.jobs(JobFilter(owner: nil, state: .queued), PageRequest()).items.count == 3)
    }

    @Test func aClaimGetsTheThreadsOfAnAttemptOnlyOnceItsEndIsWritten() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        for _ in 0..<2 { try store.submit(dataset) }
        let first = try #require(try store.claimNext())
        let offer = ClaimOffer(
            freeThreads: 1, ending: [first.lease: 1], threadsMax: 1, runningJobs: 1,
            runsIsolatedJob: false)
        guard case .blocked(.workers) = try store.claim(offer).commitAndWait() else {
            Issue.record("the threads of a job that runs were taken")
            return
        }
        // The end and the claim behind it share a transaction.
        let release = hold(store)
        let (ended, claimed) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        store.release(first.lease, runningMilliseconds: 1).commit { _ in ended.signal() }
        let result = Lock<ClaimResult?>(nil)
        store.claim(offer).commit { outcome in
            result.withLock { $0 = try? outcome.get() }
            claimed.signal()
        }
        release.signal()
        for done in [ended, claimed] { #expect(done.wait(timeout: .now() + 20) == .success) }
        guard case .claimed(let second, threads: 1) = result.withLock({ $0 }) else {
            Issue.record("the end of the first job freed nothing")
            return
        }
        #expect(second.lease != first.lease)
    }

    @Test func manyWorkersNeverClaimAJobTwice() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let submitted = try (0..<60).map { _ in try store.submit(dataset).id }
        let claimed = Lock<[Identifier]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            while let claim = try? store.claimNext() { claimed.withLock { $0.append(claim.job.id) } }
        }
        let all = claimed.withLock { $0 }
        #expect(all.count == 60 && Set(all) == Set(submitted))
    }
}
