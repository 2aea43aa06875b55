import Jobs
import Testing

@testable import Comparisons

/// What is said of a strategy, and when.
@Suite struct JudgementTests {
    /// Runs of comparisons with one or two tasks, built from what each run showed.
    private struct Table {
        var runs: [ComparedRun] = []
        var terms = ComparisonTerms(metrics: [
            ComparedMetric(task: "digit", metric: "accuracy"), ComparedMetric(task: "ink", metric: "rmse"),
        ])
        var testRows = ["digit": 100]

        /// - Parameter values: a seed each, of accuracy and rmse; nil for a run that diverged.
        mutating func add(_ arm: Arm, _ values: [(Double, Double)?], change: (inout RunOutcome) -> Void = { _ in }) {
            for (index, value) in values.enumerated() {
                let key = RunKey(arm: arm, seed: UInt64(index + 1), learningRate: nil)
                guard let value else {
                    runs.append(.failed(key, reason: "diverged"))
                    continue
                }
                var outcome = RunOutcome(
                    key: key, epoch: 5, validationLoss: 1,
                    testMetrics: ["digit": ["accuracy": value.0], "ink": ["rmse": value.1]], seconds: 1)
                outcome.testRows = testRows
                change(&outcome)
                runs.append(.succeeded(outcome))
            }
        }

        var report: ComparisonReport { ComparisonReport(runs, terms: terms) }
    }

    private static let equal: [(Double, Double)?] = [
        (0.80, 2.00), (0.82, 2.04), (0.81, 1.96), (0.79, 2.02), (0.80, 1.98),
    ]

    /// Equal weights' values, each changed by its own amount.
    private static func shifted(_ digit: [Double], _ ink: [Double]) -> [(Double, Double)?] {
        equal.enumerated().map { index, value in
            value.map { ($0.0 + digit[index % digit.count], $0.1 + ink[index % ink.count]) }
        }
    }

    private static let still = [0.001, -0.001, 0.0005, 0, -0.0005]

    private static func judged(_ table: Table, _ strategy: String = "dwa") throws -> StrategyJudgement {
        try #require(table.report.judgements.first { $0.strategy == strategy })
    }

    private static func table(_ values: [(Double, Double)?], arm: Arm = .strategy("dwa")) -> Table {
        var table = Table()
        table.add(.equal, equal)
        table.add(arm, values)
        return table
    }

    // MARK: - The five that misled

