import Foundation

/// Prints the error and the coverage of every cell, and fails where one is beyond its bound.
@main
struct VerdictStatistics {
    private static let comparisons = 10_000
    private static let errorMax = 0.06
    private static let coverageMin = 0.935
    /// Of normal metrics, for which Student's interval is exact.
    private static let normalCoverage = 0.94...0.96

    static func main() {
        print("| metric | seeds | tests | error | coverage |")
        print("|---|---|---|---|---|")
        var misses = 0
        for metric in VerdictSimulation.Metric.all {
            for seeds in [3, 5, 10] {
                for tests in [1, 4, 20] {
                    let rates = VerdictSimulation(metric, seeds: seeds, tests: tests).rates(comparisons: comparisons)
                    let isWithin =
                        rates.error <= errorMax && rates.coverage >= coverageMin
                        && (metric != .normal || normalCoverage.contains(rates.coverage))
                    misses += isWithin ? 0 : 1
                    let figures = String(format: "%.4f | %.4f", rates.error, rates.coverage)
                    print("| \(metric.name) | \(seeds) | \(tests) | \(figures) |\(isWithin ? "" : " beyond its bound")")
                }
            }
        }
        print("\n\(misses) cells are beyond their bounds: error .06, coverage .935, of normal metrics .94 to .96.")
        if misses > 0 { exit(1) }
    }
}
