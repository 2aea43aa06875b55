import Glibc

/// Solves G·w = w^{−p} for w > 0, by damped Newton on the convex potential ½wᵀGw − Σ∫w^{−p}.
///
/// p = 1 is the Nash bargaining solution, whose potential is ½wᵀGw − Σ log w; other p are α-fair ones with p = 1/α.
enum PowerEquation {
    /// The largest relative residual that counts as solved, and the one at which the iteration stops.
    static let residualMax = 1e-8
    private static let residualAim = 1e-14
    static let iterationsMax = 200

    /// Nil where there is no solution, as for opposite gradients, or none was found within the iteration bound.
    static func solve(_ gramian: SquareMatrix, power p: Double) -> [Double]? {
        let norms = gramian.diagonal.map { $0.squareRoot() }
        guard norms.allSatisfy({ $0 > 0 }) else { return nil }
        // In x = w·‖g‖ the matrix has a unit diagonal: C·x = k·x^{−p} with k = ‖g‖^{p−1}.
        let cosines = gramian.scaled(by: norms.map { 1 / $0 })
        let logarithms = norms.map { (p - 1) * log($0) }
        // A common factor of k only scales x, so the largest is taken out.
        let largest = logarithms.max() ?? 0
        let equation = Scaled(cosines: cosines, factors: logarithms.map { exp($0 - largest) }, power: p)
        let common = exp(largest / (1 + p))
        return equation.solve().map { zip($0, norms).map { $0 * common / $1 } }
    }

    private struct Scaled {
        let cosines: SquareMatrix
        let factors: [Double]
        let power: Double

        func solve() -> [Double]? {
            // The solution for orthogonal gradients.
            var x = factors.map { pow($0, 1 / (1 + power)) }
            for _ in 0..<iterationsMax {
                let slope = slopes(x)
                let pulls = self.pulls(x)
                // Where x runs to infinity the terms dwarf the pulls, and a small residual says nothing.
                let isNear = zip(slope, pulls).allSatisfy { abs($0) <= 0.01 * $1 }
                let residual = isNear ? residual(x, slope, pulls) : .infinity
                if residual <= residualAim { return x }
                guard let next = improved(x, slope, pulls) else { return residual <= residualMax ? x : nil }
                x = next
            }
            return nil
        }

        /// One Newton step, shortened until every variable stays positive and the slope along it has flattened.
        private func improved(_ x: [Double], _ slope: [Double], _ pulls: [Double]) -> [Double]? {
            var hessian = cosines
            for i in x.indices { hessian[i, i] += power * pulls[i] / x[i] }
            guard let step = Cholesky(hessian)?.solve(slope.map { -$0 }) else { return nil }
            let decrease = -dot(slope, step)
            guard decrease > 0 else { return nil }
            var length = zip(x, step).reduce(1) { min($0, $1.1 < 0 ? 0.99 * $1.0 / -$1.1 : 1) }
            while length > 1e-12 {
                let next = zip(x, step).map { $0 + length * $1 }
                // The potential is convex: if its slope along the step is not steep upwards, it has fallen enough.
                if dot(slopes(next), step) <= 0.5 * decrease { return next }
                length /= 2
            }
            return nil
        }

        /// The largest slope, relative to the terms that cancel in it.
        private func residual(_ x: [Double], _ slopes: [Double], _ pulls: [Double]) -> Double {
            x.indices.reduce(0) { worst, i in
                let size = x.indices.reduce(pulls[i]) { $0 + abs(cosines[i, $1]) * x[$1] }
                return max(worst, abs(slopes[i]) / size)
            }
        }

        private func slopes(_ x: [Double]) -> [Double] {
            zip(cosines * x, pulls(x)).map { $0 - $1 }
        }

        /// k·x^{−p}.
        private func pulls(_ x: [Double]) -> [Double] {
            zip(factors, x).map { $0 * pow($1, -power) }
        }
    }
}