    @Test func aStrategyWhoseRunsAllFailIsNamed() throws {
        var table = Self.table(Self.shifted(Self.still, Self.still))
        table.add(.strategy("static"), [nil, nil, nil, nil, nil])
        let report = table.report
        let judgement = try Self.judged(table, "static")
        #expect(judgement.judgement == .failed && judgement.succeeded == 0)
        #expect(judgement.failed == [.init(reason: "diverged", seeds: [1, 2, 3, 4, 5])])
        #expect(
            report.verdict.contains("every run of static failed (diverged for seeds 1, 2, 3, 4, 5)")
                || report.verdict.contains("Every run of static failed (diverged for seeds 1, 2, 3, 4, 5)"))
        let rows = report.rows.filter { $0.arm == "static" }
        #expect(rows.count == 2 && rows.allSatisfy { $0.values.mean == nil && $0.failed == 5 && $0.pairs == 0 })
    }

    @Test func twoPairsAreNoTest() throws {
        var table = Table()
        table.add(.equal, [(0.80, 2), nil, (0.81, 2.01)])
        table.add(.strategy("geometric"), [(0.90, 1), (0.91, 1), (0.9101, 1.01)])
        let judgement = try Self.judged(table, "geometric")
        #expect(judgement.judgement == .tooFewPairs && judgement.untested == ["digit", "ink"])
        #expect(judgement.seedsNeeded == nil)
        #expect(table.report.rows.allSatisfy { $0.correctedProbability == nil && $0.effect == nil })
        #expect(
            table.report.verdict
                == "Geometric cannot be tested, because equal weights failed (diverged for seed 2).")
    }

    @Test func theSameDifferenceInEverySeedIsTheSurest() throws {
        let table = Self.table(Self.shifted([0.06], Self.still))
        let row = try #require(table.report.rows.first { $0.arm == "dwa" && $0.task == "digit" })
        #expect(row.test?.sameInEverySeed == true && row.effect == .better)
        // t = .06 / (.01 / √2 / √5) with four degrees of freedom, for one of two tests.
        #expect(abs((row.correctedProbability ?? 1) - 2 * 4.545129572545691e-05) < 1e-12)
        #expect(try Self.judged(table).judgement == .better)
    }

    @Test func theSameDifferenceOfAnotherMetricHasThePOfTheSigns() throws {
        let table = Self.table(Self.shifted(Self.still, [0.5]))
        let row = try #require(table.report.rows.first { $0.arm == "dwa" && $0.task == "ink" })
        #expect(row.test?.sameInEverySeed == true && row.test?.probability == 0.0625)
        #expect(row.effect == nil)
        #expect(try Self.judged(table).judgement == .inconclusive)
    }

    @Test func whereTheSeedChangesNothingThereIsNoTestButANote() throws {
        var table = Table()
        table.add(.equal, [(0.80, 2), (0.81, 2), (0.79, 2), (0.80, 2), (0.80, 2)])
        table.add(.strategy("dwa"), [(0.80, 1), (0.81, 1), (0.79, 1), (0.80, 1), (0.80, 1)])
        let row = try #require(table.report.rows.first { $0.arm == "dwa" && $0.task == "ink" })
        #expect(row.test?.sameInEverySeed == true && row.correctedProbability == nil && row.effect == nil)
        let note = try #require(table.report.notes.first { $0.code == .seedWithoutEffect })
        #expect(note.strategy == "dwa" && note.count == 1 && note.of == 2)
    }

    @Test func aStrategyThatMayRuinATaskIsNotCalledBetter() throws {
        // Better in one task by a claim; the other is worse by a tenth on the mean, with much noise.
        let table = Self.table(Self.shifted([0.05, 0.052, 0.049, 0.051, 0.05], [0.8, -0.4, 0.9, -0.3, 0.1]))
        let judgement = try Self.judged(table)
        #expect(judgement.judgement == .mixed)
        #expect(judgement.better == ["digit"] && judgement.worse.isEmpty && judgement.mayHarm == ["ink"])
        #expect(table.report.verdict == "Dwa helps digit but may harm ink.")
    }

    @Test func aDifferenceTooSmallToMatterIsNoClaim() throws {
        let small = Self.shifted([0.0006, 0.00061, 0.00059, 0.0006, 0.0006], Self.still)
        var table = Self.table(small)
        table.testRows = ["digit": 1_000_000]
        table.runs = []
        table.add(.equal, Self.equal)
        table.add(.strategy("dwa"), small)
        let row = try #require(table.report.rows.first { $0.arm == "dwa" && $0.task == "digit" })
        #expect((row.correctedProbability ?? 1) < 1e-6 && row.effect == nil)
        #expect(try Self.judged(table).judgement == .equivalent)
        table.terms.minimumEffects = ["digit": 0.0005]
        #expect(try Self.judged(table).judgement == .better)
    }

    @Test func baselinesAreAFamilyOfTheirOwn() throws {
        let slightly = Self.shifted([0.030, 0.012, 0.021, 0.027, 0.010], Self.still)
        let alone = Self.table(slightly)
        var beside = alone
        beside.add(.baseline("random"), Self.shifted(Self.still, Self.still))
        beside.add(.singleTask("digit"), Self.equal)
        func p(_ table: Table) -> Double? {
            table.report.rows.first { $0.arm == "dwa" && $0.task == "digit" }?.correctedProbability
        }
        #expect(p(alone) != nil && p(alone) == p(beside))
        let judgements = beside.report.judgements
        #expect(judgements.map(\.strategy) == ["dwa", "random", "single_task"])
        #expect(judgements.map(\.isBaseline) == [false, true, true])
        // What was asked for counts, though a run of it failed.
        var failed = alone
        failed.add(.strategy("static"), [nil, nil, nil, nil, nil])
        #expect((p(failed) ?? 0) > (p(alone) ?? 1))
    }

    // MARK: - The order of judgements

    struct Case: Sendable {
        let digit: [Double]
        let ink: [Double]
        let judgement: Judgement
        let verdict: String
    }

    @Test(arguments: [
        Case(
            digit: [0.05, 0.06, 0.05], ink: still, judgement: .better, verdict: "Dwa is better than equal weights on"),
        Case(
            digit: [-0.05, -0.06, -0.05], ink: still, judgement: .worse, verdict: "Dwa is worse than equal weights on"),
        Case(
            digit: [0.05, 0.06, 0.05], ink: [1, 1.01, 0.99], judgement: .mixed,
            verdict: "Dwa helps digit but harms ink."),
        Case(
            digit: [-0.05, -0.06, -0.05], ink: [-0.9, 0.3, -0.8, 0.4, 0.1], judgement: .mixed,
            verdict: "Dwa harms digit but may help ink."),
        Case(
            digit: [0.001, -0.001, 0], ink: still, judgement: .equivalent,
            verdict: "Dwa is equivalent to equal weights."),
        Case(
            digit: [0.03, -0.02, 0.01], ink: still, judgement: .inconclusive,
            verdict: "Dwa shows no difference beyond seed noise"),
    ])
    func theFirstRuleThatMatchesCounts(example: Case) throws {
        let table = Self.table(Self.shifted(example.digit, example.ink))
        #expect(try Self.judged(table).judgement == example.judgement)
        #expect(table.report.verdict.hasPrefix(example.verdict), "\(table.report.verdict)")
    }

    @Test func whenEqualWeightsFailNothingIsTestedAndTheSentenceSaysWhoFailed() throws {
        var table = Table()
        table.add(.equal, [nil, nil, nil, nil, nil])
        table.add(.strategy("dwa"), Self.equal)
        #expect(try Self.judged(table).judgement == .tooFewPairs)
        #expect(
            table.report.verdict
                == "There is no verdict, because all runs with equal weights failed (diverged for seeds 1, 2, 3, 4, 5)."
        )
    }

    @Test func aTaskWithoutPairsTakesNoPart() throws {
        var table = Table()
        table.add(.equal, Self.equal)
        table.add(.strategy("dwa"), Self.shifted([0.05, 0.06, 0.05], Self.still)) { $0.testMetrics["ink"] = nil }
        let judgement = try Self.judged(table)
        #expect(judgement.judgement == .better && judgement.untested == ["ink"])
        #expect(judgement.seedsNeeded != nil)
    }

    @Test func failedSeedsAreNamedWithEveryJudgement() throws {
        var values = Self.shifted([0.05, 0.06, 0.05], Self.still)
        values[1] = nil
        let judgement = try Self.judged(Self.table(values))
        #expect(judgement.judgement == .better && judgement.succeeded == 4)
        #expect(judgement.failed == [.init(reason: "diverged", seeds: [2])])
    }

    @Test func whileARunIsPendingNothingIsClaimed() {
        var table = Self.table(Self.shifted([0.06], Self.still))
        table.runs.append(.pending(RunKey(arm: .strategy("dwa"), seed: 6, learningRate: nil)))
        let report = table.report
        #expect(report.judgements.isEmpty && report.notes.isEmpty && report.rows.allSatisfy { $0.effect == nil })
    }

    @Test func theVerdictHasAtMostThreeClausesForAnyNumberOfStrategies() {
        var table = Table()
        table.add(.equal, Self.equal) {
            $0.lastEpoch = 5; $0.isCompleted = true
        }
        for index in 0..<12 {
            let digit =
                index % 4 == 0 ? [0.05, 0.06, 0.05] : index % 4 == 1 ? [-0.05, -0.06, -0.05] : [0.03, -0.02, 0.01]
            table.add(
                .strategy("s\(index)"), index % 4 == 3 ? [nil, nil, nil, nil, nil] : Self.shifted(digit, Self.still)
            ) {
                $0.lastEpoch = 5
                $0.isCompleted = true
            }
        }
        let verdict = table.report.verdict
        #expect(verdict.split(separator: "; ").count == 3)
        #expect(verdict.hasPrefix("In 50 of 50 runs the last epoch was the best"))
        #expect(verdict.contains("s0, s4 and s8 are better than equal weights"))
        #expect(verdict.hasSuffix("see the judgements of the other 9 strategies."))
    }

    // MARK: - Notes

    @Test func runsThatWereStillLearningAreSaidFirst() throws {
        func table(_ unfinished: Int) -> Table {
            var table = Table()
            table.add(.equal, Self.equal) { outcome in
                outcome.isCompleted = true
                outcome.lastEpoch = outcome.key.seed <= unfinished ? 5 : 9
            }
            table.add(.strategy("dwa"), Self.shifted(Self.still, Self.still)) {
                $0.lastEpoch = 9; $0.isCompleted = true
            }
            return table
        }
        let note = try #require(table(3).report.notes.first)
        #expect(note.code == .unfinishedRuns && note.count == 3 && note.of == 10)
        #expect(table(3).report.verdict.hasPrefix("In 3 of 10 runs the last epoch was the best"))
        #expect(!table(2).report.notes.contains { $0.code == .unfinishedRuns })
    }

    @Test func weightsOfAnotherScaleAreNotedUnderSGDWithoutTunedRates() throws {
        var table = Table()
        table.terms.isScaleInvariant = false
        table.add(.equal, Self.equal) { $0.weightSum = 2 }
        table.add(.strategy("random"), Self.equal) { $0.weightSum = 1 }
        table.add(.strategy("dwa"), Self.equal) { $0.weightSum = 2.002 }
        let notes = table.report.notes.filter { $0.code == .scaleNotN }
        #expect(notes.map(\.strategy) == ["random"] && notes.first?.count == 5 && notes.first?.of == 5)
        table.terms.areRatesTuned = true
        #expect(table.report.notes.isEmpty)
        table.terms.areRatesTuned = false
        table.terms.isScaleInvariant = true
        #expect(table.report.notes.isEmpty)
    }

    @Test func fewSeedsAreNoted() throws {
        var table = Table()
        table.add(.equal, Array(Self.equal.prefix(3)))
        table.add(.strategy("dwa"), Array(Self.equal.prefix(3)))
        let note = try #require(table.report.notes.first)
        #expect(note.code == .fewSeeds && note.count == 3 && note.of == 5 && note.strategy == nil)
    }

    // MARK: - Formats

    @Test func aJudgementAnswersWithTheMembersOfTheContract() throws {
        let json = try Self.judged(Self.table(Self.shifted([0.05, 0.06, 0.05], [1, 1.01, 0.99]))).json
        #expect(json["judgement"]?.text == "mixed" && json["better"] == .array([.string("digit")]))
        #expect(json["worse"] == .array([.string("ink")]) && json["tuned"] == .null && json["succeeded"]?.int == 5)
        #expect(json["may_harm"] == .array([]) && json["seeds_needed"]?.int != nil)
    }

    @Test func theCSVHasAllOfIt() throws {
        var values = Self.shifted([0.05, 0.06, 0.05], [0.8, -0.4, 0.9, -0.3, 0.1])
        values[4] = nil
        let lines = String(decoding: Self.table(values).report.csv(isRaw: false), as: UTF8.self).split(
            separator: "\r\n"
        ).map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        let columns = try #require(lines.first)
        #expect(lines.allSatisfy { $0.count == columns.count })
        let ink = try #require(lines.first { $0[0] == "dwa" && $0[1] == "ink" })
        func cell(_ name: String) throws -> Substring { ink[try #require(columns.firstIndex { $0 == name })] }
        #expect(try cell("judgement") == "mixed" && cell("standing") == "may_harm" && cell("pairs") == "4")
        #expect(try cell("failures") == "diverged: 5" && cell("failed") == "1" && cell("effect") == "")
    }

    @Test func theMarkdownShowsVerdictNotesAndJudgements() {
        let markdown = Self.table(Self.shifted([0.05, 0.06, 0.05], Self.still)).report.markdown
        #expect(markdown.contains("| dwa | 0.858 ± 0.015 * | 2.000 ± 0.031"))
        #expect(markdown.contains("\nDwa is better than equal weights on digit (accuracy +0.0540 ± 0.0055).\n"))
        #expect(markdown.contains("| dwa | better | digit | – | – |"))
    }
}
