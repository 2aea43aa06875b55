import Testing

@testable import Comparisons

@Suite struct PairedTestTests {
    private static let varying = Sample([0.8, 0.82, 0.81, 0.79, 0.8])

    @Test func differencesByRoundingAloneAreTheSame() {
        // .91 − .85, .93 − .87, … are .06, each with its own rounding.
        let equal = [0.85, 0.87, 0.86, 0.83, 0.8]
        let differences = equal.map { (($0 + 0.06) * 100).rounded() / 100 - $0 }
        #expect(Set(differences).count > 1)
        let test = PairedTest(Sample(differences), baseline: Sample(equal), rows: nil)
        #expect(test.sameInEverySeed && test.probability == 0.0625)
    }

    @Test func whatIsZeroInEverySeedIsNoDifference() {
        for rows in [nil, 100] {
            let test = PairedTest(Sample([0, 0, 0]), baseline: Self.varying, rows: rows)
            #expect(!test.sameInEverySeed && test.probability == 1 && !test.isWithoutSeedEffect)
            #expect(test.isEquivalent(within: 0.005))
        }
    }

    @Test func aMetricThatCountsRowsVariesByHalfARowAtLeast() throws {
        let close = Sample([0.01, 0.01, 0.01, 0.01, 0.0101])
        let floored = try #require(PairedTest(close, baseline: Self.varying, rows: 100).probability)
        let expected = StudentT(degreesOfFreedom: 4).twoSidedProbability(
            of: 0.01002 / (0.01 / 2.0.squareRoot() / 5.0.squareRoot()))
        #expect(abs(floored / expected - 1) < 1e-12)
        // With more rows the deviation is its own.
        let own = try #require(PairedTest(close, baseline: Self.varying, rows: 1_000_000).probability)
        #expect(own == close.probabilityOfZeroMean)
    }

    @Test func underThreePairsThereIsNoP() {
        #expect(PairedTest(Sample([0.1, 0.2]), baseline: Self.varying, rows: 100).probability == nil)
        #expect(PairedTest(Sample([]), baseline: Self.varying, rows: nil).probability == nil)
    }

    struct Need: Sendable {
        let values: [Double]
        let effect: Double
        let seeds: Int?
    }

    /// Counted with SciPy: the least n of 2…1,000 with t.ppf(.975, n − 1)·s/√n ≤ max(|d|, m − |d|).
    @Test(arguments: [
        Need(values: [0.01, 0.02, -0.01, 0.03, 0.0], effect: 0.005, seeds: 13),
        Need(values: [0.001, -0.002, 0.001, 0.002, -0.001], effect: 0.005, seeds: 3),
        Need(values: [0.1, -0.1, 0.1, -0.1, 0.001], effect: 0.005, seeds: nil),
        Need(values: [0.01, 0.01, 0.01], effect: 0.005, seeds: 2),
        Need(values: [0.012, -0.009, 0.02, -0.015, 0.004, 0.006], effect: 0.005, seeds: 75),
    ])
    func theSeedsThatWouldDecideAreTheLeastThatDo(need: Need) {
        let test = PairedTest(Sample(need.values), baseline: Self.varying, rows: nil)
        #expect(test.seedsNeeded(effect: need.effect) == need.seeds)
    }

    @Test func figuresAreRoundedToThePlaceOfTheirDeviation() {
        #expect(rounded(1412.1371, deviation: 1.6849) == "1412.1 ± 1.7")
        #expect(rounded(0.92401, deviation: 0.00656) == "0.9240 ± 0.0066")
        #expect(rounded(14123, deviation: 123) == "14120 ± 120")
        #expect(rounded(0.5, deviation: 0.0996) == "0.50 ± 0.10")
        #expect(rounded(-3.14159, deviation: 1) == "-3.1 ± 1.0")
        #expect(rounded(0.97777, deviation: 0) == "0.9778 ± 0")
        #expect(rounded(0.97777, deviation: nil) == "0.9778")
    }
}
