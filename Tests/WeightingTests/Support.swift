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
