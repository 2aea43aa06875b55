import Foundation
import Testing

@testable import Comparisons

/// Held against SciPy; `Reference/make_reference.py` makes the files.
@Suite struct StatisticsTests {
    @Test func probabilitiesOfStudentsTAgreeWithTheReference() throws {
        for row in try Self.read("t_probabilities") {
            let probability = StudentT(degreesOfFreedom: row[0]).twoSidedProbability(of: row[1])
            #expect(abs(probability / row[2] - 1) < 1e-10, "\(row)")
            #expect(StudentT(degreesOfFreedom: row[0]).twoSidedProbability(of: -row[1]) == probability)
        }
    }

    @Test func quantilesOfStudentsTAgreeWithTheReference() throws {
        for row in try Self.read("t_quantiles") {
            let quantile = StudentT(degreesOfFreedom: row[0]).twoSidedQuantile(exceededWith: row[1])
            #expect(abs(quantile / row[2] - 1) < 1e-9, "\(row)")
        }
    }

    @Test func meansIntervalsAndProbabilitiesAgreeWithTheReference() throws {
        for row in try Self.read("samples") {
            let sample = Sample(Array(row[5...]))
            let found = [
                sample.mean, sample.standardDeviation, sample.interval?.lowerBound, sample.interval?.upperBound,
                sample.probabilityOfZeroMean,
            ]
            for (value, expected) in zip(found, row) {
                #expect(abs((value ?? .nan) - expected) < 1e-9 * max(1, abs(expected)), "\(row)")
            }
        }
    }

    @Test func aSingleValueHasAMeanAndNothingElse() {
        let sample = Sample([3])
        #expect(sample.mean == 3)
        #expect(sample.standardDeviation == nil && sample.interval == nil && sample.probabilityOfZeroMean == nil)
        #expect(Sample([]).mean == nil)
    }

    @Test func valuesThatDoNotVaryAreNoEvidence() {
        #expect(Sample([0.1, 0.1, 0.1]).probabilityOfZeroMean == nil)
        #expect(Sample([0, 0, 0]).probabilityOfZeroMean == 1)
    }

    @Test func theBootstrapWaitsForEightValuesAndBracketsTheMean() throws {
        #expect(Sample(Array(repeating: 1, count: 7)).bootstrapInterval() == nil)
        let values: [Double] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        let interval = try #require(Sample(values).bootstrapInterval())
        // The standard error of the mean is 0.91 with n below, 1.96 of which each side.
        #expect(abs(interval.lowerBound - 3.7) < 0.15 && abs(interval.upperBound - 7.3) < 0.15)
        #expect(Sample(values).bootstrapInterval() == interval)
    }

    @Test func holmsCorrectionGrowsWithTheProbabilityAndStopsAtOne() {
        func rounded(_ values: [Double?]) -> [Double?] { values.map { $0.map { ($0 * 1e12).rounded() / 1e12 } } }
        #expect(rounded(holmCorrected([0.01, 0.04, 0.03, 0.005])) == [0.03, 0.06, 0.06, 0.02])
        #expect(rounded(holmCorrected([0.9, nil, 0.8])) == [1, nil, 1])
        #expect(holmCorrected([]).isEmpty)
    }

    @Test func equalScoresShareTheirPlaces() {
        #expect(ranks([5, 7, 5, 1]) == [2.5, 1, 2.5, 4])
    }

    private static func read(_ name: String) throws -> [[Double]] {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "csv", subdirectory: "Reference"))
        let text = try String(contentsOf: url, encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            try line.split(separator: ",").map { try #require(Double($0)) }
        }
    }
}
