import Glibc

/// Student's t distribution.
package struct StudentT: Sendable {
    package let degreesOfFreedom: Double

    /// - Parameter degreesOfFreedom: above 0; anything else counts as 1.
    package init(degreesOfFreedom: Double) {
        self.degreesOfFreedom = degreesOfFreedom > 0 ? degreesOfFreedom : 1
    }

    /// P(|T| ≥ |t|): I_x(ν/2, ½) with x = ν/(ν + t²) (Abramowitz & Stegun 26.7.1).
    package func twoSidedProbability(of t: Double) -> Double {
        guard t.isFinite else { return t.isNaN ? .nan : 0 }
        let square = t * t
        guard square.isFinite else { return 0 }
        let total = degreesOfFreedom + square
        return regularizedBeta(
            x: degreesOfFreedom / total, complement: square / total, a: degreesOfFreedom / 2, b: 0.5)
    }

    /// The t that |T| exceeds with the given probability, by bisection in log t; relative error about 1e-13.
    ///
    /// - Parameter probability: in (0, 1), 0.05 for a 95 % interval.
    package func twoSidedQuantile(exceededWith probability: Double) -> Double {
        var low = -700.0
        var high = 700.0
        while high - low > 1e-14 * max(1, abs(low)) {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { break }
            if twoSidedProbability(of: exp(middle)) > probability { low = middle } else { high = middle }
        }
        return exp((low + high) / 2)
    }
}

/// The regularised incomplete beta function I_x(a, b).
///
/// - Parameter complement: 1 − x, handed in because the caller may know it more exactly.
func regularizedBeta(x: Double, complement: Double, a: Double, b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard complement > 0 else { return 1 }
    let logFront = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(complement)
    // The fraction converges fast on this side of the mean only.
    if x < (a + 1) / (a + b + 2) { return exp(logFront) * betaFraction(x: x, a: a, b: b) / a }
    return 1 - exp(logFront) * betaFraction(x: complement, a: b, b: a) / b
}

/// The continued fraction of Abramowitz & Stegun 26.5.8, evaluated by Lentz's method as Thompson & Barnett modified it.
private func betaFraction(x: Double, a: Double, b: Double) -> Double {
    let tiny = 1e-300
    func away(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / away(1 - (a + b) * x / (a + 1))
    var fraction = d
    for iteration in 1...10_000 {
        let m = Double(iteration)
        let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / away(1 + even * d)
        c = away(1 + even / c)
        fraction *= d * c
        let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / away(1 + odd * d)
        c = away(1 + odd / c)
        fraction *= d * c
        if abs(d * c - 1) < 1e-15 { break }
    }
    return fraction
}
