import Jobs
import Testing

@testable import Comparisons

@Suite struct ComparisonReportTests {
    private static let metrics = [
        ComparedMetric(task: "digit", metric: "accuracy"), ComparedMetric(task: "ink", metric: "rmse"),
    ]

    /// Runs of one arm, a seed each, with accuracy and rmse.
    private static func runs(
        _ arm: Arm, rate: Double? = nil, loss: Double = 1, seconds: Double = 2, _ values: [(Double, Double)]
    ) -> [RunOutcome] {
        values.enumerated().map { index, value in
            RunOutcome(
                key: RunKey(arm: arm, seed: UInt64(index + 1), learningRate: rate), epoch: 10 + index,
                validationLoss: loss, testMetrics: ["digit": ["accuracy": value.0], "ink": ["rmse": value.1]],
                seconds: seconds)
        }
    }

    private static func single(_ task: String, _ metric: String, _ value: Double) -> RunOutcome {
        RunOutcome(
            key: RunKey(arm: .singleTask(task), seed: 1, learningRate: nil), epoch: 3, validationLoss: 1,
            testMetrics: [task: [metric: value]], seconds: 1.5)
    }

    private static let equal = runs(.equal, [(0.80, 2.0), (0.82, 2.1), (0.81, 1.9), (0.79, 2.0)])

    private static func report(_ outcomes: [[RunOutcome]]) -> ComparisonReport {
        ComparisonReport(
            outcomes.flatMap { $0 }.map(ComparedRun.succeeded), terms: ComparisonTerms(metrics: metrics))
    }

    private static func row(_ report: ComparisonReport, _ arm: String, _ task: String) throws -> ComparisonReport.Row {
        try #require(report.rows.first { $0.arm == arm && $0.task == task })
    }

