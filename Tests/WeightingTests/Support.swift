import Glibc
import Testing

@testable import Weighting

/// SplitMix64: a small generator whose stream is fixed by its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

func makeTasks(_ count: Int, _ kind: WeightedTask.Kind = .classification) -> [WeightedTask] {
    (0..<count).map { WeightedTask(name: "task\($0)", kind: kind) }
}

func makeWeighting(
    _ strategy: String, _ parameters: [String: ParameterValue] = [:], tasks: Int = 3,
    kind: WeightedTask.Kind = .classification
) throws -> TaskWeighting {
    try TaskWeighting(
        WeightingConfiguration(strategy: strategy, parameters: parameters), tasks: makeTasks(tasks, kind))
}

extension TaskWeighting {
    /// The coefficients of a batch for strategies that draw nothing.
    mutating func coefficients(_ losses: [Double?], seed: UInt64 = 1) -> [Double] {
        var random = SeededGenerator(seed)
        return coefficients(losses: losses, using: &random)
    }
}

/// Equal to a relative tolerance, or to the same absolute one near 0.
func isClose(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool {
    a == b || abs(a - b) <= tolerance * max(1, abs(a), abs(b))
}

func areClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-12) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { isClose($0, $1, tolerance) }
}

/// No infinity and no NaN among those that are known.
func areFinite(_ numbers: [Double?]) -> Bool {
    numbers.allSatisfy { $0?.isFinite ?? true }
}

/// One step's gradients on the shared parameters, a row a task.
struct GradientProblem: Sendable, CustomTestStringConvertible {
    var name = ""
    var losses: [Double?]
    var rows: [[Float]]

    var testDescription: String { name }

    init(_ name: String, losses: [Double?]? = nil, _ rows: [[Float]]) {
        self.init(losses: losses, rows)
        self.name = name
    }

    init(losses: [Double?]? = nil, _ rows: [[Float]]) {
        self.losses = losses ?? rows.map { _ in 1 }
        self.rows = rows
    }

    /// Normal draws times a scale for each task, plus a shared part that makes the tasks agree (+) or fight (−).
    static func random(tasks: Int, width: Int = 12, agreement: Double, spread: Double = 1, seed: UInt64) -> Self {
        var random = SeededGenerator(seed)
        let shared = (0..<width).map { _ in random.normal() }
        let rows = (0..<tasks).map { task in
            let sign = agreement < 0 && !task.isMultiple(of: 2) ? -1.0 : 1.0
            let size = power(10, spread * (2 * random.uniform() - 1))
            return shared.map { Float(size * (random.normal() + sign * abs(agreement) * $0)) }
        }
        let losses = (0..<tasks).map { _ in Optional(power(10, spread * (2 * random.uniform() - 1))) }
        return GradientProblem("\(tasks) tasks, agreement \(agreement), spread \(spread)", losses: losses, rows)
    }

    /// Inner products in double.
    var gramian: SquareMatrix {
        let products = rows.map { a in rows.map { b in zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } } }
        return SquareMatrix(rows: products) ?? SquareMatrix(size: 0)
    }

    /// Σ cᵢgᵢ.
    func combined(_ coefficients: [Double]) -> [Double] {
        (0..<(rows.first?.count ?? 0)).map { parameter in
            rows.indices.reduce(0) { $0 + coefficients[$1] * Double(rows[$1][parameter]) }
        }
    }

    func permuted(_ order: [Int]) -> GradientProblem {
        GradientProblem(name, losses: order.map { losses[$0] }, order.map { rows[$0] })
    }
}

/// What one step of a gradient strategy came to.
struct StepOutcome: Equatable {
    /// The effective weights; nil for tasks without a label.
    var weights: [Double?]
    var direction: [Double]
    var solverFallbacks: Int

    var known: [Double] { weights.compactMap { $0 } }
}

extension TaskWeighting {
    /// One step, taken as an epoch of its own so that the effective weights can be read.
    mutating func outcome(of problem: GradientProblem, seed: UInt64 = 1) -> StepOutcome {
        var direction = Array(repeating: Float(0), count: problem.rows.first?.count ?? 0)
        let update = step(problem, seed: seed, into: &direction)
        let epoch = finishEpoch(meanLosses: problem.losses)
        switch update {
        case .combination(let coefficients):
            return StepOutcome(
                weights: epoch.weights, direction: problem.combined(coefficients),
                solverFallbacks: epoch.solverFallbacks)
        case .written:
            return StepOutcome(
                weights: epoch.weights, direction: direction.map(Double.init), solverFallbacks: epoch.solverFallbacks)
        }
    }

    mutating func step(_ problem: GradientProblem, seed: UInt64, into direction: inout [Float]) -> UpdateDirection {
        var random = SeededGenerator(seed)
        let flat = gradientInput == .vectors ? problem.rows.flatMap { $0 } : []
        var span = direction.mutableSpan
        return self.direction(
            losses: problem.losses, gramian: problem.gramian, gradients: flat.span, into: &span, using: &random)
    }
}

func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

func inner(_ a: [Double], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * Double($1.1) } }

func cosine(_ a: [Double], _ b: [Double]) -> Double { dot(a, b) / (norm(a) * norm(b)) }
