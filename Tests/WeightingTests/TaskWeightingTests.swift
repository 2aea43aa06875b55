import Testing

@testable import Weighting

@Suite struct TaskWeightingTests {
    static let lossStrategies = WeightingStrategies.all.filter { $0.kind == .loss }.map(\.name)

    @Test(arguments: lossStrategies, [Double.nan, .infinity, -.infinity])
    func aLossThatIsNoNumberRepeatsTheWeightsBeforeAndLeavesTheStateAlone(strategy: String, bad: Double) throws {
        var weighting = try makeWeighting(strategy)
        let before = weighting.coefficients([1, 2, 3])
        let state = weighting.state
        #expect(weighting.coefficients([1, bad, 3], seed: 2) == before)
        weighting.observeAfterStep(losses: [1, bad, 3])
        var after = weighting.state
        after.numbers.merge(state.numbers.filter { $0.key.hasPrefix("epoch.") }) { _, old in old }
        #expect(after == state)
    }

    @Test(arguments: lossStrategies)
    func aTaskWithoutALabelGetsZeroAndNoBatchOfItCounts(strategy: String) throws {
        var weighting = try makeWeighting(strategy)
        let first = weighting.coefficients([1, 2, 3])
        let second = weighting.coefficients([1, nil, 3], seed: 2)
        #expect(second[1] == 0 && areFinite(second))
        weighting.observeAfterStep(losses: [1, nil, 3])
        #expect(weighting.finishEpoch(meanLosses: [1, 2, 3]).weights[1] == first[1])
        #expect(weighting.coefficients([nil, nil, nil]) == [0, 0, 0])
        #expect(weighting.finishEpoch(meanLosses: [nil, nil, nil]).weights == [nil, nil, nil])
    }

    @Test(arguments: lossStrategies)
    func zeroAndTinyLossesGiveFiniteWeights(strategy: String) throws {
        var weighting = try makeWeighting(strategy)
        for losses in [
            [0, 0, 0], [0, 1, 2], [-1, 1, 2], [.leastNonzeroMagnitude, 1, 1e300], [1e308, 1e308, 1e308],
        ] as [[Double]] {
            for _ in 0..<4 {
                #expect(areFinite(weighting.coefficients(losses)))
                weighting.observeAfterStep(losses: losses.map { $0 / 2 })
                let epoch = weighting.finishEpoch(meanLosses: losses)
                #expect(areFinite(epoch.weights))
                #expect(areFinite(epoch.shares))
            }
        }
    }

    @Test(arguments: lossStrategies)
    func oneTaskAloneGetsAPositiveWeight(strategy: String) throws {
        var weighting = try makeWeighting(strategy, tasks: 1)
        for loss in [2, 1, 0.5] {
            #expect(weighting.coefficients([loss])[0] > 0)
            weighting.observeAfterStep(losses: [loss * 0.9])
            _ = weighting.finishEpoch(meanLosses: [loss])
        }
    }

    @Test(arguments: lossStrategies)
    func aRestoredStateContinuesBitForBit(strategy: String) throws {
        var original = try makeWeighting(strategy)
        func train(_ weighting: inout TaskWeighting, _ steps: Range<Int>) -> [[Double]] {
            steps.map { step in
                let losses = [1 / Double(step + 1), 2, 0.1 * Double(step + 1)]
                let weights = weighting.coefficients(losses, seed: UInt64(step))
                weighting.observeAfterStep(losses: losses.map { $0 * 0.99 })
                guard step % 4 == 3 else { return weights }
                return weights + weighting.finishEpoch(meanLosses: losses).weights.compactMap { $0 }
            }
        }
        _ = train(&original, 0..<14)
        var restored = try makeWeighting(strategy)
        try restored.restore(original.state)
        #expect(restored.state == original.state)
        #expect(train(&restored, 14..<24) == train(&original, 14..<24))
    }

    @Test func aStateOfOtherTasksIsRefusedAndChangesNothing() throws {
        let three = try makeWeighting("adaptive")
        var two = try makeWeighting("adaptive", tasks: 2)
        let before = two.state
        #expect(throws: StateError.wrongCount("observed", found: 3, expected: 2)) { try two.restore(three.state) }
        #expect(throws: StateError.self) { try two.restore(StrategyState()) }
        #expect(two.state == before)
    }

    @Test func anotherStrategyStartsAfreshAndTheSameKeepsItsState() throws {
        var weighting = try makeWeighting("adaptive")
        _ = weighting.finishEpoch(meanLosses: [3, 2, 1])
        let softmax = try WeightingConfiguration(strategy: "adaptive", parameters: ["form": .text("softmax")])
        var kept = try weighting.switched(to: softmax, tasks: makeTasks(3))
        #expect(kept.coefficients([1, 1, 1]) != [1, 1, 1])
        var fresh = try weighting.switched(to: .equal, tasks: makeTasks(3))
        #expect(fresh.coefficients([1, 1, 1]) == [1, 1, 1])
        #expect(fresh.configuration == .equal)
    }
}