    @Test func aStrategyThatIsClearlyBetterIsSaidToBe() throws {
        let better = Self.runs(.strategy("adaptive"), [(0.900, 2.0), (0.921, 2.1), (0.912, 1.9), (0.889, 2.01)])
        let report = Self.report([Self.equal, better])
        let row = try Self.row(report, "adaptive", "digit")
        #expect(abs((row.difference?.mean ?? 0) - 0.1005) < 1e-9)
        #expect((row.correctedProbability ?? 1) < 0.001)
        #expect(
            report.verdict == "Adaptive is better than equal weights on digit (accuracy +0.1005 ± 0.0013).")
        #expect(row.effect == .better)
    }

    @Test func lowerErrorsAreBetterAndHigherOnesWorse() throws {
        let worse = Self.runs(.strategy("dwa"), [(0.80, 3.0), (0.82, 3.1), (0.81, 2.95), (0.79, 3.02)])
        let report = Self.report([Self.equal, worse])
        #expect((try Self.row(report, "dwa", "ink").difference?.mean ?? 0) < -0.9)
        #expect(report.verdict.hasPrefix("Dwa is worse than equal weights on ink (rmse +1.0"))
    }

    @Test func noiseIsNoDifference() {
        let alike = Self.runs(.strategy("adaptive"), [(0.82, 1.9), (0.79, 2.1), (0.80, 2.1), (0.82, 1.95)])
        #expect(
            Self.report([Self.equal, alike]).verdict
                == "Adaptive shows no difference beyond seed noise (about 469 seeds may decide it).")
    }

    @Test func underThreeSeedsThereIsNoVerdict() {
        let two = Self.runs(.strategy("adaptive"), [(0.99, 0.1), (0.98, 0.2)])
        #expect(
            Self.report([Array(Self.equal.prefix(2)), two]).verdict.hasPrefix("There is no verdict, because 2 seeds"))
        #expect(Self.report([two]).verdict.hasPrefix("There is no verdict, because no run with equal weights"))
    }

    @Test func correctionCountsEveryStrategyAndTask() throws {
        let slightly = Self.runs(.strategy("a"), [(0.830, 2.0), (0.845, 2.1), (0.815, 1.9), (0.805, 2.05)])
        let alone = try Self.row(Self.report([Self.equal, slightly]), "a", "digit")
        let many = (0..<5).map { Self.runs(.strategy("s\($0)"), [(0.81, 2), (0.8, 2.2), (0.82, 1.8), (0.78, 2.1)]) }
        let among = try Self.row(Self.report([Self.equal, slightly] + many), "a", "digit")
        #expect(alone.correctedProbability ?? 1 < among.correctedProbability ?? 0)
    }

    @Test func deltaMIsPositiveWhereTheMetricsAreBetter() throws {
        let singles = [Self.single("digit", "accuracy", 0.8), Self.single("ink", "rmse", 4)]
        let report = Self.report([singles, Self.runs(.equal, [(0.88, 3), (0.88, 3), (0.88, 3)])])
        // +10 % accuracy and −25 % error.
        #expect(abs((try Self.row(report, "equal", "digit").deltaM ?? 0) - 17.5) < 1e-9)
        #expect(abs(try Self.row(report, "single_task", "ink").deltaM ?? 1) < 1e-12)
        #expect(try Self.row(report, "single_task", "digit").seconds.mean == 3)
    }

    @Test func deltaMIsRefusedWithAReasonWithoutABaselineOrWithAZeroOne() throws {
        let without = Self.report([Self.equal])
        #expect(try Self.row(without, "equal", "digit").deltaMRefusal == "no single-task baseline for digit")
        let zero = Self.report([
            [Self.single("digit", "accuracy", 0), Self.single("ink", "rmse", 4)], Self.equal,
        ])
        let row = try Self.row(zero, "equal", "digit")
        #expect(row.deltaM == nil && row.deltaMRefusal == "the single-task accuracy of digit is 0")
    }

    @Test func learningRatesAreChosenOnTheValidationPartAlone() throws {
        let good = Self.runs(.strategy("adaptive"), rate: 0.01, loss: 0.5, [(0.7, 2), (0.7, 2), (0.7, 2)])
        let lucky = Self.runs(.strategy("adaptive"), rate: 0.1, loss: 0.9, [(0.99, 1), (0.99, 1), (0.99, 1)])
        let unfinished = Self.runs(.strategy("adaptive"), rate: 0.001, loss: 0.1, [(0.99, 1)])
        let row = try Self.row(Self.report([Self.equal, lucky, good, unfinished]), "adaptive", "digit")
        #expect(row.learningRate == 0.01 && row.values.values == [0.7, 0.7, 0.7])
    }

    @Test func ranksCompareStrategiesOnly() throws {
        let best = Self.runs(.strategy("best"), [(0.9, 1), (0.9, 1), (0.9, 1), (0.9, 1)])
        let grid = Self.runs(.grid([0.5, 1.5]), [(0.99, 0.1)])
        let report = Self.report([Self.equal, best, grid])
        #expect(try Self.row(report, "best", "digit").meanRank == 1)
        #expect(try Self.row(report, "equal", "digit").meanRank == 2)
        let point = try Self.row(report, "static(0.5,1.5)", "digit")
        #expect(point.meanRank == nil && point.difference == nil && point.correctedProbability == nil)
    }

    @Test func costIsTheProcessorsTimeInUnitsOfEqualWeights() throws {
        func measured(_ runs: [RunOutcome], _ seconds: Double) -> [RunOutcome] {
            runs.map { run in
                var run = run
                run.cpuSeconds = seconds
                return run
            }
        }
        let slow = Self.runs(.strategy("mgda"), seconds: 9, [(0.8, 2), (0.8, 2), (0.8, 2)])
        let report = Self.report([measured(Self.equal, 2), measured(slow, 5)])
        #expect(try Self.row(report, "mgda", "digit").relativeCost == 2.5)
        #expect(try Self.row(report, "mgda", "digit").json["cpu_seconds"]?["mean"]?.double == 5)
        #expect(try Self.row(Self.report([Self.equal, slow]), "mgda", "digit").relativeCost == nil)
    }

    @Test func missingRunsLeaveTheOtherSeedsPaired() throws {
        var runs = Self.runs(.strategy("adaptive"), [(0.9, 2), (0.92, 2), (0.91, 2), (0.89, 2)])
        runs.remove(at: 1)
        let row = try Self.row(Self.report([Self.equal, runs]), "adaptive", "digit")
        let differences = row.difference?.values ?? []
        #expect(differences.count == 3 && differences.allSatisfy { abs($0 - 0.1) < 1e-9 })
        #expect(row.epochs == [1: 10, 3: 12, 4: 13])
    }

    @Test func aRowAnswersWithTheMembersOfTheContract() throws {
        let json = try Self.row(Self.report([Self.equal]), "equal", "ink").json
        for member in [
            "strategy", "task", "metric", "mean", "standard_deviation", "interval", "delta_m", "mean_rank", "seconds",
            "relative_cost", "p_value", "pairs", "same_in_every_seed", "effect", "cpu_seconds", "failed",
        ] {
            #expect(json[member] != nil, "\(member)")
        }
        #expect(json["mean"]?.double == 2 && json["delta_m"] == .null && json["interval"]?.elements?.count == 2)
    }

    @Test func textsFromClientsStayWithinTheirCells() {
        let named = ComparisonReport(
            Self.runs(.strategy("stch(preference=[1,2])"), [(0.5, 1)]).map(ComparedRun.succeeded),
            terms: ComparisonTerms(metrics: [
                ComparedMetric(task: "digit", metric: "accuracy"), ComparedMetric(task: "a|<b>\n", metric: "rmse"),
            ]))
        let table = String(decoding: named.csv(isRaw: false), as: UTF8.self)
        #expect(table.contains("\"stch(preference=[1,2])\",digit,accuracy,0.5"))
        #expect(named.markdown.contains("a\\|&lt;b>  (rmse)"))
        #expect(table.hasSuffix("\r\n"))
    }

    @Test func theTableHasALineForEachArm() {
        let markdown = Self.report([Self.equal]).markdown
        #expect(markdown.contains("| equal | 0.805 ± 0.013 | 2.000 ± 0.082 | – | 1 | 2 ± 0 | – |"))
    }
}
