import Foundation
import HTTPClient
import Jobs

/// Where a followed job is shown.
protocol WatchOutput: AnyObject {
    /// The job's state, or why it waits, has changed; also the first of all.
    func state(_ job: JSONValue) throws
    /// One epoch, in order. `secondsLeft` is what the server expects the rest to take.
    func epoch(_ epoch: JSONValue, secondsLeft: Double?) throws
    func progress(_ progress: JSONValue)
    func end(_ job: JSONValue) throws
}

/// Follows a job through the API to its end: its events say when to ask, what is asked for is shown.
final class JobFollower {
    private let api: APIClient
    private let patience: Patience
    private var lastShown: [JSONValue?] = []
    private var lastEpoch = 0
    private var lastEventID: String?
    private var secondsLeft: Double?
    /// When the server was asked last.
    private var lastRound = 0

    /// Epochs may be shorter than this; the server is not asked for each of them then.
    private static let roundNanosecondsMin = 100_000_000
    private static let reopenSeconds = 0.25
    static let finalStates: Set = ["succeeded", "failed", "cancelled", "expired"]

    init(api: APIClient, patience: Patience) {
        self.api = api
        self.patience = patience
    }

    /// Returns the job when it is over, however it ended.
    ///
    /// - Throws: what the server refuses for good, or what lasts longer than the patience.
    func follow(_ id: String, showing output: any WatchOutput) throws -> JSONValue {
        let path = "/v1/jobs/\(id.escapedForPath)"
        while true {
            // In this order: what is recorded before a job is over is in the page that is asked for afterwards.
            let job = try showState(path, output)
            try showEpochs(path, output)
            if Self.finalStates.contains(job["state"]?.text ?? "") {
                try output.end(job)
                return job
            }
            let began = Deadline(seconds: Self.reopenSeconds)
            try listen(path, output)
            // A stream that ends at once is not opened again at once.
            if let left = began.secondsLeft, left > 0 { usleep(UInt32(left * 1_000_000)) }
        }
    }

    private func showState(_ path: String, _ output: any WatchOutput) throws -> JSONValue {
        let job = try patience.insist { try api.get(path) }
        let shown = ["state", "attempt", "waiting_reason"].map { job[$0] }
        if shown != lastShown { try output.state(job) }
        lastShown = shown
        if let progress = job["progress"] { note(progress, output) }
        return job
    }

    private func note(_ progress: JSONValue, _ output: any WatchOutput) {
        secondsLeft = progress["eta_seconds"]?.double
        output.progress(progress)
    }

    private func showEpochs(_ path: String, _ output: any WatchOutput) throws {
        while true {
            let page: JSONValue
            do {
                page = try patience.insist { try api.get("\(path)/epochs?since=\(lastEpoch)") }
            } catch let failure as APIFailure where failure.code == "malformed-request" && lastEpoch > 0 {
                // The server has fewer epochs than are shown: it was restored from a backup. They come once more.
                lastEpoch = 0
                continue
            }
            for epoch in page["items"]?.elements ?? [] {
                try output.epoch(epoch, secondsLeft: secondsLeft)
                lastEpoch = epoch["epoch"]?.int ?? lastEpoch
            }
            guard page["next_page_token"]?.text != nil else { return }
        }
    }

    /// Shows what happens until the stream of events ends.
    private func listen(_ path: String, _ output: any WatchOutput) throws {
        var failure: (any Error)?
        do {
            try patience.insist {
                try hear("\(path)/events") { [self] events throws(ClientError) in
                    patience.answered()
                    do {
                        try take(events, path, output)
                    } catch {
                        // The stream passes on errors of its own only.
                        failure = error
                        throw .notSendable("the stream is given up")
                    }
                }
            }
        } catch {
            if let failure { throw failure }
            guard let refusal = error as? APIFailure, lastEventID != nil, [400, 409, 410, 412].contains(refusal.status)
            else { throw error }
            // The server does not know the place any more: from the beginning.
            lastEventID = nil
        }
    }

    /// A stream that breaks off has ended: whether the server is still there shows when it is asked next.
    private func hear(
        _ target: String, _ receive: @escaping ([EventStreamReader.Event]) throws(ClientError) -> Void
    ) throws {
        do {
            try api.events(target, after: lastEventID, receive: receive)
        } catch ClientError.closed, ClientError.timedOut {
            return
        }
    }

    private func take(
        _ events: [EventStreamReader.Event], _ path: String, _ output: any WatchOutput
    ) throws {
        let types = Set(events.map(\.type))
        lastEventID = events.last { $0.id != nil }?.id ?? lastEventID
        if let progress = events.last(where: { $0.type == "progress" }),
            let json = try? JSONValue(parsing: Array(progress.data.utf8)), let progress = json["progress"]
        {
            note(progress, output)
        }
        guard types.contains("epoch") || types.contains("state") else { return }
        let pause = Self.roundNanosecondsMin - (Deadline.now - lastRound)
        if pause > 0 { usleep(UInt32(min(pause, Self.roundNanosecondsMin) / 1_000)) }
        if types.contains("state") { _ = try showState(path, output) }
        if types.contains("epoch") { try showEpochs(path, output) }
        lastRound = Deadline.now
    }
}

/// A followed job as JSON Lines.
final class JSONLines: WatchOutput {
    func state(_ job: JSONValue) throws { try line("state", .init("job", job)) }

    func epoch(_ epoch: JSONValue, secondsLeft: Double?) throws { try line("epoch", .init("epoch", epoch)) }

    func progress(_ progress: JSONValue) {}

    func end(_ job: JSONValue) throws { try line("end", .init("job", job)) }

    private func line(_ type: String, _ member: JSONValue.Member) throws {
        let object = JSONValue.object([.init("type", .string(type)), member])
        print(String(decoding: object.encoded, as: UTF8.self))
        try StandardOutput.flush()
    }
}
