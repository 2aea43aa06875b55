import Comparisons
import Glibc

/// How often the tests of comparisons claim a difference between runs that differ by chance alone, and how often the
/// intervals hold the true difference, 0.
package struct VerdictSimulation: Sendable {
    /// What a metric looks like over seeds.
    package enum Metric: Sendable, Hashable {
        case normal, exponential, logNormal
        /// The share of so many rows that are right, each with probability .9.
        case accuracy(rows: Int)

        package static let all: [Metric] = [
            .normal, .exponential, .logNormal, .accuracy(rows: 20), .accuracy(rows: 100), .accuracy(rows: 1_000),
        ]

        package var name: String {
            switch self {
            case .normal: "normal"
            case .exponential: "exponential"
            case .logNormal: "log-normal"
            case .accuracy(let rows): "accuracy on \(rows) rows"
            }
        }

        var rows: Int? {
            guard case .accuracy(let rows) = self else { return nil }
            return rows
        }
    }

    package struct Rates: Sendable {
        /// Comparisons in which at least one corrected p is below .05.
        package var error = 0.0
        /// Intervals, one a comparison, that hold 0.
        package var coverage = 0.0
    }

    package let metric: Metric
    package let seeds: Int
    package let tests: Int
    private let cumulative: [Double]

    package init(_ metric: Metric, seeds: Int, tests: Int) {
        self.metric = metric
        self.seeds = seeds
        self.tests = tests
        cumulative = metric.rows.map(Self.cumulativeBinomial) ?? []
    }

    package func rates(comparisons: Int) -> Rates {
        var random = Generator(seed: UInt64(seeds * 1_000 + tests))
        var (errors, covered) = (0, 0)
        for _ in 0..<comparisons {
            var probabilities: [Double?] = []
            for test in 0..<tests {
                let equal = Sample((0..<seeds).map { _ in draw(&random) })
                let differences = Sample(equal.values.map { draw(&random) - $0 })
                probabilities.append(PairedTest(differences, baseline: equal, rows: metric.rows).probability)
                if test == 0, let interval = differences.interval, interval.contains(0) { covered += 1 }
            }
            if holmCorrected(probabilities, family: tests).contains(where: { ($0 ?? 1) < 0.05 }) { errors += 1 }
        }
        return Rates(
            error: Double(errors) / Double(comparisons), coverage: Double(covered) / Double(comparisons))
    }

    private func draw(_ random: inout Generator) -> Double {
        switch metric {
        case .normal: return random.normal()
        case .exponential: return -log(random.uniform())
        case .logNormal: return exp(random.normal())
        case .accuracy(let rows):
            let uniform = random.uniform()
            var (low, high) = (0, rows)
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] < uniform { low = middle + 1 } else { high = middle }
            }
            return Double(low) / Double(rows)
        }
    }

    private static func cumulativeBinomial(_ rows: Int) -> [Double] {
        var sum = 0.0
        return (0...rows).map { right in
            let wrong = rows - right
            let ways: Double = lgamma(Double(rows + 1)) - lgamma(Double(right + 1)) - lgamma(Double(wrong + 1))
            let chance: Double = Double(right) * log(0.9) + Double(wrong) * log(0.1)
            sum += exp(ways + chance)
            return sum
        }
    }
}

/// SplitMix64, with what is drawn from it.
private struct Generator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Inside (0, 1).
    mutating func uniform() -> Double {
        (Double(next() >> 11) + 0.5) / Double(UInt64(1) << 53)
    }

    mutating func normal() -> Double {
        (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
    }
}
