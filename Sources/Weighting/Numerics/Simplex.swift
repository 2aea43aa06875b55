/// The probability simplex: weights of at least 0 that sum to 1.
enum Simplex {
    static func uniform(_ count: Int) -> [Double] {
        Array(repeating: 1 / Double(max(count, 1)), count: count)
    }

    /// The nearest point of the simplex (Held, Wolfe & Crowder 1974).
    static func projection(of vector: [Double]) -> [Double] {
        var sum = 0.0
        var threshold = 0.0
        for (index, value) in vector.sorted(by: >).enumerated() {
            sum += value
            let candidate = (sum - 1) / Double(index + 1)
            if value > candidate { threshold = candidate }
        }
        return vector.map { max($0 - threshold, 0) }
    }
}

/// Weights on the simplex that are learned over steps in which some tasks may be missing.
struct SimplexWeights: Sendable, Equatable {
    private(set) var values: [Double]

    init(tasks: Int) {
        values = Simplex.uniform(tasks)
    }

    /// The weights of some tasks, scaled to sum to 1; equal ones where all are 0.
    func among(_ tasks: [Int]) -> [Double] {
        let mass = self.mass(of: tasks)
        return mass > 0 ? tasks.map { values[$0] / mass } : Simplex.uniform(tasks.count)
    }

    /// Gives some tasks new weights that sum to 1 among themselves; the others keep theirs.
    mutating func update(_ tasks: [Int], _ weights: [Double]) {
        guard weights.allSatisfy(\.isFinite) else { return }
        let mass = self.mass(of: tasks)
        for (task, weight) in zip(tasks, weights) { values[task] = weight * mass }
    }

    private func mass(of tasks: [Int]) -> Double {
        // Exactly 1 where nobody is missing, so that rounding does not build up.
        tasks.count == values.count ? 1 : tasks.reduce(0) { $0 + values[$1] }
    }

    var state: [String: [Double]] { ["simplex": values] }

    mutating func restore(_ state: StrategyState) throws(StateError) {
        values = try state.numbers("simplex", count: values.count)
    }
}
