/// Minimises ½xᵀHx + cᵀx over x ≥ 0, for H symmetric and positive semidefinite.
///
/// An active-set method in the manner of Lawson & Hanson (Solving Least Squares Problems, 1974, §23.3), run on H scaled to
/// a unit diagonal so that tasks of very different sizes meet as equals.
enum NonNegativeProgram {
    /// The largest relative violation of the optimality conditions that counts as solved.
    static let residualMax = 1e-8
    /// How much a multiplier must promise, relatively, for its variable to enter.
    private static let entryTolerance = 1e-12

    /// Nil where no minimiser was found to tolerance within the iteration bound.
    static func solve(_ matrix: SquareMatrix, _ linear: [Double]) -> [Double]? {
        let scales = matrix.diagonal.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
        let scaledLinear = zip(linear, scales).map { $0 * $1 }
        let size = scaledLinear.map(abs).max() ?? 0
        guard size > 0 else { return linear.map { _ in 0 } }
        let program = Scaled(matrix: matrix.scaled(by: scales), linear: scaledLinear.map { $0 / size })
        return program.solve().map { zip($0, scales).map { $0 * $1 * size } }
    }

    private struct Scaled {
        let matrix: SquareMatrix
        let linear: [Double]

        func solve() -> [Double]? {
            var x = linear.map { _ in 0.0 }
            var free: [Int] = []
            var refused: Set<Int> = []
            for _ in 0..<(30 * (linear.count + 1)) {
                let promise = promises(x)
                let entering = linear.indices
                    .filter { !free.contains($0) && !refused.contains($0) && matrix[$0, $0] > 0 }
                    .max { promise[$0] < promise[$1] }
                guard let entering, promise[entering] > entryTolerance * (1 + largest(x)) else { break }
                if let (next, kept) = descend(from: x, free: free + [entering]) {
                    x = next
                    free = kept
                    refused = []
                } else {
                    // Dependent on the free ones to working precision: it can add nothing.
                    refused.insert(entering)
                }
            }
            return residual(x) <= residualMax ? x : nil
        }

        /// Solves for the free variables, dropping those that would turn negative, one step at a time.
        private func descend(from start: [Double], free: [Int]) -> (x: [Double], free: [Int])? {
            var x = start
            var free = free
            while !free.isEmpty {
                guard let factor = Cholesky(matrix.restricted(to: free)) else { return nil }
                let target = factor.solve(free.map { -linear[$0] })
                var step = 1.0
                for (index, variable) in free.enumerated() where target[index] <= 0 {
                    step = min(step, x[variable] / (x[variable] - target[index]))
                }
                if step.isNaN { step = 0 }
                for (index, variable) in free.enumerated() { x[variable] += step * (target[index] - x[variable]) }
                if step >= 1 { return (x, free) }
                for (index, variable) in free.enumerated() where target[index] <= 0 && x[variable] <= 1e-15 * largest(x)
                {
                    x[variable] = 0
                }
                let kept = free.filter { x[$0] > 0 }
                if kept.count == free.count { return nil }
                free = kept
            }
            return (x, free)
        }

        /// −(Hx + c): how fast the objective falls as each variable grows.
        private func promises(_ x: [Double]) -> [Double] {
            zip(matrix * x, linear).map { -($0 + $1) }
        }

        /// The largest violation of x ≥ 0, Hx + c ≥ 0 and x·(Hx + c) = 0, relative to c.
        private func residual(_ x: [Double]) -> Double {
            zip(x, promises(x)).reduce(0) { worst, pair in
                max(worst, -pair.0, pair.0 > 0 ? abs(pair.1) : pair.1)
            }
        }

        private func largest(_ x: [Double]) -> Double {
            x.map(abs).max() ?? 0
        }
    }
}
