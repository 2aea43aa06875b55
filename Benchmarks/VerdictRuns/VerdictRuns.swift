import Comparisons
import Dispatch
import Foundation
import Jobs
import Locks

/// Trains comparisons where it is known what is to be found, and counts what the judgements say.
@main
struct VerdictRuns {
    private static let folder = NSTemporaryDirectory() + "tenbin-verdict-\(getpid())"

    static func main() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let nulls = try gather(200, null).filter { $0 }.count
        print("nothing to find: \(nulls) of 200 comparisons claim something (at most 16)")
        let helping = try gather(60, helping).compactMap { $0 }.prefix(40)
        let named = helping.count { $0 }
        print("a strategy helps: named in \(named) of \(helping.count) (at least 38 of 40)")
        let harming = try gather(140, harming).compactMap { $0 }.prefix(100)
        let praised = harming.count { $0 }
        print(
            "a strategy harms a task: called better in \(praised) of \(harming.count) (at most 2 of 100)")
        let isWithin =
            nulls <= 16 && named >= 38 && helping.count == 40 && praised <= 2 && harming.count == 100
        if !isWithin { exit(1) }
    }

    /// The results of `count` comparisons, by number, on two threads.
    private static func gather<Result: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        let results = Lock<[Int: Swift.Result<Result, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: count) { number in
            let result = Swift.Result { try body(number) }
            results.withLock { $0[number] = result }
        }
        let all = results.withLock { $0 }
        return try (0..<count).compactMap { try all[$0]?.get() }
    }

    private static func laboratory(_ number: Int, tasks: Int, noise: Double = 1) throws -> Laboratory {
        let kind = Laboratory.Kind.allCases[number % 3]
        return try Laboratory(number: number, tasks: tasks, kind: kind, noise: noise, folder: folder)
    }

    /// Whether anything is claimed of what differs by chance: equal weights under other seeds, or by a thousandth. In every
    /// fourth comparison another strategy diverges.
    @Sendable private static func null(_ number: Int) throws -> Bool {
        let laboratory = try laboratory(number, tasks: [2, 3, 10][number / 3 % 3])
        var runs: [ComparedRun]
        let terms: ComparisonTerms
        if number % 2 == 0 {
            (runs, terms) = try laboratory.compare(
                [#"{"strategy":"static"}"#], seeds: 1...5, weights: [1.001, 0.999])
        } else {
            (runs, terms) = try laboratory.compare([#"{"strategy":"equal"}"#], seeds: 1...10)
            runs = runs.map { run in
                run.key.seed <= 5
                    ? run
                    : run.moved(
                        to: RunKey(arm: .strategy("static"), seed: run.key.seed - 5, learningRate: nil))
            }
        }
        if number % 4 < 2 {
            runs += (1...5).map {
                .failed(
                    RunKey(arm: .strategy("diverging"), seed: $0, learningRate: nil), reason: "diverged")
            }
        }
        return ComparisonReport(runs, terms: terms).rows.contains { $0.effect != nil }
    }

    /// Whether a strategy that takes larger steps is named, where it helps by at least three deviations and twice the
    /// smallest effect that matters; nil where it does not.
    @Sendable private static func helping(_ number: Int) throws -> Bool? {
        let laboratory = try laboratory(1_000 + number, tasks: 2 + number % 3, noise: 0.3)
        let (runs, terms) = try laboratory.compare(
            [#"{"strategy":"static"}"#], seeds: 1...8, weights: [8],
            optimizer: #"{"type":"sgd","learning_rate":0.002}"#)
        let report = ComparisonReport(runs, terms: terms)
        let helped = report.rows.filter { row in
            guard row.arm == "static", let mean = row.difference?.mean, let effect = row.minimumEffect
            else { return false }
            return mean >= 3 * (row.difference?.standardDeviation ?? .infinity) && mean >= 2 * effect
        }
        guard !helped.isEmpty, let judgement = report.judgements.first else { return nil }
        return helped.allSatisfy { judgement.better.contains($0.task) }
    }

    /// Whether a strategy is called better that harms a task by at least two deviations, and by more than does not matter;
    /// nil where it does not.
    @Sendable private static func harming(_ number: Int) throws -> Bool? {
        let laboratory = try laboratory(2_000 + number, tasks: 2 + number % 3, noise: 0.3)
        let (runs, terms) = try laboratory.compare(
            [#"{"strategy":"static"}"#], seeds: 1...8, weights: [8, 0.1],
            optimizer: #"{"type":"sgd","learning_rate":0.005}"#)
        let report = ComparisonReport(runs, terms: terms)
        let isHarmed = report.rows.contains { row in
            guard row.arm == "static", let mean = row.difference?.mean, let effect = row.minimumEffect
            else { return false }
            return -mean >= 2 * (row.difference?.standardDeviation ?? .infinity) && -mean > effect
        }
        return isHarmed ? report.judgements.first.map { $0.judgement == .better } : nil
    }
}

extension ComparedRun {
    fileprivate func moved(to key: RunKey) -> ComparedRun {
        switch self {
        case .pending: return .pending(key)
        case .failed(_, let reason): return .failed(key, reason: reason)
        case .succeeded(var outcome):
            outcome.key = key
            return .succeeded(outcome)
        }
    }
}
