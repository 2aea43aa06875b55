import Foundation
import Testing

@testable import Weighting

/// Every strategy against values made outside: by torchjd where it has the method, else from the papers in NumPy.
///
/// `Reference/make_reference.py` makes the files; reading them needs no Python.
@Suite struct ReferenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        let strategy: String
        var parameters: [String: ParameterValue] = [:]
        /// Where a solver stands behind the weights their direction is compared: for a singular Gramian they are not unique.
        var comparesDirection = false
        /// Relative, of the direction.
        var tolerance = 1e-4
        var testDescription: String { file }
    }

    static let cases = [
        Case(file: "adaptive", strategy: "adaptive"),
        Case(
            file: "adaptive_softmax_batch", strategy: "adaptive",
            parameters: ["form": .text("softmax"), "cadence": .text("batch")]),
        Case(file: "uncertainty", strategy: "uncertainty", parameters: ["learning_rate": .number(0.05)]),
        Case(
            file: "uncertainty_uniform", strategy: "uncertainty",
            parameters: ["form": .text("uniform"), "learning_rate": .number(0.05)]),
        Case(file: "dwa", strategy: "dwa"),
        Case(file: "geometric", strategy: "geometric"),
        Case(file: "random", strategy: "random"),
        Case(file: "random_dirichlet", strategy: "random", parameters: ["distribution": .text("dirichlet")]),
        Case(file: "imtl_l", strategy: "imtl_l", parameters: ["learning_rate": .number(0.05)]),
        Case(file: "stch", strategy: "stch"),
        Case(file: "stch_paper", strategy: "stch", parameters: ["form": .text("paper"), "mu": .number(0.5)]),
        Case(file: "famo", strategy: "famo"),
        Case(file: "gradnorm", strategy: "gradnorm", parameters: ["learning_rate": .number(0.05)]),
        Case(file: "excess", strategy: "excess", parameters: ["warmup_steps": .integer(3)]),
        Case(file: "mgda", strategy: "mgda", comparesDirection: true),
        // torchjd's own iteration stops short of the solution.
        Case(file: "mgda_torchjd", strategy: "mgda", comparesDirection: true, tolerance: 1e-3),
        Case(
            file: "mgda_l2", strategy: "mgda",
            parameters: ["norm": .text("l2"), "applied_to": .text("normalized_gradients")], comparesDirection: true),
        Case(file: "pcgrad", strategy: "pcgrad"),
        Case(file: "gradvac", strategy: "gradvac"),
        Case(file: "cagrad", strategy: "cagrad", comparesDirection: true),
        Case(file: "graddrop", strategy: "graddrop"),
        Case(file: "imtl_g", strategy: "imtl_g", comparesDirection: true),
        Case(file: "nash_mtl", strategy: "nash_mtl", comparesDirection: true),
        Case(file: "moco", strategy: "moco"),
        Case(file: "aligned_mtl", strategy: "aligned_mtl", comparesDirection: true),
        Case(file: "db_mtl", strategy: "db_mtl"),
        Case(file: "fairgrad", strategy: "fairgrad", parameters: ["alpha": .number(2)], comparesDirection: true),
        Case(file: "upgrad", strategy: "upgrad", comparesDirection: true),
        Case(file: "config", strategy: "config"),
        Case(file: "dualproj", strategy: "dualproj", comparesDirection: true),
        Case(file: "sdmgrad", strategy: "sdmgrad"),
        Case(file: "modo", strategy: "modo"),
    ]

    @Test(arguments: cases)
    func agreesWithItsReference(_ reference: Case) throws {
        let recorded = try Self.read(reference.file)
        #expect(recorded.count >= 44)
        for problem in ReferenceProblem.all {
            for (step, outcome) in try Self.run(reference, problem) {
                if let weights = recorded[Key(problem.name, step, "weights")] {
                    if reference.comparesDirection {
                        let expected = combined(problem, step, weights)
                        #expect(
                            relativeDistance(outcome.direction, expected) < reference.tolerance,
                            "\(problem.name) \(step)")
                    } else {
                        #expect(relativeDistance(outcome.weights, weights) < 1e-5, "\(problem.name) \(step)")
                    }
                }
                if let direction = recorded[Key(problem.name, step, "direction")] {
                    #expect(relativeDistance(outcome.direction, direction) < 1e-5, "\(problem.name) \(step)")
                }
            }
        }
    }

    @Test func everyStrategyThatComputesSomethingHasAReference() {
        let compared = Set(Self.cases.map(\.strategy))
        #expect(Set(WeightingStrategies.all.map(\.name)).subtracting(compared) == ["equal", "static"])
    }

    private struct Outcome {
        var weights: [Double]
        var direction: [Double]
    }

    /// Runs all steps of a problem; the kinds of the tasks alternate as `papers.py` has them.
    private static func run(_ reference: Case, _ problem: ReferenceProblem) throws -> [(Int, Outcome)] {
        let tasks = (0..<problem.tasks).map {
            WeightedTask(name: "task\($0)", kind: $0.isMultiple(of: 2) ? .regression : .classification)
        }
        let configuration = try WeightingConfiguration(
            strategy: reference.strategy, parameters: reference.parameters)
        var weighting = try TaskWeighting(configuration, tasks: tasks)
        return (1...ReferenceProblem.steps).map { step in
            let outcome = take(step, of: problem, &weighting)
            if step.isMultiple(of: ReferenceProblem.stepsPerEpoch) {
                let means = problem.meanLosses(epoch: step / ReferenceProblem.stepsPerEpoch)
                _ = weighting.finishEpoch(meanLosses: means)
            }
            return (step, outcome)
        }
    }

    private static func take(_ number: Int, of problem: ReferenceProblem, _ weighting: inout TaskWeighting) -> Outcome {
        let step = problem.step(number)
        var draws = problem.draws(number)
        guard weighting.descriptor.kind == .gradient else {
            let weights = weighting.coefficients(losses: step.losses, using: &draws)
            weighting.observeAfterStep(losses: step.after)
            return Outcome(weights: weights, direction: [])
        }
        let first = step.gradients[0]
        let gramian =
            weighting.gradientInput == .crossGramian ? products(first, step.gradients[1]) : products(first, first)
        let flat = first.flatMap { $0.map { Float($0) } }
        var written = [Float](repeating: 0, count: ReferenceProblem.width)
        var span = written.mutableSpan
        let before = weighting.effectiveSums
        let update = weighting.direction(
            losses: step.losses, gramian: gramian, gradients: flat.span, into: &span, using: &draws)
        switch update {
        case .combination(let coefficients):
            return Outcome(weights: coefficients, direction: sum(first, coefficients))
        case .written:
            let weights = zip(weighting.effectiveSums, before).map { $0 - $1 }
            return Outcome(weights: weights, direction: written.map(Double.init))
        }
    }

    private static func sum(_ rows: [[Double]], _ coefficients: [Double]) -> [Double] {
        (0..<ReferenceProblem.width).map { parameter in
            rows.indices.reduce(0) { $0 + coefficients[$1] * rows[$1][parameter] }
        }
    }

    private func combined(_ problem: ReferenceProblem, _ step: Int, _ weights: [Double]) -> [Double] {
        Self.sum(problem.step(step).gradients[0], weights)
    }

    private func relativeDistance(_ a: [Double], _ b: [Double]) -> Double {
        guard a.count == b.count else { return .infinity }
        return norm(zip(a, b).map { $0 - $1 }) / max(norm(b), .leastNormalMagnitude)
    }

    private struct Key: Hashable {
        let problem: String
        let step: Int
        let what: String

        init(_ problem: String, _ step: Int, _ what: String) {
            self.problem = problem
            self.step = step
            self.what = what
        }
    }

    private static func read(_ file: String) throws -> [Key: [Double]] {
        let url = try #require(
            Bundle.module.url(forResource: file, withExtension: "csv", subdirectory: "Reference"))
        let text = try String(contentsOf: url, encoding: .utf8)
        var values: [Key: [Double]] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ",").map(String.init)
            let step = try #require(fields.count > 3 ? Int(fields[1]) : nil)
            values[Key(fields[0], step, fields[2])] = try fields[3...].map { try #require(Double($0)) }
        }
        return values
    }
}

extension TaskWeighting {
    /// The sums behind the epoch's mean weights, from which a single step's are read.
    fileprivate var effectiveSums: [Double] { state.numbers["epoch.sums"] ?? [] }
}
