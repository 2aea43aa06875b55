import Testing

@testable import Weighting

@Suite struct GradientPropertyTests {
    /// Every problem shape: few and many tasks, aligned and conflicting, of like and of very unlike size.
    static let problems: [GradientProblem] = [2, 3, 5, 10].flatMap { tasks in
        [-2, -0.5, 0, 1].flatMap { agreement in
            [0, 3].map { spread in
                .random(tasks: tasks, agreement: agreement, spread: spread, seed: UInt64(tasks * 100 + Int(spread)))
            }
        }
    }

    @Test(arguments: problems)
    func minNormDescendsEveryTaskByAtLeastItsSquare(problem: GradientProblem) throws {
        var weighting = try makeWeighting("mgda", tasks: problem.rows.count)
        let outcome = weighting.outcome(of: problem)
        let square = dot(outcome.direction, outcome.direction)
        for row in problem.rows { #expect(inner(outcome.direction, row) >= square * (1 - 1e-7)) }
        #expect(isClose(outcome.known.reduce(0, +), 1) && outcome.known.allSatisfy { $0 >= 0 })
        #expect(outcome.solverFallbacks == 0)
    }

    @Test(arguments: ["upgrad", "dualproj"], problems)
    func aProjectionOntoTheDualConeRaisesNoLoss(strategy: String, problem: GradientProblem) throws {
        var weighting = try makeWeighting(strategy, tasks: problem.rows.count)
        let outcome = weighting.outcome(of: problem)
        for row in problem.rows {
            let length = norm(row.map(Double.init))
            #expect(inner(outcome.direction, row) >= -1e-8 * norm(outcome.direction) * length)
        }
        #expect(outcome.solverFallbacks == 0)
    }

    @Test(arguments: problems)
    func theNashSolutionGivesEveryTaskTheInverseOfItsWeight(problem: GradientProblem) throws {
        var weighting = try makeWeighting("nash_mtl", tasks: problem.rows.count)
        let outcome = weighting.outcome(of: problem)
        #expect(outcome.solverFallbacks == 0)
        for (row, weight) in zip(problem.rows, outcome.known) {
            #expect(isClose(inner(outcome.direction, row) * weight, 1, 1e-6))
        }
    }

    @Test(arguments: [0.3, 1, 2, 10], problems)
    func fairWeightsSolveTheirEquation(alpha: Double, problem: GradientProblem) throws {
        var weighting = try makeWeighting("fairgrad", ["alpha": .number(alpha)], tasks: problem.rows.count)
        let outcome = weighting.outcome(of: problem)
        #expect(outcome.solverFallbacks == 0)
        for (row, weight) in zip(problem.rows, outcome.known) {
            let gain = inner(outcome.direction, row)
            let size = norm(outcome.direction) * norm(row.map(Double.init))
            #expect(abs(gain - power(weight, -1 / alpha)) <= 1e-7 * size)
        }
    }

    @Test(arguments: ["config", "imtl_g"], problems)
    func impartialDirectionsProjectEquallyOntoAllGradients(strategy: String, problem: GradientProblem) throws {
        var weighting = try makeWeighting(strategy, tasks: problem.rows.count)
        let direction = weighting.outcome(of: problem).direction
        let projections = problem.rows.map { inner(direction, $0) / norm($0.map(Double.init)) }
        for projection in projections { #expect(isClose(projection / projections[0], 1, 1e-6)) }
    }

    @Test(arguments: problems)
    func theConflictFreeDirectionIsAsLongAsTheProjectionsTogether(problem: GradientProblem) throws {
        var weighting = try makeWeighting("config", tasks: problem.rows.count)
        let direction = weighting.outcome(of: problem).direction
        let sum = problem.combined(problem.rows.map { _ in 1 })
        #expect(isClose(dot(direction, sum) / dot(direction, direction), 1, 1e-6))
    }

    @Test(arguments: problems)
    func theConflictAverseDirectionBeatsEveryOtherInItsBall(problem: GradientProblem) throws {
        var weighting = try makeWeighting("cagrad", tasks: problem.rows.count)
        let outcome = weighting.outcome(of: problem)
        #expect(outcome.solverFallbacks == 0)
        let mean = problem.combined(problem.rows.map { _ in 1 / Double(problem.rows.count) })
        let offset = zip(outcome.direction, mean).map { $0 - $1 }
        let radius = 0.5 * norm(mean)
        #expect(norm(offset) <= radius * (1 + 1e-9))
        func worst(_ direction: [Double]) -> Double { problem.rows.map { inner(direction, $0) }.min() ?? 0 }
        let best = worst(outcome.direction)
        var random = SeededGenerator(11)
        for scale in [1e-4, 1e-2, 0.3] {
            for _ in 0..<50 {
                let moved = offset.map { $0 + scale * radius * random.normal() }
                let shrink = min(1, radius / norm(moved))
                let other = worst(zip(mean, moved).map { $0 + shrink * $1 })
                #expect(other <= best + 1e-7 * norm(mean) * radius)
            }
        }
    }

    @Test(arguments: problems)
    func alignedComponentsHaveConditionNumberOne(problem: GradientProblem) throws {
        // With the preference eᵢ, the direction is row i of the aligned matrix: all rows are orthogonal and of one length.
        let tasks = problem.rows.count
        let rows = try (0..<tasks).map { task in
            var preference = Array(repeating: 0.0, count: tasks)
            preference[task] = 1
            var weighting = try makeWeighting("aligned_mtl", ["preference": .numbers(preference)], tasks: tasks)
            return weighting.outcome(of: problem).direction
        }
        let square = dot(rows[0], rows[0])
        for i in rows.indices {
            for j in rows.indices { #expect(isClose(dot(rows[i], rows[j]) / square, i == j ? 1 : 0, 1e-5)) }
        }
    }

    @Test(arguments: problems)
    func balancedLogGradientsHaveOneLength(problem: GradientProblem) throws {
        var weighting = try makeWeighting("db_mtl", tasks: problem.rows.count)
        let outcome = weighting.outcome(of: problem)
        let lengths = zip(outcome.known, problem.rows).map { $0 * norm($1.map(Double.init)) }
        for length in lengths { #expect(isClose(length / lengths[0], 1, 1e-5)) }
    }

    /// Strategies without draws, and those whose draws do not depend on the order of the tasks.
    static let drawless = GradientGuardTests.strategies.filter { !["pcgrad", "gradvac"].contains($0) }

    @Test(arguments: drawless, [GradientProblem.random(tasks: 5, agreement: -0.5, seed: 3)])
    func permutingTheTasksPermutesTheWeights(strategy: String, problem: GradientProblem) throws {
        let order = [3, 0, 4, 1, 2]
        var straight = try makeWeighting(strategy, tasks: 5)
        var permuted = try makeWeighting(strategy, tasks: 5)
        for _ in 0..<3 {
            let expected = straight.outcome(of: problem)
            let outcome = permuted.outcome(of: problem.permuted(order))
            #expect(areClose(outcome.known, order.map { expected.known[$0] }, 1e-6))
            #expect(areClose(outcome.direction, expected.direction, 1e-4))
        }
    }

    @Test func permutingTheTasksAndTheirOrdersPermutesTheProjections() {
        let problem = GradientProblem.random(tasks: 4, agreement: -1, seed: 5)
        let orders = [[1, 2, 3], [3, 0, 2], [0, 3, 1], [2, 1, 0]]
        let permutation = [2, 0, 3, 1]
        let straight = ProjectingConflicting.coefficients(problem.gramian, orders: orders)
        let moved = ProjectingConflicting.coefficients(
            problem.permuted(permutation).gramian,
            orders: permutation.map { orders[$0].map { permutation.firstIndex(of: $0) ?? 0 } })
        #expect(areClose(moved, permutation.map { straight[$0] }))
        #expect(straight != [1, 1, 1, 1])
    }

    @Test func orthogonalGradientsArePassedThroughAsTheirSum() throws {
        var weighting = try makeWeighting("pcgrad", tasks: 2)
        #expect(weighting.outcome(of: GradientProblem([[3, 0], [0, 5]])).weights == [1, 1])
    }

    @Test func conflictingGradientsLoseTheirCommonPart() throws {
        // g₁ = (1, 0), g₂ = (−1, 1): g₁ keeps (½, ½), g₂ keeps (0, 1).
        var weighting = try makeWeighting("pcgrad", tasks: 2)
        #expect(areClose(weighting.outcome(of: GradientProblem([[1, 0], [-1, 1]])).direction, [0.5, 1.5]))
    }

    @Test func theVaccineTurnsAGradientToItsTargetCosine() {
        let problem = GradientProblem([[1, 0], [-0.6, 0.8]])
        guard var vaccine = try? GradientVaccine(.init(strategy: "gradvac"), tasks: makeTasks(2)) else { return }
        try? vaccine.restore(StrategyState(numbers: ["targets": [0, 0.5, 0.5, 0]]))
        let step = GradientStep(tasks: [0, 1], losses: [1, 1], gramian: problem.gramian)
        // Turning both by hand: each new gradient has cosine 0.5 with the other's original.
        let total = vaccine.coefficients(step, orders: [[1], [0]])
        let multiple = total[1] - 1
        let turned = problem.combined([1, multiple])
        #expect(isClose(cosine(turned, problem.combined([0, 1])), 0.5, 1e-6))
        #expect(isClose(total[0], total[1], 1e-6))
    }

    @Test func signDropoutKeepsAgreeingGradientsWhole() throws {
        var weighting = try makeWeighting("graddrop", tasks: 2)
        let outcome = weighting.outcome(of: GradientProblem([[1, -2, 3], [2, -1, 1]]))
        #expect(outcome.direction == [3, -3, 4])
        #expect(outcome.weights == [1, 1])
    }

    @Test func signDropoutPassesOneSignOnlyAsOftenAsItsShare() throws {
        var weighting = try makeWeighting("graddrop", tasks: 2)
        let width = 4000
        let problem = GradientProblem([
            Array(repeating: 3, count: width), Array(repeating: -1, count: width),
        ])
        let outcome = weighting.outcome(of: problem)
        #expect(outcome.direction.allSatisfy { $0 == 3 || $0 == -1 })
        let positive = Double(outcome.direction.count { $0 == 3 }) / Double(width)
        #expect(abs(positive - 0.75) < 0.03)
        #expect(areClose(outcome.known, [positive, 1 - positive]))
    }

    @Test func aLeakLetsPartOfADroppedGradientPass() throws {
        var weighting = try makeWeighting("graddrop", ["leak": .number(0.25)], tasks: 2)
        let outcome = weighting.outcome(of: GradientProblem([[4, 4], [-4, -4]]))
        #expect(outcome.direction.allSatisfy { abs($0) == 3 })
    }

    static let scaleInvariant = ["config", "imtl_g", "mgda", "upgrad", "dualproj", "cagrad", "aligned_mtl", "pcgrad"]

    @Test(arguments: scaleInvariant, [1e-9, 1e9])
    func scalingAllGradientsScalesTheDirection(strategy: String, factor: Float) throws {
        let problem = GradientProblem.random(tasks: 4, agreement: -0.5, seed: 9)
        var scaled = problem
        scaled.rows = problem.rows.map { $0.map { $0 * factor } }
        var first = try makeWeighting(strategy, tasks: 4)
        var second = try makeWeighting(strategy, tasks: 4)
        let expected = first.outcome(of: problem)
        let outcome = second.outcome(of: scaled)
        #expect(areClose(outcome.known, expected.known, 1e-5))
    }

    @Test func normalisedMinNormIsBlindToTheGradientsLengths() throws {
        let problem = GradientProblem.random(tasks: 3, agreement: 0, seed: 4)
        var stretched = problem
        stretched.rows[0] = problem.rows[0].map { $0 * 1000 }
        let parameters: [String: ParameterValue] = [
            "norm": .text("l2"), "applied_to": .text("normalized_gradients"),
        ]
        var first = try makeWeighting("mgda", parameters)
        var second = try makeWeighting("mgda", parameters)
        #expect(
            areClose(first.outcome(of: problem).direction, second.outcome(of: stretched).direction, 1e-5))
    }

    @Test func aSlowTaskGainsGradientNormWeight() throws {
        var weighting = try makeWeighting("gradnorm", tasks: 2)
        var problem = GradientProblem(losses: [1, 1], [[1, 0], [0, 1]])
        #expect(weighting.outcome(of: problem).weights == [1, 1])
        problem.losses = [0.9, 0.1]
        for _ in 0..<30 { _ = weighting.outcome(of: problem) }
        let weights = weighting.outcome(of: problem).known
        #expect(weights[0] > 1.2 && isClose(weights[0] + weights[1], 2))
    }

    @Test func theLayerOfGradnormSaysWhatTheTrainerMustCompute() throws {
        let last = try makeWeighting("gradnorm")
        #expect(last.gradientInput == .lastSharedLayer && last.cost.trunkBackwards(tasks: 3) == 1)
        let all = try makeWeighting("gradnorm", ["layer": .text("all_shared")])
        #expect(all.gradientInput == .gramian && all.cost.trunkBackwards(tasks: 3) == 3)
    }
}
