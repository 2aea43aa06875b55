import Foundation
import Jobs
import Locks
import Testing

@testable import JobStore

struct JobsTests {
    @Test func aSubmittedJobIsThereWithEverythingThatWasAskedFor() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let job = try store.submit(
            dataset,
            [
                .init("name", .string("digits")), .init("priority", .integer(3)),
                .init("labels", .object([.init("team", .string("qa"))])),
            ])
        var read = try store.job(job.id, owner: "local")
        read.tick = job.tick
        #expect(read == job)
        #expect(read.state == .queued && read.attempt == 1 && read.queuePosition == 1 && read.name == "digits")
        #expect(read.priority == 3 && read.labels == ["team": "qa"] && read.dataset == dataset)
        #expect(try JSONValue(parsing: Array(read.spec.utf8))["epochs"]?.int == read.progress.epochs)
    }

    @Test(
        arguments: [
            [],
            [
                .init("deadline", .string("2030-01-31T10:05:00.250Z")), .init("max_runtime_seconds", .integer(7)),
                .init("max_attempts", .integer(9)), .init("threads", .integer(2)), .init("priority", .integer(-100)),
                .init("epochs", .integer(12)),
            ],
            [
                .init("labels", .object([.init("a", .string("1")), .init("b", .string("2"))])),
                .init("priority", .integer(100)),
            ],
        ] as [[JSONValue.Member]])
    func whatIsToldOfAnAcceptedJobIsTheRowThatWasWritten(members: [JSONValue.Member]) throws {
        let bench = Bench()
        let store = try bench.open()
        var new = NewJob(
            id: store.makeIdentifier(.job), owner: "ann", spec: try store.makeSpec(store.makeDataset(), members))
        new.memoryBytes = 1_000_000
        // A clock that went back does not put the job before those that came earlier.
        try store.submit(new.spec.dataset)
        let earlier = Timestamp(milliseconds: bench.clock.now.milliseconds - 5_000)
        let (accepted, written) = try store.writer.exclusively { database in
            let row = try Store.accept(new, JobTexts(new.spec), in: Transaction(database: database, now: earlier))
            return (row, try Store.requireRow(row.number, in: database))
        }
        #expect(accepted == written)
        #expect(written.job.createdAt == bench.clock.now)
        let spec = new.spec
        #expect(written.threads == spec.threads && written.maxAttempts == spec.maxAttempts)
        #expect(written.maxRuntimeMilliseconds == spec.maxRuntimeSeconds.map { $0 * 1_000 })
        #expect(written.job.deadline == spec.deadline && written.job.priority == spec.priority)
        #expect(written.job.labels == spec.labels && written.job.progress.epochs == spec.epochs)
        #expect(written.job.owner == "ann" && written.job.memoryBytes == 1_000_000 && written.job.attempt == 1)
    }

    @Test func aJobOfAnotherOwnerIsNotFound() throws {
        let store = try Bench().open()
        let job = try store.submit(try store.makeDataset(), owner: "alice")
        #expect(throws: StoreError.notFound) { try store.job(job.id, owner: "bob") }
        #expect(throws: StoreError.notFound) {
            try store.command(.cancel, job: job.id, owner: "bob", actor: "bob").commitAndWait()
        }
        #expect(try store.job(job.id, owner: nil).owner == "alice")
    }

    @Test func aJobOnADataSetThatIsGoneIsRefused() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        try store.deleteDataset(dataset, owner: "local").commitAndWait()
        #expect(throws: StoreError.notFound) { try store.submit(dataset) }
    }

    @Test func theQueueHasALimit() throws {
        var bench = Bench()
        bench.limits.queuedJobsMax = 2
        let store = try bench.open()
        let dataset = try store.makeDataset()
        try store.submit(dataset)
        let second = try store.submit(dataset)
        #expect(throws: StoreError.queueFull(jobsMax: 2)) { try store.submit(dataset) }
        _ = try store.command(.cancel, job: second.id, owner: nil, actor: "local").commitAndWait()
        try store.submit(dataset)
    }

    @Test func pagesShowEveryJobOnceWhateverIsInsertedMeanwhile() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let ids = try (0..<7).map { _ in try store.submit(dataset).id }
        var seen: [Identifier] = []
        var token: String?
        repeat {
            let page = try store.jobs(JobFilter(owner: "local"), PageRequest(size: 3, token: token))
            seen += page.items.map(\.id)
            token = page.nextToken
            try store.submit(dataset)
        } while token != nil
        #expect(seen == ids.reversed())
    }

    @Test func aTokenOfAnotherListIsRefused() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        for _ in 0..<3 { try store.submit(dataset) }
        let token = try #require(try store.jobs(JobFilter(owner: "local"), PageRequest(size: 1)).nextToken)
        for bad in [token + "0", "x", "", "-", "zz-00", "-5-" + token] {
            #expect(throws: StoreError.badPageToken, "\(bad)") {
                try store.jobs(JobFilter(owner: "local"), PageRequest(token: bad))
            }
        }
        #expect(throws: StoreError.badPageToken) {
            try store.jobs(JobFilter(owner: "local", state: .queued), PageRequest(token: token))
        }
    }

    @Test func filtersNarrowTheList() throws {
        let bench = Bench()
        let store = try bench.open()
        let (first, second) = (try store.makeDataset(), try store.makeDataset())
        let early = try store.submit(first, [.init("labels", .object([.init("team", .string("qa"))]))])
        bench.clock.advance(seconds: 60)
        let late = try store.submit(second)
        _ = try store.command(.pause, job: late.id, owner: nil, actor: "local").commitAndWait()
        func list(_ filter: JobFilter) throws -> [Identifier] {
            try store.jobs(filter, PageRequest()).items.map(\.id)
        }
        #expect(try list(JobFilter(owner: "local")) == [late.id, early.id])
        #expect(try list(JobFilter(owner: "local", state: .paused)) == [late.id])
        #expect(try list(JobFilter(owner: nil, label: .init(key: "team", value: "qa"))) == [early.id])
        #expect(try list(JobFilter(owner: "local", dataset: second)) == [late.id])
        #expect(try list(JobFilter(owner: "local", createdFrom: late.createdAt)) == [late.id])
        #expect(try list(JobFilter(owner: "local", createdBefore: late.createdAt)) == [early.id])
        #expect(try list(JobFilter(owner: "local", createdBefore: early.createdAt)) == [])
        #expect(try list(JobFilter(owner: "nobody")) == [])
    }

    @Test func anEditIsSeenInJobAndSpecAndOnlyUnderTheRightRevision() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let (first, second) = (try store.submit(dataset), try store.submit(dataset))
        let patch = JobPatch(name: "new", labels: ["a": "b"], priority: 5)
        let result = try store.patch(
            patch, job: second.id, owner: "local", actor: "local", ifRevision: second.revision
        ).commitAndWait().job
        #expect(result.name == "new" && result.labels == ["a": "b"] && result.priority == 5)
        #expect(result.queuePosition == 1 && result.revision > second.revision)
        #expect(try JSONValue(parsing: Array(result.spec.utf8))["priority"]?.int == 5)
        #expect(try store.job(first.id, owner: "local").queuePosition == 2)
        #expect(throws: StoreError.revisionMismatch(current: result.revision)) {
            try store.patch(patch, job: second.id, owner: "local", actor: "local", ifRevision: second.revision)
                .commitAndWait()
        }
    }

    @Test func aJobIsDeletedOnlyWhenNothingCanHappenToIt() throws {
        let store = try Bench().open()
        let dataset = try store.makeDataset()
        let job = try store.submit(dataset)
        #expect(throws: StoreError.notDeletable(state: .queued)) {
            try store.deleteJob(job.id, owner: "local").commitAndWait()
        }
        #expect(throws: StoreError.inUse(by: [job.id])) {
            try store.deleteDataset(dataset, owner: "local").commitAndWait()
        }
        _ = try store.command(.cancel, job: job.id, owner: "local", actor: "local").commitAndWait()
        try store.deleteJob(job.id, owner: "local").commitAndWait()
        #expect(throws: StoreError.notFound) { try store.job(job.id, owner: "local") }
        try store.deleteDataset(dataset, owner: "local").commitAndWait()
        #expect(!FileManager.default.fileExists(atPath: store.datasetPath(dataset)))
    }

    @Test func anImpossibleCommandTellsWhatIsPossible() throws {
        let store = try Bench().open()
        let job = try store.submit(try store.makeDataset())
        #expect(throws: StoreError.invalidTransition(from: .queued, allowed: [.cancel, .forceCancel, .pause, .resume]))
        {
            try store.command(.stop, job: job.id, owner: "local", actor: "local").commitAndWait()
        }
        #expect(try store.events(of: job.id, owner: "local", after: 0, limit: 10).count == 1)
    }

    @Test func aRepeatedSubmissionUnderAKeyGivesBackTheFirstAnswerEvenAfterARestart() throws {
        let bench = Bench()
        var store: Store? = try bench.open()
        let dataset = try #require(store).makeDataset()
        func send(_ store: Store, fingerprint: String) throws -> Outcome<Job> {
            let remembered = Remembered<Job>(
                request: IdempotencyRequest(
                    owner: "local", method: "POST", target: "/v1/jobs", key: "k", fingerprint: fingerprint),
                respond: { StoredResponse(status: 202, headers: ["location": $0.id.description], body: [1, 2]) })
            let new = NewJob(id: store.makeIdentifier(.job), owner: "local", spec: try store.makeSpec(dataset))
            return try store.insert(new, remembering: remembered).commitAndWait()
        }
        guard case .created(let job, let response?) = try send(try #require(store), fingerprint: "a") else {
            Issue.record("the first submission made nothing")
            return
        }
        store = nil
        let reopened = try bench.open()
        guard case .replayed(let again) = try send(reopened, fingerprint: "a") else {
            Issue.record("the second submission made something")
            return
        }
        #expect(again == response && again.headers["location"] == job.id.description)
        #expect(try reopened.jobs(JobFilter(owner: nil), PageRequest()).items.count == 1)
        #expect(throws: StoreError.idempotencyKeyReused) { try send(reopened, fingerprint: "b") }
        bench.clock.advance(seconds: 24 * 3_600)
        #expect(try send(reopened, fingerprint: "b").created != nil)
    }
}
