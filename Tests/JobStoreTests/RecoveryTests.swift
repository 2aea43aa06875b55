import Foundation
import JobStore
import Jobs
import Testing

/// A store that is let go of without being closed is a process that died: what it had not committed is gone, its lock is
/// free, and the next one finds the files as they were.
struct RecoveryTests {
    @Test(
        arguments: [
            (nil, JobState.queued), (.pause, .paused), (.cancel, .cancelled),
        ] as [(JobCommand?, JobState)])
    func aDeathSendsEachJobWhereItsStateSays(command: JobCommand?, end: JobState) throws {
        let bench = Bench()
        let id: Identifier
        do {
            let store = try bench.open()
            id = try store.submit(try store.makeDataset()).id
            let claim = try #require(try store.claimNext())
            _ = try store.beginEpoch(1, under: claim.lease).commitAndWait()
            if let command { _ = try store.command(command, job: id, owner: nil, actor: "local").commitAndWait() }
        }
        let store = try bench.open()
        let job = try store.job(id, owner: nil)
        #expect(job.state == end)
        #expect(job.attempt == (end == .queued ? 2 : 1))
        #expect(job.crashes == (end == .queued ? 1 : 0))
        #expect(try store.events(of: id, owner: nil, after: 0, limit: 100).last?.actor == "server")
    }

    @Test func aJobThatKillsTheProcessThreeTimesFailsAndItsNeighbourDoesNot() throws {
        let bench = Bench()
        var (poison, neighbour): (Identifier?, Identifier?)
        do {
            let store = try bench.open()
            let dataset = try store.makeDataset()
            poison = try store.submit(dataset).id
            neighbour = try store.submit(dataset).id
            // Both run when the process dies for the first time.
            _ = try store.claimNext()
            _ = try store.claimNext(running: 1)
        }
        for _ in 0..<2 {
            let store = try bench.open()
            let claim = try #require(try store.claimNext())
            #expect(claim.job.id == poison)
            #expect(try store.claimNext(running: 1, isolated: true) == nil)
        }
        let store = try bench.open()
        let failed = try store.job(#require(poison), owner: nil)
        #expect(failed.state == .failed && failed.finishReason == .crashed && failed.crashes == 3)
        #expect(try store.job(#require(neighbour), owner: nil).crashes == 1)
        let claim = try #require(try store.claimNext())
        #expect(claim.job.id == neighbour)
        let state = try store.succeed(claim.lease, .completed, model: makeModel(), runningMilliseconds: 1)
            .commitAndWait()
        #expect(state == .succeeded)
    }

    @Test func anEpochBetweenTwoDeathsClearsTheCount() throws {
        let bench = Bench()
        let id: Identifier
        do {
            let store = try bench.open()
            id = try store.submit(try store.makeDataset()).id
            _ = try store.claimNext()
        }
        do {
            let store = try bench.open()
            #expect(try store.job(id, owner: nil).crashes == 1)
            let lease = try #require(try store.claimNext()).lease
            _ = try store.record(makeEpoch(1), checkpoint: nil, keep: 1, runningMilliseconds: 1, under: lease)
                .commitAndWait()
            #expect(try store.job(id, owner: nil).crashes == 0)
        }
        do {
            let store = try bench.open()
            #expect(try store.job(id, owner: nil).crashes == 0)
            _ = try store.claimNext()
        }
        #expect(try bench.open().job(id, owner: nil).crashes == 1)
    }

    @Test func aStopWishSurvivesADeath() throws {
        let bench = Bench()
        let id: Identifier
        do {
            let store = try bench.open()
            id = try store.submit(try store.makeDataset()).id
            let lease = try #require(try store.claimNext()).lease
            _ = try store.beginEpoch(1, under: lease).commitAndWait()
            _ = try store.command(.stop, job: id, owner: nil, actor: "local").commitAndWait()
        }
        let store = try bench.open()
        #expect(try store.job(id, owner: nil).wantsStop)
        // It died once, so it waits for a worker of its own.
        #expect(try store.claimNext(stoppingOnly: true) == nil)
        #expect(try store.claimNext()?.job.wantsStop == true)
    }

    @Test func filesThatNoRowNamesAreSetAsideAtTheNextStartAndDeletedWhenTheirTimeIsOver() throws {
        let bench = Bench()
        var dataset: Identifier?
        do {
            let store = try bench.open()
            dataset = try store.makeDataset()
        }
        let litter = ["datasets/x", "checkpoints/x", "models/x", "incoming/x"].map { bench.folder.path + "/" + $0 }
        for path in litter { #expect(FileManager.default.createFile(atPath: path, contents: Data([1]))) }
        let store = try bench.open()
        for path in litter { #expect(!FileManager.default.fileExists(atPath: path)) }
        let aside = bench.folder.path + "/unclaimed/20231114T221320.000Z"
        for name in ["datasets/x", "checkpoints/x", "models/x", "incoming/x"] {
            #expect(try Data(contentsOf: URL(filePath: "\(aside)/\(name)")) == Data([1]), "\(name)")
        }
        let theirs = bench.folder.path + "/unclaimed/not a time"
        #expect(FileManager.default.createFile(atPath: theirs, contents: Data([1])))
        bench.clock.advance(seconds: 30 * 86_400 - 1)
        #expect(try store.unclaimed(Retention()) == [] && store.removeUnclaimed(Retention()) == 0)
        bench.clock.advance(seconds: 1)
        #expect(try store.unclaimed(Retention()) == ["20231114T221320.000Z"])
        #expect(try store.removeUnclaimed(Retention()) == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.path + "/unclaimed") == ["not a time"])
        #expect(FileManager.default.fileExists(atPath: store.datasetPath(try #require(dataset))))
    }

    @Test func whatIsSetAsideAtTheSameTimeReplacesNothing() throws {
        let bench = Bench()
        try bench.open().close()
        for byte in [UInt8(1), 2] {
            #expect(
                FileManager.default.createFile(
                    atPath: bench.folder.path + "/models/x", contents: Data([byte])))
            try bench.open().close()
        }
        let aside = bench.folder.path + "/unclaimed/20231114T221320.000Z"
        #expect(try Data(contentsOf: URL(filePath: aside + "/models/x")) == Data([1]))
        #expect(try Data(contentsOf: URL(filePath: aside + "-2/models/x")) == Data([2]))
    }

    @Test func whatWasAcknowledgedSurvivesADeathAtAnyMoment() throws {
        let bench = Bench()
        var ids: [Identifier] = []
        var dataset: Identifier?
        for round in 0..<5 {
            let store = try bench.open()
            if dataset == nil { dataset = try store.makeDataset() }
            for _ in 0...round { ids.append(try store.submit(#require(dataset)).id) }
        }
        let store = try bench.open()
        #expect(try store.jobs(JobFilter(owner: nil), PageRequest()).items.map(\.id) == ids.reversed())
        #expect(try store.searchForDamage() == [])
    }
}
