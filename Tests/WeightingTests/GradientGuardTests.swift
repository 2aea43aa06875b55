import Testing

@testable import Weighting

/// What every gradient strategy must stand, whatever it computes.
@Suite struct GradientGuardTests {
    static let strategies = WeightingStrategies.all.filter { $0.kind == .gradient }.map(\.name)
    static let ordinary = GradientProblem.random(tasks: 3, agreement: 0.5, seed: 7)

    @Test(arguments: strategies, [Double.nan, .infinity])
    func aLossOrGradientThatIsNoNumberLeavesTheStateAlone(strategy: String, bad: Double) throws {
        var weighting = try makeWeighting(strategy)
        let before = weighting.outcome(of: Self.ordinary)
        let state = weighting.state
        var broken = Self.ordinary
        broken.losses[1] = bad
        #expect(areFinite(weighting.outcome(of: broken, seed: 2).weights))
        #expect(weighting.state == state)
        broken = Self.ordinary
        broken.rows[0][3] = Float(bad)
        #expect(weighting.outcome(of: broken, seed: 3).weights == before.weights)
        #expect(weighting.state == state)
    }

    @Test(arguments: strategies)
    func aTaskWithoutALabelChangesNothingForTheOthers(strategy: String) throws {
        var three = try makeWeighting(strategy)
        var two = try makeWeighting(strategy, tasks: 2)
        var missing = Self.ordinary
        missing.losses[1] = nil
        missing.rows[1] = missing.rows[1].map { _ in 0 }
        for _ in 0..<3 {
            let outcome = three.outcome(of: missing)
            #expect(outcome.weights[1] == nil)
            #expect(areClose(outcome.known, two.outcome(of: Self.ordinary.permuted([0, 2])).known, 1e-9))
        }
    }

    @Test(arguments: strategies)
    func noTaskWithALabelGivesNoDirection(strategy: String) throws {
        var weighting = try makeWeighting(strategy)
        var empty = Self.ordinary
        empty.losses = [nil, nil, nil]
        #expect(weighting.outcome(of: empty).weights == [nil, nil, nil])
        var direction = [Float](repeating: 0, count: 12)
        #expect(weighting.step(empty, seed: 1, into: &direction) == .combination([0, 0, 0]))
    }

    @Test(arguments: strategies)
    func oneTaskAloneDescendsItsOwnGradient(strategy: String) throws {
        var weighting = try makeWeighting(strategy, tasks: 1)
        let alone = Self.ordinary.permuted([2])
        for step in 0..<3 {
            let outcome = weighting.outcome(of: alone, seed: UInt64(step))
            #expect(outcome.known[0] > 0)
            #expect(isClose(cosine(outcome.direction, alone.combined([1])), 1, 1e-6))
        }
    }

    @Test(arguments: strategies)
    func identicalTasksDescendTheirCommonGradient(strategy: String) throws {
        var weighting = try makeWeighting(strategy)
        let same = Self.ordinary.permuted([0, 0, 0])
        for step in 0..<3 {
            let outcome = weighting.outcome(of: same, seed: UInt64(step))
            #expect(areFinite(outcome.weights))
            #expect(isClose(cosine(outcome.direction, same.combined([1, 0, 0])), 1, 1e-6))
        }
    }

    static let degenerate = [
        GradientProblem("opposite", [[1, 2, 0], [-1, -2, 0], [0, 0, 1]]),
        GradientProblem("opposite of other length", [[1, 2, 0], [-3, -6, 0], [0, 0, 1]]),
        GradientProblem("one zero", [[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
        GradientProblem("all zero", [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        GradientProblem("sum of nothing", [[1, 0, 0], [-0.5, 0.866, 0], [-0.5, -0.866, 0]]),
        GradientProblem("dependent", [[1, 0, 0], [0, 1, 0], [1, 1, 0]]),
        GradientProblem("losses of zero", losses: [0, 0, 0], [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        GradientProblem("a negative loss", losses: [-1, 1, 2], [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        GradientProblem("huge", losses: [1e30, 1, 1e-30], [[1e18, 0, 0], [0, 1, 0], [0, 0, 1]]),
        GradientProblem("tiny", losses: [1, 1, 1], [[1e-18, 0, 0], [0, 1e-18, 0], [1e-18, 0, 1e-18]]),
    ]

    @Test(arguments: strategies, degenerate)
    func degenerateGradientsGiveAFiniteDirection(strategy: String, problem: GradientProblem) throws {
        var weighting = try makeWeighting(strategy)
        for step in 0..<3 {
            let outcome = weighting.outcome(of: problem, seed: UInt64(step))
            #expect(areFinite(outcome.weights) && areFinite(outcome.direction))
        }
        let after = weighting.outcome(of: Self.ordinary)
        #expect(areFinite(after.weights) && areFinite(after.direction))
    }

    @Test(arguments: strategies)
    func aRestoredStateContinuesBitForBit(strategy: String) throws {
        var original = try makeWeighting(strategy)
        func problem(_ step: Int) -> GradientProblem {
            .random(tasks: 3, agreement: -0.5, seed: UInt64(step))
        }
        for step in 0..<7 { _ = original.outcome(of: problem(step), seed: UInt64(step)) }
        var restored = try makeWeighting(strategy)
        try restored.restore(original.state)
        for step in 7..<14 {
            #expect(
                restored.outcome(of: problem(step), seed: UInt64(step))
                    == original.outcome(of: problem(step), seed: UInt64(step)))
        }
        #expect(restored.state == original.state)
    }

    @Test func oppositeGradientsLeaveNoBargainAndCountAsAFallback() throws {
        var weighting = try makeWeighting("nash_mtl", tasks: 2)
        let outcome = weighting.outcome(of: GradientProblem([[1, 2], [-1, -2]]))
        #expect(outcome.weights == [0.5, 0.5])
        #expect(outcome.solverFallbacks == 1)
        #expect(weighting.outcome(of: GradientProblem([[1, 0], [0, 1]])).solverFallbacks == 0)
    }
}
