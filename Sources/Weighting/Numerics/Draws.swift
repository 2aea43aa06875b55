import Glibc

/// Draws made from any generator in a way that no version of the standard library changes.
extension RandomNumberGenerator {
    /// Uniform on the open interval (0, 1), with 53 random bits.
    mutating func uniform() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }

    /// Standard normal, by Box and Muller's transform.
    mutating func normal() -> Double {
        let radius = (-2 * log(uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }

    /// The numbers 0..<count in random order, by Fisher and Yates' shuffle.
    mutating func permutation(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(last, Int(uniform() * Double(last + 1)))
        }
        return order
    }
}
