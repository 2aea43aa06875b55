import Glibc
import Testing

@testable import Weighting

@Suite struct LossPropertyTests {
    static let drawless = TaskWeightingTests.lossStrategies.filter { $0 != "random" }

    @Test(arguments: drawless)
    func permutingTheTasksPermutesTheWeights(strategy: String) throws {
        let order = [2, 0, 3, 1]
        var straight = try makeWeighting(strategy, tasks: 4)
        var permuted = try makeWeighting(strategy, tasks: 4)
        for epoch in 1...6 {
            let losses = [1, 0.1 * Double(epoch), 20 / Double(epoch), 0.003]
            let moved = order.map { losses[$0] }
            let expected = straight.coefficients(losses)
            #expect(areClose(permuted.coefficients(moved), order.map { expected[$0] }, 1e-9))
            straight.observeAfterStep(losses: losses.map { $0 * $0 / (1 + $0) })
            permuted.observeAfterStep(losses: moved.map { $0 * $0 / (1 + $0) })
            _ = straight.finishEpoch(meanLosses: losses)
            _ = permuted.finishEpoch(meanLosses: moved)
        }
    }

    @Test(arguments: RandomWeights.Distribution.allCases)
    func permutingTheDrawsPermutesTheRandomWeights(distribution: RandomWeights.Distribution) {
        let draws = [0.2, 0.9, 0.5]
        let weights = RandomWeights.weights(draws: draws, distribution, .one)
        let permuted = RandomWeights.weights(draws: [0.5, 0.2, 0.9], distribution, .one)
        #expect(areClose(permuted, [weights[2], weights[0], weights[1]]))
        #expect(isClose(weights.reduce(0, +), 1))
        #expect(isClose(RandomWeights.weights(draws: draws, distribution, .n).reduce(0, +), 3))
    }

    @Test func aDirichletDrawIsUniformOnTheSimplex() throws {
        // Of two tasks, each weight is then uniform on (0, 1): mean ½ and variance 1/12.
        var weighting = try makeWeighting("random", ["distribution": .text("dirichlet")], tasks: 2)
        let weights = (0..<4000).map { weighting.coefficients([1, 1], seed: $0)[0] }
        let mean = weights.reduce(0, +) / 4000
        let variance = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
        #expect(abs(mean - 0.5) < 0.02 && abs(variance - 1 / 12.0) < 0.005)
    }

    @Test func staticWeightsAreTheTasksOwn() throws {
        let tasks = [0.5, 2, 0].map { WeightedTask(name: "task", kind: .regression, staticWeight: $0) }
        var weighting = try TaskWeighting(WeightingConfiguration(strategy: "static"), tasks: tasks)
        #expect(weighting.coefficients([1, 1, 1]) == [0.5, 2, 0])
    }

    @Test func regressionLossesAreHalvedByUncertaintyAndTheOthersAreNot() throws {
        let tasks = WeightedTask.Kind.allCases.map { WeightedTask(name: $0.rawValue, kind: $0) }
        var weighting = try TaskWeighting(WeightingConfiguration(strategy: "uncertainty"), tasks: tasks)
        #expect(weighting.coefficients([1, 1, 1, 1]) == [1, 1, 1, 0.5])
    }

    @Test func uncertaintySettlesWhereTheWeightedLossIsAHalf() throws {
        var weighting = try makeWeighting("uncertainty", ["learning_rate": .number(0.05)], tasks: 2)
        for _ in 0..<3000 { _ = weighting.coefficients([4, 0.25]) }
        let weights = weighting.coefficients([4, 0.25])
        #expect(isClose(weights[0] * 4, 0.5, 1e-2) && isClose(weights[1] * 0.25, 0.5, 1e-2))
    }

    @Test func impartialScalesBringEveryLossToOne() throws {
        var weighting = try makeWeighting("imtl_l", ["learning_rate": .number(0.05)], tasks: 2)
        for _ in 0..<3000 { _ = weighting.coefficients([4, 0.25]) }
        let weights = weighting.coefficients([4, 0.25])
        #expect(isClose(weights[0] * 4, 1, 1e-2) && isClose(weights[1] * 0.25, 1, 1e-2))
    }

    @Test func geometricWeightsAreTheDerivativeOfTheGeometricMean() {
        let losses = [0.5, 2, 7]
        let weights = GeometricMean.weights(losses)
        for task in losses.indices {
            func mean(_ loss: Double) -> Double {
                let others = losses.indices.filter { $0 != task }.reduce(1) { $0 * losses[$1] }
                return cbrt(others * loss)
            }
            let derivative = (mean(losses[task] + 1e-5) - mean(losses[task] - 1e-5)) / 2e-5
            #expect(isClose(weights[task], derivative, 1e-8))
        }
    }

