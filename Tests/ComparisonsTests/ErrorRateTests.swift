import Testing
import VerdictStatistics

/// A few cells of `Benchmarks/verdict`, with fewer draws and bounds that are wider by their noise.
@Suite struct ErrorRateTests {
    @Test(arguments: VerdictSimulation.Metric.all, [(3, 4), (5, 1), (5, 20)])
    func whatDiffersByChanceIsSeldomClaimed(metric: VerdictSimulation.Metric, size: (seeds: Int, tests: Int)) {
        let comparisons = 400
        let rates = VerdictSimulation(metric, seeds: size.seeds, tests: size.tests).rates(comparisons: comparisons)
        // Three deviations of a share of .05.
        let noise = 3 * (0.05 * 0.95 / Double(comparisons)).squareRoot()
        #expect(rates.error <= 0.05 + noise)
        #expect(rates.coverage >= 0.95 - noise)
    }
}
