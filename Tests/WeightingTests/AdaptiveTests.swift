import Glibc
import Testing

@testable import Weighting

@Suite struct AdaptiveTests {
    @Test func theFirstEpochWeighsEveryTaskOne() throws {
        var weighting = try makeWeighting("adaptive")
        #expect(weighting.coefficients([5, 1, 0.1]) == [1, 1, 1])
    }

    @Test func theLargerMeanLossGetsTheLargerWeightInTheNextEpoch() throws {
        var weighting = try makeWeighting("adaptive")
        _ = weighting.coefficients([5, 1, 0.1])
        #expect(weighting.finishEpoch(meanLosses: [3, 2, 1]).weights == [1, 1, 1])
        // 3 · 3/6, 3 · 2/6, 3 · 1/6, whatever this batch's losses are.
        #expect(areClose(weighting.coefficients([9, 9, 9]), [1.5, 1, 0.5]))
    }

    @Test func theSoftmaxFormWeighsByExponentials() throws {
        var weighting = try makeWeighting("adaptive", ["form": .text("softmax"), "cadence": .text("batch")], tasks: 2)
        // e^{ln 3} : e^0 = 3 : 1.
        #expect(areClose(weighting.coefficients([log(3) + 1, 1]), [1.5, 0.5]))
    }

    @Test func cadenceBatchWeighsByThisBatchFromTheFirstOn() throws {
        var weighting = try makeWeighting("adaptive", ["cadence": .text("batch")])
        #expect(areClose(weighting.coefficients([3, 2, 1]), [1.5, 1, 0.5]))
        #expect(areClose(weighting.coefficients([1, 1, 2]), [0.75, 0.75, 1.5]))
        let epoch = weighting.finishEpoch(meanLosses: [2, 1.5, 1.5])
        #expect(areClose(epoch.weights.compactMap { $0 }, [1.125, 0.875, 1]))
        #expect(areClose(epoch.shares.compactMap { $0 }, [0.375, 0.875 / 3, 1 / 3.0]))
    }

    @Test func inCadenceBatchAnUnlabelledTaskGetsNothingAndLeavesTheCount() throws {
        var weighting = try makeWeighting("adaptive", ["cadence": .text("batch")])
        #expect(areClose(weighting.coefficients([3, nil, 1]), [1.5, 0, 0.5]))
        let epoch = weighting.finishEpoch(meanLosses: [3, nil, 1])
        #expect(epoch.weights[1] == nil && epoch.shares[1] == nil)
    }

    @Test func inCadenceEpochATaskWithoutLabelsKeepsItsLastMean() throws {
        var weighting = try makeWeighting("adaptive")
        _ = weighting.finishEpoch(meanLosses: [3, 2, 1])
        _ = weighting.finishEpoch(meanLosses: [2, nil, 2])
        #expect(areClose(weighting.coefficients([1, 1, 1]), [1, 1, 1]))
    }

    @Test func inCadenceEpochATaskNeverSeenWeighsOneAndTheOthersShareTheRest() throws {
        var weighting = try makeWeighting("adaptive")
        _ = weighting.finishEpoch(meanLosses: [3, nil, 1])
        #expect(areClose(weighting.coefficients([1, 1, 1]), [1.5, 1, 0.5]))
    }

    @Test(arguments: ["epoch", "batch"])
    func allLossesZeroWeighOne(cadence: String) throws {
        var weighting = try makeWeighting("adaptive", ["cadence": .text(cadence)])
        _ = weighting.finishEpoch(meanLosses: [0, 0, 0])
        #expect(areClose(weighting.coefficients([0, 0, 0]), [1, 1, 1]))
    }

    @Test func normalisingMeasuresEachLossInUnitsOfItsFirst() throws {
        var weighting = try makeWeighting("adaptive", ["normalize": .text("initial")], tasks: 2)
        _ = weighting.finishEpoch(meanLosses: [1000, 0.1])
        #expect(areClose(weighting.coefficients([1, 1]), [1, 1]))
        _ = weighting.finishEpoch(meanLosses: [500, 0.15])
        #expect(areClose(weighting.coefficients([1, 1]), [0.5, 1.5]))
    }

    @Test func normalisingInCadenceBatchStartsWithTheFirstBatchThatHasALabel() throws {
        var weighting = try makeWeighting(
            "adaptive", ["normalize": .text("initial"), "cadence": .text("batch")], tasks: 2)
        #expect(weighting.coefficients([4, nil]) == [1, 0])
        #expect(areClose(weighting.coefficients([4, 10]), [1, 1]))
        #expect(areClose(weighting.coefficients([2, 15]), [0.5, 1.5]))
    }

    @Test(arguments: ["ratio", "softmax"], [1e-300, 1e-3, 1, 1e3, 1e308])
    func weightsSumToTheNumberOfTasksAtEveryScale(form: String, scale: Double) throws {
        var weighting = try makeWeighting("adaptive", ["form": .text(form), "cadence": .text("batch")])
        let weights = weighting.coefficients([0.2 * scale, 0.3 * scale, 0.5 * scale])
        #expect(isClose(weights.reduce(0, +), 3))
        #expect(weights[0] <= weights[1] && weights[1] <= weights[2])
    }
}