    @Test func theGeometricMeanOfManyExtremeLossesNeitherOverflowsNorVanishes() {
        let losses = (0..<200).map { $0.isMultiple(of: 2) ? 1e-3 : 1e3 } + [1e-300, 1e300]
        let products = zip(GeometricMean.weights(losses), losses).map { $0 * $1 * Double(losses.count) }
        // Every wᵢLᵢ is GLS/n, and GLS is 1 here.
        for product in products { #expect(isClose(product, 1, 1e-9)) }
    }

    @Test func aTaskThatStandsStillOutweighsOneThatFalls() throws {
        var weighting = try makeWeighting("dwa", tasks: 2)
        #expect(weighting.coefficients([1, 1]) == [1, 1])
        _ = weighting.finishEpoch(meanLosses: [2, 2])
        #expect(weighting.coefficients([1, 1]) == [1, 1])
        _ = weighting.finishEpoch(meanLosses: [2, 1])
        // r = (1, ½), T = 2: 2·softmax(½, ¼).
        let expected = 2 / (1 + exp(-0.25))
        #expect(areClose(weighting.coefficients([1, 1]), [expected, 2 - expected]))
        _ = weighting.finishEpoch(meanLosses: [1, nil])
        let kept = 2 / (1 + exp(0.0))
        #expect(areClose(weighting.coefficients([1, 1]), [kept, 2 - kept]))
    }

    @Test func theWarmUpDescendsLogLossesAndItsLastEpochGivesTheNadir() throws {
        var weighting = try makeWeighting("stch", ["warmup_epochs": .integer(2)], tasks: 2)
        #expect(weighting.coefficients([4, 0.5]) == [0.25, 2])
        _ = weighting.finishEpoch(meanLosses: [100, 100])
        #expect(weighting.coefficients([4, 0.5]) == [0.25, 2])
        _ = weighting.finishEpoch(meanLosses: [4, 1])
        // Over the nadir the losses are 1 and ½: n·softmax(log)ᵢ/Lᵢ = 2·(⅔, ⅓)/(4, ½).
        #expect(areClose(weighting.coefficients([4, 0.5]), [1 / 3.0, 4 / 3.0]))
        _ = weighting.finishEpoch(meanLosses: [1, 1])
        #expect(areClose(weighting.coefficients([4, 0.5]), [1 / 3.0, 4 / 3.0]))
    }

    @Test func theSmoothMaximumApproachesTheLargestLoss() throws {
        var weighting = try makeWeighting("stch", ["form": .text("paper"), "mu": .number(1e-3)])
        #expect(areClose(weighting.coefficients([1, 3, 2]), [0, 1 / 3.0, 0]))
    }

    @Test func preferenceAndIdealPointMoveTheSmoothMaximum() throws {
        let parameters: [String: ParameterValue] = [
            "form": .text("paper"), "mu": .number(1), "preference": .numbers([2, 1]), "ideal": .numbers([1, 0]),
        ]
        var weighting = try makeWeighting("stch", parameters, tasks: 2)
        // λ(L − z) = (2·(2−1), 1·2): the softmax is even.
        #expect(areClose(weighting.coefficients([2, 2]), [1, 0.5]))
    }

    @Test func numbersForTheWrongCountOfTasksAreRefused() throws {
        let configuration = try WeightingConfiguration(
            strategy: "stch", parameters: ["preference": .numbers([1, 2])])
        #expect(configuration.problems(for: makeTasks(2)).isEmpty)
        #expect(configuration.problems(for: makeTasks(3)).map(\.member) == ["preference"])
    }

    @Test func famoDescendsEveryLogLossAtOneRate() throws {
        // A loss falling slower than the others gains weight.
        var weighting = try makeWeighting("famo", tasks: 2)
        #expect(isClose(weighting.coefficients([1, 1])[0], 0.5))
        for _ in 0..<20 {
            _ = weighting.coefficients([1, 1])
            weighting.observeAfterStep(losses: [0.999, 0.9])
        }
        #expect(weighting.coefficients([1, 1])[0] > 0.55)
    }

    @Test func aBoundAboveZeroIsRefusedByFamoBecauseALossCanReachIt() {
        #expect(throws: WeightingProblems.self) {
            try WeightingConfiguration(strategy: "famo", parameters: ["lower_bounds": .numbers([0.1, 0])])
        }
    }
}
