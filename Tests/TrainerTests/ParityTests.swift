import Foundation
import Jobs
import Kernels
import Testing

@testable import Trainer

/// Training against PyTorch in double precision, and single against double precision.
///
/// `Reference/make_reference.py` makes the files; reading them needs no Python.
struct ParityTests {
    /// A file of reference values, as lines of fields.
    static func read(_ name: String) throws -> [[String]] {
        let url = try #require(Bundle.module.url(forResource: "Reference/\(name)", withExtension: "csv"))
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
            $0.components(separatedBy: ",")
        }
    }

    private static func distance(_ actual: Double, _ expected: Double) -> Double {
        abs(actual - expected) / max(abs(expected), 1e-3)
    }

    @Test(arguments: ParityProblem.all)
    func doublePrecisionTrainsAsPyTorchDoes(_ problem: ParityProblem) throws {
        let recorded = try Self.read(problem.testDescription)
        let losses = Dictionary(
            uniqueKeysWithValues: try recorded.filter { $0[0] == "loss" }.map { ($0[1], try #require(Double($0[2]))) })
        let setup = try problem.makeSetup()
        #expect(losses.count == ParityProblem.steps * setup.tasks.count)
        let step = try problem.makeStep(setup, Double.self)
        for index in 0..<problem.stepsInDouble {
            let report = try step.run(index, problem, setup)
            for (task, loss) in zip(setup.tasks, report.losses) {
                let expected = try #require(losses["\(task.name) \(index)"])
                #expect(Self.distance(loss.mean, expected) < 1e-8, "\(task.name), step \(index)")
            }
        }
        try expectTensors(recorded.filter { $0[0] == "tensor \(problem.stepsInDouble)" }, of: step.network)
    }

    private func expectTensors(_ recorded: [[String]], of network: Network<Double>) throws {
        let plan = network.plan
        #expect(recorded.count == plan.parameters.entries.count + plan.statistics.entries.count)
        for line in recorded {
            let values = try line.dropFirst(2).map { try #require(Double($0)) }
            let actual: [Double]
            if let entry = plan.parameters[line[1]] {
                actual = Array(network.parameters.span[entry.range])
            } else {
                actual = Array(network.statistics.span[try #require(plan.statistics[line[1]]).range])
            }
            let sums = [actual.reduce(0, +), actual.reduce(0) { $0 + $1 * $1 }]
            for (actual, expected) in zip(sums + actual.prefix(4), values) {
                #expect(Self.distance(actual, expected) < 1e-6, "\(line[1])")
            }
        }
    }

    @Test(arguments: ParityProblem.all)
    func singlePrecisionFollowsDoublePrecision(_ problem: ParityProblem) throws {
        let setup = try problem.makeSetup()
        let single = try problem.makeStep(setup, Float.self)
        let double = try problem.makeStep(setup, Double.self)
        for index in 0..<problem.stepsInSingle {
            let losses = try (
                single.run(index, problem, setup).losses, double.run(index, problem, setup).losses
            )
            for (actual, expected) in zip(losses.0, losses.1) {
                #expect(Self.distance(actual.mean, expected.mean) < problem.toleranceInSingle, "step \(index)")
            }
            // From the same state only in the first step.
            if index == 0 {
                expectAgreement(single.network.gradients, double.network.gradients, setup.plan, "gradient", 1e-4)
            }
        }
        expectAgreement(
            single.network.parameters, double.network.parameters, setup.plan, "value", problem.toleranceInSingle)
    }

    /// Each parameter's difference against its norm.
    private func expectAgreement(
        _ single: AlignedBuffer<Float>, _ double: AlignedBuffer<Double>, _ plan: NetworkPlan, _ what: String,
        _ tolerance: Double
    ) {
        for entry in plan.parameters.entries {
            let squares = entry.range.map { index in
                (difference: Double(single[index]) - double[index], value: double[index])
            }
            let difference = squares.reduce(0) { $0 + $1.difference * $1.difference }.squareRoot()
            let norm = squares.reduce(0) { $0 + $1.value * $1.value }.squareRoot()
            #expect(difference <= tolerance * norm, "\(what) of \(entry.plan.name)")
        }
    }
}
