import Foundation
import Jobs
import Testing

@testable import tenbin

/// What the last server says, held against what was promised.
struct Verdict {
    let harness: KillHarness
    let client: APIClient

    /// Everything acknowledged is there once, whole, and ended with the expected weights.
    func expectNothingLost(_ expected: [String], tornCheckpoints: Bool = false) throws {
        let listed = try client.all("/v1/jobs").map(\.identifier)
        #expect(listed.count == Set(listed).count)
        #expect(Set(listed) == Set(harness.acknowledged.values), "jobs are lost, or there twice")
        #expect(harness.acknowledged.count == listed.count)
        let interrupted = try harness.acknowledged.map { number, id in
            try expectWhole(id, weights: expected[number % expected.count], tornCheckpoints: tornCheckpoints)
        }
        #expect(!harness.mustInterrupt || interrupted.contains { $0 > 1 }, "no job was ever interrupted")
        #expect(try Set(client.all("/v1/datasets").map(\.identifier)) == Set(harness.datasets.values))
    }

    /// Returns the attempts that the job took.
    private func expectWhole(_ id: String, weights: String, tornCheckpoints: Bool) throws -> Int {
        let job = try client.get("/v1/jobs/\(id)")
        #expect(job["state"]?.text == "succeeded" && job["finish_reason"]?.text == "completed", "\(id)")
        #expect(job["weights_sha256"]?.text == weights, "\(id) ended with other weights")
        let epochs = try client.all("/v1/jobs/\(id)/epochs").compactMap { $0["epoch"]?.int }
        #expect(epochs == Array(1...Workload.epochs), "\(id)")
        let events = try client.all("/v1/jobs/\(id)/events")
        #expect(events.compactMap { $0["seq"]?.int } == Array(1...max(1, events.count)), "\(id)")
        let kinds = Set(events.compactMap { $0["type"]?.text })
        #expect(!kinds.contains("resume_mismatch") && !kinds.contains("resumed_on_different_hardware"), "\(id)")
        #expect(tornCheckpoints || !kinds.contains("checkpoint_discarded"), "\(id)")
        #expect(events.count { $0["type"]?.text == "epoch" } == Workload.epochs, "\(id)")
        expectPath(events.filter { $0["type"]?.text == "state" }, of: id)
        return job["attempt"]?.int ?? 0
    }

    /// The states that the events tell of form a path of the transition function.
    private func expectPath(_ moves: [JSONValue], of id: String) {
        var state: String?
        for move in moves {
            let (from, to) = (move["from"]?.text, move["to"]?.text ?? "")
            #expect(from == state, "\(id)")
            if let from {
                #expect(JobState.diagram.contains("    \(from) --> \(to):"), "\(id): \(from) > \(to)")
            } else {
                #expect(to == "queued", "\(id)")
            }
            state = to
        }
        #expect(state == "succeeded", "\(id)")
    }
}
