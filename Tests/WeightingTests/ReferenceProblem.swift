import Glibc

@testable import Weighting

/// The seeded losses and gradients of `Reference/problems.py`, number for number.
struct ReferenceProblem: Sendable {
    static let width = 16
    static let steps = 50
    static let stepsPerEpoch = 5

    let name: String
    let tasks: Int
    let shared: Int
    let fights: Bool
    let seed: UInt64
    let exponents: [Int]

    static let all = [
        ReferenceProblem("fighting", tasks: 3, shared: 8, fights: true, spread: 0, seed: 1),
        ReferenceProblem("aligned", tasks: 4, shared: 8, fights: false, spread: 3, seed: 2),
        ReferenceProblem("unlike", tasks: 5, shared: 2, fights: true, spread: 10, seed: 3),
        ReferenceProblem("many", tasks: 10, shared: 1, fights: false, spread: 5, seed: 4),
    ]

    private init(_ name: String, tasks: Int, shared: Int, fights: Bool, spread: Int, seed: UInt64) {
        var generator = SeededGenerator(seed)
        self.name = name
        self.tasks = tasks
        self.shared = shared
        self.fights = fights
        self.seed = seed
        exponents = (0..<tasks).map { _ in generator.integer(below: 2 * spread + 1) - spread }
    }

    struct Step {
        var losses: [Double] = []
        var after: [Double] = []
        /// The gradients of three mini-batches.
        var gradients: [[[Double]]] = []
    }

    /// Steps count from 1.
    func step(_ step: Int) -> Step {
        var generator = SeededGenerator(seed * 1000 + UInt64(step))
        let losses = exponents.map { Double(generator.integer(below: 4096) + 256) * power(2, Double($0 - 11)) }
        let after = losses.map { $0 * (Double(generator.integer(below: 256) + 768) / 1024) }
        return Step(losses: losses, after: after, gradients: (0..<3).map { _ in gradients(&generator) })
    }

    private func gradients(_ generator: inout SeededGenerator) -> [[Double]] {
        let common = (0..<Self.width).map { _ in generator.integer(below: 8193) - 4096 }
        return (0..<tasks).map { task in
            let sign = fights && task % 2 == 1 ? -1 : 1
            return common.map { part in
                let own = generator.integer(below: 8193) - 4096
                return Double(4 * own + sign * shared * part) * power(2, Double(exponents[task] - 12))
            }
        }
    }

    func draws(_ step: Int) -> SeededGenerator {
        SeededGenerator(seed * 1_000_000 + UInt64(step))
    }

    /// Epochs count from 1.
    func meanLosses(epoch: Int) -> [Double] {
        let first = (epoch - 1) * Self.stepsPerEpoch + 1
        let losses = (first..<(first + Self.stepsPerEpoch)).map { step($0).losses }
        return (0..<tasks).map { task in losses.reduce(0) { $0 + $1[task] } / Double(losses.count) }
    }
}

extension SeededGenerator {
    mutating func integer(below bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }
}

/// The products of two gradient matrices' rows.
func products(_ a: [[Double]], _ b: [[Double]]) -> SquareMatrix {
    SquareMatrix(rows: a.map { row in b.map { dot(row, $0) } }) ?? SquareMatrix(size: 0)
}
