import CKernels
import Kernels

/// Sizes that loops get wrong: nothing, one, primes around the widths of vector registers, and a round one.
let awkwardSizes = [0, 1, 2, 3, 7, 8, 13, 31, 64, 101]

/// Every table of loops that this machine can run.
let tables: [ck_table] = [ckernels_plain(), ckernels_avx2(), ckernels_avx512()].compactMap { $0?.pointee }

extension RandomStream {
    /// `count` draws from the standard normal distribution.
    mutating func normals(_ count: Int, scale: Double = 1) -> [Float] {
        (0..<count).map { _ in Float(normal() * scale) }
    }
}

/// The largest difference of two equally long arrays, relative to the larger of 1 and the expected value.
func largestError(_ actual: [Float], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    return zip(actual, expected).reduce(0) { worst, pair in
        let (actual, expected) = (Double(pair.0), pair.1)
        if actual.isNaN || expected.isNaN { return actual.isNaN == expected.isNaN ? worst : .infinity }
        return max(worst, abs(actual - expected) / max(1, abs(expected)))
    }
}

func doubles(_ values: [Float]) -> [Double] { values.map(Double.init) }
